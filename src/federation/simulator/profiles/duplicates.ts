// The profile `duplicates`: 30 % of the messages are sent a second time by the same node, and 10 % of the reports of
// tasks and invoices come from another node too, which is a reporter more and no duplicate.

import type { Random } from '../../../lib/random.ts';
import { createRandom } from '../../../lib/random.ts';
import { connectionsOf, type Profile } from '../load-plan.ts';
import { reportKey } from '../repeats.ts';
import { spell } from '../spelling.ts';
import type { PlannedMessage } from '../statement.ts';
import { exactly, inOrder, planOrderFree } from './steady.ts';

const TWICE = 0.3;
const BY_ANOTHER = 0.1;
/** Another node reports the same within this time. */
const LATER_MS_MAX = 3000;
const ATTEMPTS = 8;

/** A node that reports nothing else under the same key; null if none was found. */
function anotherNode(
  { content }: PlannedMessage,
  nodeIds: readonly string[],
  keys: ReadonlySet<string | null>,
  random: Random,
): string | null {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const nodeId = random.pick(nodeIds);
    if (!keys.has(reportKey({ ...content, nodeId }))) return nodeId;
  }
  return null;
}

/** The profile `duplicates`. */
export const DUPLICATES: Profile = {
  summary: '30 % of the messages are sent twice, and another node also reports 10 % of tasks and invoices',
  limits: [],
  plan(options) {
    const plan = planOrderFree(options, { duplicates: TWICE });
    const random = createRandom(options.seed, 'another');
    const keys = new Set(plan.messages.map(({ content }) => reportKey(content)));
    const copies: PlannedMessage[] = [];
    const seen = new Set<string>();
    for (const message of plan.messages) {
      const key = reportKey(message.content);
      if (key === null || seen.has(key)) continue;
      seen.add(key);
      if (!random.chance(BY_ANOTHER)) continue;
      const nodeId = anotherNode(message, plan.nodeIds, keys, random);
      if (nodeId === null) continue;
      const content = { ...message.content, nodeId };
      keys.add(reportKey(content));
      const atMs = Math.min(
        Math.max(options.durationMs, message.atMs),
        message.atMs + random.below(LATER_MS_MAX),
      );
      copies.push({ ...message, atMs, nodeId, content, payload: spell(content, options.startAtMs, random) });
    }
    const messages = inOrder([...plan.messages, ...copies]);
    return { messages, ...connectionsOf(plan), incidents: [], demands: exactly(messages), notes: [] };
  },
};
