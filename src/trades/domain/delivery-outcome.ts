// How the delivery of a summary ended. Plain data.

import type { Attempt } from './facts.ts';

/** `delivered`: the backend has the summary. `dead`: the backend refused it for good; an operator may replay it. */
export interface DeliveryOutcome {
  readonly type: 'delivered' | 'dead';
  /** The attempt that ended it. */
  readonly attempt: Attempt;
}
