// The profile `reorder`: messages are shuffled within 60 s, and each completion of a task comes before the reception by
// the same node. The presence messages of a node that leaves keep their times: their order is what they mean.

import { createRandom } from '../../../lib/random.ts';
import { connectionsOf, type Profile } from '../load-plan.ts';
import { reportKey } from '../repeats.ts';
import type { PlannedMessage } from '../statement.ts';
import { exactly, inOrder, planOrderFree } from './steady.ts';

const HALF_WINDOW_MS = 30_000;

/** The nodes that leave at some time. */
function leavingNodes(messages: readonly PlannedMessage[]): ReadonlySet<string> {
  const isLeave = ({ content }: PlannedMessage) =>
    content.type === 'node_left' || (content.type === 'heartbeat' && content.offline);
  return new Set(messages.filter(isLeave).map(({ nodeId }) => nodeId));
}

/** Exchanges the times of one node's reports of one task, so that all completions come first. */
function completionsFirst(messages: readonly PlannedMessage[]): readonly PlannedMessage[] {
  const reports = new Map<string, number[]>();
  messages.forEach(({ content }, index) => {
    if (content.type !== 'task_received' && content.type !== 'task_completed') return;
    const key = `${content.nodeId}/${content.taskId}`;
    reports.set(key, [...(reports.get(key) ?? []), index]);
  });
  const changed = [...messages];
  const rank = (index: number) => (messages[index]?.content.type === 'task_completed' ? 0 : 1);
  for (const indexes of reports.values()) {
    const times = indexes.map((index) => messages[index]?.atMs ?? 0).toSorted((left, right) => left - right);
    const wanted = indexes.toSorted((left, right) => rank(left) - rank(right));
    wanted.forEach((index, place) => {
      const message = messages[index];
      if (message !== undefined) changed[index] = { ...message, atMs: times[place] ?? message.atMs };
    });
  }
  return changed;
}

/** The profile `reorder`. */
export const REORDER: Profile = {
  summary: 'the messages are shuffled within 60 s, and each completion comes before its reception',
  limits: [],
  plan(options) {
    const plan = planOrderFree(options);
    const random = createRandom(options.seed, 'reorder');
    const leaving = leavingNodes(plan.messages);
    const shuffled = plan.messages.map((message) => {
      if (reportKey(message.content) === null && leaving.has(message.nodeId)) return message;
      const fromMs = Math.max(0, message.atMs - HALF_WINDOW_MS);
      const toMs = Math.max(fromMs, Math.min(options.durationMs, message.atMs + HALF_WINDOW_MS));
      return { ...message, atMs: fromMs + random.below(toMs - fromMs + 1) };
    });
    const messages = inOrder(completionsFirst(inOrder(shuffled)));
    return { messages, ...connectionsOf(plan), incidents: [], demands: exactly(messages), notes: [] };
  },
};
