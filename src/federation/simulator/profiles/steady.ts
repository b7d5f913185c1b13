// The profile `steady`: each node sends what a real one sends, at its rate. `simulate` runs the same plan over one
// connection. It is the base of the other profiles.

import type { Expected } from '../expected-rows.ts';
import { connectionsOf, type Demands, type Profile, type ProfileOptions } from '../load-plan.ts';
import { createOracle } from '../oracle.ts';
import { createPlan, type Plan } from '../plan.ts';
import type { PlanOptions } from '../plan-options.ts';
import type { LoadMessage } from '../statement.ts';

/** Fraction of reports of a load test that contradict others. */
const DISAGREE = 0.05;

/** The plan of `steady` for one or many connections. */
export function planSteady(options: PlanOptions): Plan {
  return createPlan(options);
}

/**
 * The plan of a load test that sends what `steady` sends. No outcome in it depends on the order in which messages of
 * different connections arrive.
 */
export function planOrderFree(
  options: ProfileOptions,
  more: { readonly stays?: boolean; readonly duplicates?: number } = {},
): Plan {
  const { nodes, ratePerMinute, durationMs, seed, nonce, startAtMs } = options;
  const { stays = false, duplicates = 0 } = more;
  const shape = { nodes, ratePerMinute, durationMs, seed, nonce, startAtMs };
  return planSteady({ ...shape, duplicates, stays, disagree: DISAGREE, isOrderFree: true });
}

/** The messages in order of time; those of one time keep their order. */
export function inOrder<Message extends LoadMessage>(messages: readonly Message[]): readonly Message[] {
  return messages.toSorted((left, right) => left.atMs - right.atMs);
}

/** The oracle's expectation for messages. */
export function foresee(messages: readonly LoadMessage[]): Expected {
  const oracle = createOracle();
  for (const { content } of messages) if (content !== null) oracle.record({ content });
  return oracle.expected();
}

/** The demands of a run in which every message counts as the oracle says. */
export function exactly(messages: readonly LoadMessage[]): Demands {
  return {
    expected: foresee(messages),
    refused: new Map(),
    limited: null,
    statistics: 'all',
    backWithinMs: null,
  };
}

/** The profile `steady`. */
export const STEADY: Profile = {
  summary: 'each node sends its rate, evenly',
  limits: [],
  plan(options) {
    const plan = planOrderFree(options);
    const { messages } = plan;
    return { messages, ...connectionsOf(plan), incidents: [], demands: exactly(messages), notes: [] };
  },
};
