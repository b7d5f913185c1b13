// One submission of a miner, as its nine members came. Plain data.

/** The members of `submit_nonce`. Hex digits and the block hash are kept as they came, because they are forwarded so. */
export interface Submission {
  /** Opaque, 1 to 128 characters; compared as it is. */
  readonly blockHash: string;
  readonly height: bigint;
  /** 64 hex digits in either case. */
  readonly generationSignature: string;
  /** At least 1; 0 is refused before it becomes a submission. */
  readonly baseTarget: bigint;
  /** 40 hex digits in either case. */
  readonly accountId: string;
  /** 64 hex digits in either case. */
  readonly seed: string;
  readonly nonce: bigint;
  /** 0 to 255. */
  readonly compression: number;
  /** The claimed raw quality; lower is better. */
  readonly rawQuality: bigint;
}

/** Where a submission or a poll came from. */
export interface Peer {
  /** The address, or `<name>@<address>` if the miner sent a name in `X-Miner`. At most 64 characters of name. */
  readonly machineId: string;
  /** The address alone: that of the connection, or the one that a trusted proxy names. */
  readonly address: string;
}

/** The key by which an account is compared and stored: its 40 hex digits in lower case. */
export function accountKey({ accountId }: Pick<Submission, 'accountId'>): string {
  return accountId.toLowerCase();
}
