// Remembers what the proofs of nonces were computed to be when a claim turned out to be false, so that no further
// claim about the same nonce of the same block costs a check.

import { accountKey, type Submission } from '../domain/submission.ts';

/** False claims that are remembered; the oldest goes first, and costs one check more. */
export const FALSE_PROOFS_MAX = 16_384;

/** Computed raw qualities of nonces with a false claim. */
export class FalseProofs {
  readonly #computed = new Map<string, bigint>();

  remember(submission: Submission, blockHash: string, computed: bigint): void {
    const key = keyOf(submission, blockHash);
    this.#computed.delete(key);
    this.#computed.set(key, computed);
    for (const oldest of this.#computed.keys()) {
      if (this.#computed.size <= FALSE_PROOFS_MAX) return;
      this.#computed.delete(oldest);
    }
  }

  /** The true raw quality of this nonce, if a claim about it was false; else undefined. */
  computed(submission: Submission, blockHash: string): bigint | undefined {
    return this.#computed.get(keyOf(submission, blockHash));
  }
}

function keyOf(submission: Submission, blockHash: string): string {
  const { seed, nonce, compression } = submission;
  return `${accountKey(submission)} ${seed.toLowerCase()} ${nonce} ${compression} ${blockHash}`;
}
