// What an aggregator is known by, made once and kept: the federation's salt, and the key that signs statistics.

/** An Ed25519 key pair, the members of a JWK (RFC 8037): 32 bytes each in base64url. Plain data: it crosses threads. */
export interface StatisticsKey {
  /** Public. */
  readonly x: string;
  /** Private. */
  readonly d: string;
}

/** Secrets; they leave the process only as section 8 says. */
export interface Identity {
  /** 64 lower-case hex digits. */
  readonly salt: string;
  readonly statisticsKey: StatisticsKey;
}
