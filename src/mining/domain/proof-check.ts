// The check of a proof, as the desk asks for it and the proof queue answers. Plain data.

/** Which proofs are checked before they may displace a best: those of would-be bests, all, or none. */
export type Verify = 'best' | 'all' | 'off';

/** What a proof is checked against: the block is ours, never the miner's. */
export interface ProofClaim {
  readonly accountId: string;
  readonly seed: string;
  readonly nonce: bigint;
  /** 1 to 7. */
  readonly compression: number;
  readonly height: bigint;
  readonly generationSignature: string;
  /** The claimed raw quality. */
  readonly rawQuality: bigint;
}

/** The order and the fairness of a check. */
export interface ProofOrigin {
  /** Budgets and fairness are by address; all of an IPv6 network of 64 bits are one. */
  readonly address: string;
  /** Hash of the block for which it would be delivered; checks of passed blocks are dropped. */
  readonly blockHash: string;
  /** The claimed time in seconds; the smallest is checked first. */
  readonly pocTime: bigint;
}

/** The outcome of a check. */
export type ProofOutcome =
  | { readonly type: 'holds' }
  | { readonly type: 'fails'; readonly computed: bigint }
  /** Its block passed before its turn, or it was withdrawn. */
  | { readonly type: 'dropped' }
  /** The queue is full: nothing is known about the proof. */
  | { readonly type: 'full' };

/** Where proofs are checked. */
export interface ProofChecker {
  /**
   * Checks a proof in its turn; a check that is under way for an equal claim is joined. `isOverBudget` addresses come
   * last. Never rejects.
   */
  check(claim: ProofClaim, origin: ProofOrigin): Promise<ProofOutcome>;
  /** Nobody waits for this check any longer: it is dropped if no thread has begun it. */
  withdraw(claim: ProofClaim, origin: ProofOrigin): void;
  /** True if too many proofs of this address failed of late: its submissions are answered before they are checked. */
  isOverBudget(address: string): boolean;
  /** Drops the checks that wait for a block that is not among these. */
  keepBlocks(blockHashes: readonly string[]): void;
}
