// The plan of a run: every message, encoded, in the order of sending. Pure: the same options give the same bytes.

import { createHash } from 'node:crypto';
import type { Random } from '../../lib/random.ts';
import { createRandom } from '../../lib/random.ts';
import type { PresenceKind } from './node-life.ts';
import { MIN_GAP_MS, planLife } from './node-life.ts';
import type { PlanOptions } from './plan-options.ts';
import { repeatedAsBefore } from './repeats.ts';
import { spell } from './spelling.ts';
import type { PlannedMessage, Statement } from './statement.ts';
import {
  ACTIVE_TASK_BUCKETS,
  CONTINENT_BUCKETS,
  PLACES,
  SUBJECT_OF,
  TOTAL_TASK_BUCKETS,
} from './vocabulary.ts';
import type { WorkSlot } from './work-plan.ts';
import { planWork } from './work-plan.ts';

/** A run that is ready to be sent; `messages` are in order of `atMs`. */
export interface Plan {
  readonly messages: readonly PlannedMessage[];
  readonly nodeIds: readonly string[];
}

interface Entry {
  readonly atMs: number;
  readonly node: number;
  readonly content: Statement;
}

/**
 * Lengths of some id hashes, in hex digits: nearly all have 64, a few have a shorter length that
 * docs/federation.md#id-hashes allows too.
 */
const SHORT_HASHES = [16, 18, 32, 40, 62];
const FIVE_MINUTES_MS = 300_000;

function createIds(options: PlanOptions) {
  const digest = (name: string): string =>
    createHash('sha256').update(`${options.nonce}/${options.seed}/${name}`).digest('hex');
  return {
    node(number: number): string {
      const hex = digest(`node/${number}`);
      const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`];
      return `node-${parts.join('-')}-${hex.slice(20, 32)}`;
    },
    hash(kind: 'task' | 'invoice', number: number): string {
      const short = number % 40 === 39 ? SHORT_HASHES[Math.floor(number / 40) % SHORT_HASHES.length] : 64;
      return digest(`${kind}/${number}`).slice(0, short);
    },
  };
}

/** The presence message of a node at one moment; `number` walks through the vocabularies. */
function presenceStatement(nodeId: string, kind: PresenceKind, number: number, random: Random): Statement {
  if (kind === 'join') return { type: 'node_joined', nodeId };
  if (kind === 'leave') return { type: 'node_left', nodeId };
  const known = <T>(value: T): T | null => (random.chance(0.04) ? null : value);
  const at = <T>(labels: readonly T[]): T | null => known(labels[number % labels.length] ?? null);
  const place = random.pick(PLACES);
  const continent = number < CONTINENT_BUCKETS.length ? at(CONTINENT_BUCKETS) : known(place.continent);
  return {
    type: 'heartbeat',
    nodeId,
    offline: kind === 'last-heartbeat',
    activeTasks: at(ACTIVE_TASK_BUCKETS),
    totalTasks: at(TOTAL_TASK_BUCKETS),
    continent,
    location: known(`${place.latitude.toFixed(1)},${place.longitude.toFixed(1)}`),
  };
}

/** Presence and work of all nodes, in order of time. */
function planEntries(
  options: PlanOptions,
  nodeIds: readonly string[],
  idHash: ReturnType<typeof createIds>['hash'],
) {
  const random = createRandom(options.seed, 'life');
  const entries: Entry[] = [];
  const slots: WorkSlot[] = [];
  nodeIds.forEach((nodeId, node) => {
    const life = planLife(options, random);
    for (const { atMs, kind } of life.presence) {
      entries.push({ atMs, node, content: presenceStatement(nodeId, kind, entries.length, random) });
    }
    for (const atMs of life.workAtMs) slots.push({ atMs, node });
  });
  slots.sort((left, right) => left.atMs - right.atMs);
  const planned = planWork(slots, { options, nodeIds, idHash, random: createRandom(options.seed, 'work') });
  const work = options.isOrderFree === true ? repeatedAsBefore(planned) : planned;
  slots.forEach((slot, index) => {
    const content = work[index];
    if (content !== undefined) entries.push({ ...slot, content });
  });
  return entries.toSorted((left, right) => left.atMs - right.atMs);
}

/**
 * When a repeat is sent: soon after the message. A repeated presence message comes early enough to stay before the
 * node's next sign of life or leave.
 */
function repeatAtMs(message: PlannedMessage, random: Random, durationMs: number): number {
  const { type } = message.content;
  const presence = type === 'heartbeat' || type === 'node_joined' || type === 'node_left';
  const withinMs = presence ? MIN_GAP_MS / 2 : 3000;
  return Math.min(Math.max(durationMs, message.atMs), message.atMs + 20 + random.below(withinMs - 20));
}

/** Plans every message of a run, encoded, with its time and its meaning. */
export function createPlan(options: PlanOptions): Plan {
  const ids = createIds(options);
  const nodeIds = Array.from({ length: options.nodes }, (_, number) => ids.node(number));
  const spelling = createRandom(options.seed, 'spelling');
  const repeats = createRandom(options.seed, 'repeats');
  const messages: PlannedMessage[] = [];
  for (const { atMs, node, content } of planEntries(options, nodeIds, ids.hash)) {
    // Every twentieth monitor's clock is wrong by a day, forward or back.
    const skewMs = node % 20 === 7 ? (node % 40 === 7 ? 86_400_000 : -86_400_000) : 0;
    const clockMs = options.startAtMs + atMs + skewMs;
    const payload = spell(content, clockMs - (clockMs % FIVE_MINUTES_MS), spelling);
    const message = { subject: SUBJECT_OF[content.type], payload, atMs, nodeId: content.nodeId, content };
    messages.push(message);
    if (repeats.chance(options.duplicates)) {
      messages.push({ ...message, atMs: repeatAtMs(message, repeats, options.durationMs) });
    }
  }
  messages.sort((left, right) => left.atMs - right.atMs);
  return { messages, nodeIds };
}
