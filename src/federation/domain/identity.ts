// The identity of an aggregator: the federation's salt and the key that signs statistics. It is made once and kept.

/** An Ed25519 key pair, the members of a JWK (RFC 8037): 32 bytes each in base64url. Plain data: it crosses threads. */
export interface StatisticsKey {
  /** The public half. */
  readonly x: string;
  /** The private half: a secret. */
  readonly d: string;
}

/**
 * The aggregator's secrets. They leave the process only in the ways that docs/federation.md#keys-and-signatures
 * describes.
 */
export interface Identity {
  /** 64 lower-case hex digits. */
  readonly salt: string;
  readonly statisticsKey: StatisticsKey;
}
