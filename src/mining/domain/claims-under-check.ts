// The claims whose proofs are checked. A claim that is not verified has no part in the filter, so it is kept apart.

import type { Candidate } from './slot.ts';
import { accountKey, type Submission } from './submission.ts';

/** Claims by what they claim, and by the id of their entry. Its owner bounds it. */
export class ClaimsUnderCheck {
  readonly #byClaim = new Map<string, Candidate>();
  readonly #byId = new Map<number, Candidate>();

  add(candidate: Candidate): void {
    const { id, submission, blockHash } = candidate.entry;
    this.#byClaim.set(claimKey(submission, blockHash), candidate);
    this.#byId.set(id, candidate);
  }

  /** Removes the claim of this entry; null if it is not there. */
  remove(id: number): Candidate | null {
    const candidate = this.#byId.get(id);
    if (candidate === undefined) return null;
    this.#byId.delete(id);
    this.#byClaim.delete(claimKey(candidate.entry.submission, candidate.entry.blockHash));
    return candidate;
  }

  /** The same claim for the same block. */
  find(submission: Submission, blockHash: string): Candidate | undefined {
    return this.#byClaim.get(claimKey(submission, blockHash));
  }

  /** Ids of the entries whose block hash is accepted by `isWanted`. */
  idsOf(isWanted: (blockHash: string) => boolean): readonly number[] {
    return Array.from(this.#byId.values())
      .filter(({ entry }) => isWanted(entry.blockHash))
      .map(({ entry }) => entry.id);
  }
}

function claimKey(submission: Submission, blockHash: string): string {
  const { seed, nonce, compression, rawQuality } = submission;
  return `${accountKey(submission)} ${seed.toLowerCase()} ${nonce} ${compression} ${rawQuality} ${blockHash}`;
}
