// The one question that the proof threads answer. Types only.

import type { ProofClaim } from '../domain/proof-check.ts';

/** What each thread finds in its `workerData`. */
export interface ProofThreadData {
  /** Whether the thread may use SIMD. */
  readonly isSimd: boolean;
}

/** Nonces of one proof: `count` of them from number `from` on. */
export interface NoncesToMix {
  readonly claim: ProofClaim;
  readonly from: number;
  readonly count: number;
}

/** The questions by name. */
export interface ProofQuestions {
  /** The XOR of the scoops of each part, 64 bytes; the parts fill the lanes together. */
  mix: {
    argument: { readonly parts: readonly NoncesToMix[] };
    answer: readonly Uint8Array[];
  };
}
