// What pages and the outbox ask of the database. Plain data.

/** A span of whole hours: half open, in ms since 1970. */
export interface BucketQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** Null for all clients together. */
  readonly clientId: string | null;
}

/** Sums of one step of a chart over all clients asked for. Corrected hours count once, as corrected. */
export interface BucketPoint {
  readonly atMs: number;
  readonly trades: number;
  /** In USD, as the fees: amounts that a job has in another asset are not in it, because there is no price for them. */
  readonly volumeQuote: number;
  readonly feesUsd: number;
}

/** A chart of buckets: at most some 800 points. */
export interface BucketSeries {
  readonly stepMs: number;
  readonly points: readonly BucketPoint[];
}

/** States of an outbox entry. */
export type OutboxState = 'waiting' | 'delivered' | 'dead';

/** An outbox entry for a table. */
export interface OutboxRow {
  readonly id: number;
  readonly clientId: string;
  readonly exchange: string;
  readonly digest: string;
  readonly seq: number | null;
  readonly state: OutboxState;
  readonly trades: number;
  /** Length of the body in bytes. */
  readonly bodyBytes: number;
  readonly sealedAtMs: number;
  /** When it was delivered or refused; null while it waits. */
  readonly endedAtMs: number | null;
  readonly attempts: number;
  readonly status: number | null;
  readonly reason: string;
}

/** A page of the outbox, newest first. */
export interface OutboxQuery {
  /** Null for all states. */
  readonly state: OutboxState | null;
  /** Entries with a lower id; null for the newest. */
  readonly beforeId: number | null;
  readonly limit: number;
}

/** A waiting entry, as the delivery takes it up after a start. */
export interface StoredWaiting {
  readonly id: number;
  readonly clientId: string;
  readonly digest: string;
  readonly bodyBytes: number;
  readonly sealedAtMs: number;
  readonly attempts: number;
  readonly nextAtMs: number;
  /** Ascending within a client; a replayed entry gets a new one. */
  readonly place: number;
}

/** The dead letters of a database. */
export interface StoredDeadLetters {
  readonly count: number;
  /** Length of their bodies together, in bytes. */
  readonly bytes: number;
}

/** Checkpoints that are asked for: of one account, or a page of those of one seal key, by ascending account. */
export type CheckpointQuery =
  | { readonly accountId: string }
  | { readonly sealId: string; readonly after: string | null };

/** The stored checkpoints of one seal key. */
export interface SealCount {
  readonly sealId: string;
  readonly accounts: number;
}

/** How many clients are listed at most, those with the latest summary first. */
export interface ClientsQuery {
  readonly limit: number;
}

/** A client that has summaries in the database. */
export interface ClientRow {
  readonly clientId: string;
  /** Summaries that are kept. */
  readonly summaries: number;
  /** When its latest summary was sealed, by the wall clock. */
  readonly lastSealedAtMs: number;
}
