// The mining information of an upstream: the block that miners work on. Plain data.

/** What an upstream answered to `get_mining_info`, checked. */
export interface MiningInformation {
  /** 64 hex digits as they came. */
  readonly generationSignature: string;
  /** At least 1. */
  readonly baseTarget: bigint;
  readonly height: bigint;
  readonly blockHash: string;
  /** The greatest adjusted quality that the upstream takes; null if it names none. */
  readonly targetQuality: bigint | null;
  /** Least compression level of a proof, at least 1. */
  readonly minimumCompression: bigint;
  readonly targetCompression: bigint;
  /** The whole answer as JSON text, with members unknown to us and every number as it came. Sent to miners. */
  readonly text: string;
}

/** How an upstream wants submissions: a pool the best of every account, a wallet the best of all. */
export type SubmissionMode = 'pool' | 'wallet';

/** The block that a hash stands for at an upstream. */
export interface KnownBlock {
  /** The upstream's name. */
  readonly upstream: string;
  readonly mode: SubmissionMode;
  /** The information with this hash; of a block that was replaced, the last one. */
  readonly information: MiningInformation;
  /** `previous`: replaced, and at most one refresh has been made since. */
  readonly age: 'current' | 'previous';
}
