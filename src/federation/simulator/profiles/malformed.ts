// The profile `malformed`: beside what `steady` sends, 20 % of all messages must be refused, for every reason. Each is a
// good message of the plan that was spoiled in one way, over the connection of the same node.

import { createRandom } from '../../../lib/random.ts';
import { connectionsOf, type Profile } from '../load-plan.ts';
import { countKey, type RefusedMessage } from '../statement.ts';
import { SPOILINGS } from '../rubbish.ts';
import { exactly, inOrder, planOrderFree } from './steady.ts';

/** Refused messages for each good one: a fifth of all. */
const REFUSED_SHARE = 0.25;

/** The profile `malformed`. */
export const MALFORMED: Profile = {
  summary: '20 % of the messages must be refused, for every reason',
  limits: [],
  plan(options) {
    const plan = planOrderFree(options);
    const random = createRandom(options.seed, 'malformed');
    const hasKey = options.foreignSigner !== null;
    const spoilings = SPOILINGS.filter(({ reason }) => hasKey || reason !== 'wrong_node');
    const wanted = Math.ceil(plan.messages.length * REFUSED_SHARE);
    const rubbish: RefusedMessage[] = [];
    for (let number = 0; rubbish.length < wanted; number += 1) {
      const spoiling = spoilings[number % spoilings.length];
      const good = random.pick(plan.messages);
      if (spoiling === undefined || !spoiling.types.includes(good.content.type)) continue;
      const { subject, atMs, nodeId } = good;
      const payload = spoiling.spoil(good.payload);
      rubbish.push({ subject, payload, atMs, nodeId, content: null, reason: spoiling.reason });
    }
    const refused = new Map<string, number>();
    for (const message of rubbish) {
      const key = countKey(message);
      refused.set(key, (refused.get(key) ?? 0) + 1);
    }
    const notes = hasKey ? [] : ['no message for the reason wrong_node: it needs --foreign-key'];
    const demands = { ...exactly(plan.messages), refused };
    const messages = inOrder([...plan.messages, ...rubbish]);
    return { messages, ...connectionsOf(plan), incidents: [], demands, notes };
  },
};
