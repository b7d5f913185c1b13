// The questions that mining's pool answers: for each its argument and its answer. Both are plain data.

import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { CapacityHistory, MinerVerdicts, Rounds, SpanQuery, VerdictQuery } from '../domain/dashboard.ts';

/** The questions by name. */
export interface MiningQuestions {
  rounds: { argument: { readonly query: SpanQuery }; answer: Rounds };
  capacity: { argument: { readonly query: SpanQuery }; answer: CapacityHistory };
  /** By whole hours of the span; those with most outcomes first, at most `limit`. */
  verdicts: { argument: VerdictQuery; answer: readonly MinerVerdicts[] };
  /** The machines with the next numbers that were heard since, for their actors. */
  nodesToResume: {
    argument: { readonly afterNumber: number; readonly heardSinceObservedMs: number; readonly limit: number };
    answer: readonly NodeSign[];
  };
}
