// The profile `identity-flood`: beside steady nodes, which are known by then, unknown node ids join: three times as many
// as the aggregator admits in a minute, within at most a minute. They come over a few connections, as from one attacker.

import { createHash } from 'node:crypto';
import { MINUTE_MS } from '../../../lib/durations.ts';
import { CodedError } from '../../../lib/errors.ts';
import { createRandom } from '../../../lib/random.ts';
import { connectionsOf, type Profile, type ProfileOptions } from '../load-plan.ts';
import { spell } from '../spelling.ts';
import type { PlannedMessage } from '../statement.ts';
import { SUBJECT_OF } from '../vocabulary.ts';
import { exactly, inOrder, planOrderFree } from './steady.ts';

const TIMES_THE_LIMIT = 3;
const CONNECTIONS = 8;
/** Every steady node has joined by then: the plan lets them join within 3 s, or a tenth of the run. */
const BEGINS_AT_MS = 5000;
const BEGINS_AT_SHARE = 0.3;
/** The flood may arrive over this much more time than planned; the limit admits ids meanwhile. */
const SLACK_MS = 10_000;
/** The flood may arrive over this much less time than planned. */
const HASTE_MS = 1000;

function floodId(options: ProfileOptions, number: number): string {
  const text = `${options.nonce}/${options.seed}/flood/${number}`;
  const hex = createHash('sha256').update(text).digest('hex');
  return `node-${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The profile `identity-flood`. */
export const IDENTITY_FLOOD: Profile = {
  summary: 'unknown node ids join at three times NEW_NODES_PER_MINUTE beside steady nodes',
  limits: ['newNodesPerMinute'],
  plan(options, { newNodesPerMinute: limit }) {
    if (limit === 0) {
      throw new CodedError(
        'usage',
        'NEW_NODES_PER_MINUTE of the aggregator is 0: there is no limit to flood.',
      );
    }
    if (options.nodes > limit) {
      const what = `${options.nodes} steady nodes are more than NEW_NODES_PER_MINUTE (${limit}) admits`;
      throw new CodedError('usage', `${what}: lower --nodes, or raise the limit.`);
    }
    const steady = planOrderFree(options);
    const fromMs = Math.floor(Math.min(BEGINS_AT_MS, options.durationMs * BEGINS_AT_SHARE));
    const forMs = Math.min(MINUTE_MS, options.durationMs - fromMs);
    // At the end of the run, so that no id that was admitted is silent for long when the statistics are read.
    const startMs = options.durationMs - forMs;
    const count = TIMES_THE_LIMIT * limit;
    const random = createRandom(options.seed, 'flood');
    const flood = Array.from({ length: count }, (_, number): PlannedMessage => {
      const content = { type: 'node_joined', nodeId: floodId(options, number) } as const;
      const atMs = startMs + Math.floor((number * forMs) / count);
      const payload = spell(content, options.startAtMs, random);
      return { subject: SUBJECT_OF.node_joined, payload, atMs, nodeId: content.nodeId, content };
    });
    const perMs = limit / MINUTE_MS;
    const admittedMost = Math.min(
      count,
      Math.ceil(limit + perMs * (startMs + forMs + SLACK_MS)) - options.nodes,
    );
    const admittedLeast = Math.max(0, Math.floor(perMs * (forMs - HASTE_MS)) - 1);
    const base = connectionsOf(steady);
    const connectionOf = new Map(base.connectionOf);
    flood.forEach(({ nodeId }, number) =>
      connectionOf.set(nodeId, base.connections + (number % CONNECTIONS)),
    );
    return {
      messages: inOrder([...steady.messages, ...flood]),
      nodeIds: [...base.nodeIds, ...flood.map(({ nodeId }) => nodeId)],
      connectionOf,
      connections: base.connections + CONNECTIONS,
      incidents: [],
      demands: {
        ...exactly(steady.messages),
        limited: {
          type: 'newcomers',
          subject: SUBJECT_OF.node_joined,
          count,
          least: count - admittedMost,
          most: count - admittedLeast,
        },
      },
      notes: [],
    };
  },
};
