// Counts what the job desk did since the start. It decides nothing.

import type { FailureOutcome } from '../../actors/restart.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { TakeOutcome } from '../domain/job.ts';

/** The counters of the desk. */
export class JobCounters {
  opened = 0;
  refused = 0;
  expired = 0;
  readonly takes: Record<TakeOutcome, number> = {
    taken: 0,
    repeated: 0,
    not_collecting: 0,
    too_many: 0,
    expired: 0,
  };
  /** By the new state. */
  readonly transitions: Record<NodeState, number> = { online: 0, stale: 0, offline: 0 };
  readonly actorFailures: Record<FailureOutcome, number> = { restarted: 0, given_up: 0 };

  /** Counts what became of a trade, and returns it. */
  took(outcome: TakeOutcome): TakeOutcome {
    this.takes[outcome]++;
    return outcome;
  }
}
