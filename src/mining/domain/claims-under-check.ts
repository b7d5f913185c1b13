// The claims whose proofs are checked. A claim that is not verified has no part in the filter, so it is kept apart.

import type { SubmissionMode } from './information.ts';
import type { Candidate } from './slot.ts';
import { accountKey, type Submission } from './submission.ts';

/** Claims by what they claim, by the id of their entry, and by their rivals. Its owner bounds it. */
export class ClaimsUnderCheck {
  readonly #mode: SubmissionMode;
  readonly #byRivals = new Map<string, Set<Candidate>>();
  readonly #byClaim = new Map<string, Candidate>();
  readonly #byId = new Map<number, Candidate>();

  constructor(mode: SubmissionMode) {
    this.#mode = mode;
  }

  add(candidate: Candidate): void {
    const { id, submission, blockHash } = candidate.entry;
    this.#byClaim.set(claimKey(submission, blockHash), candidate);
    this.#byId.set(id, candidate);
    const key = this.#rivalKey(submission, blockHash);
    const rivals = this.#byRivals.get(key) ?? new Set();
    rivals.add(candidate);
    this.#byRivals.set(key, rivals);
  }

  /** Removes the claim of this entry; null if it is not there. */
  remove(id: number): Candidate | null {
    const candidate = this.#byId.get(id);
    if (candidate === undefined) return null;
    const { submission, blockHash } = candidate.entry;
    this.#byId.delete(id);
    this.#byClaim.delete(claimKey(submission, blockHash));
    const key = this.#rivalKey(submission, blockHash);
    const rivals = this.#byRivals.get(key);
    rivals?.delete(candidate);
    if (rivals?.size === 0) this.#byRivals.delete(key);
    return candidate;
  }

  /** The claims that compete with this submission: of its block and its account, in wallet mode of all accounts. */
  rivalsOf(submission: Submission, blockHash: string): readonly Candidate[] {
    return Array.from(this.#byRivals.get(this.#rivalKey(submission, blockHash)) ?? []);
  }

  #rivalKey(submission: Submission, blockHash: string): string {
    return this.#mode === 'pool' ? `${accountKey(submission)} ${blockHash}` : blockHash;
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
