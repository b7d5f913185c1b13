// The plan under both profiles that cut connections: no node leaves, so that every node must be online at the end.

import { connectionsOf, type Incident, type LoadPlan, type ProfileOptions } from '../load-plan.ts';
import { exactly, planOrderFree } from './steady.ts';

/** What `steady` sends, without leaves, with these incidents. */
export function planWithCuts(
  options: ProfileOptions,
  incidents: readonly Incident[],
  backWithinMs: number,
): LoadPlan {
  const plan = planOrderFree(options, { stays: true });
  const { messages } = plan;
  const demands = { ...exactly(messages), backWithinMs };
  return { messages, ...connectionsOf(plan), incidents, demands, notes: [] };
}
