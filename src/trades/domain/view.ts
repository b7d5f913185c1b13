// What the dashboard, the metrics and the probes know of the running program. Plain data, made at each asking.

import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { JobStatus } from './job.ts';

/** The jobs. */
export interface JobsView {
  /** Jobs by state; expired ones are gone. */
  readonly byStatus: Readonly<Record<JobStatus, number>>;
  readonly jobsMax: number;
  /** Since the start. */
  readonly opened: number;
  readonly refused: number;
  readonly expired: number;
  /** Trades since the start: taken, and repeated ones that were counted once. */
  readonly taken: number;
  readonly repeated: number;
  /** Trades that were refused because the job was full or was not collecting. */
  readonly notTaken: Readonly<Record<'too_many' | 'not_collecting', number>>;
  /** Memory that unfolded trades take, in bytes, and its limit. */
  readonly heldBytes: number;
  readonly heldBytesMax: number;
  /** Trades folded since the start, and how long a seal took (fold, rounding, canonical text). */
  readonly folded: number;
  readonly sealSeconds: HistogramSnapshot;
  /** Jobs that wait to be folded or stored. */
  readonly sealing: number;
}

/** One job for the table of the page; its id is a capability and is never shown whole. */
export interface JobRow {
  /** The first 8 digits of the SHA-256 of the job id. */
  readonly name: string;
  readonly clientId: string;
  readonly exchange: string;
  readonly status: JobStatus;
  readonly trades: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly digest: string | null;
}

/** The WebSocket door. */
export interface SocketView {
  readonly isListening: boolean;
  readonly connections: number;
  readonly connectionsMax: number;
  readonly refusedConnections: number;
  /** Frames since the start, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  /** Answers of the kind `error` by their reason. */
  readonly errors: Readonly<
    Record<'invalid_json' | 'unknown_type' | 'invalid_trade' | 'not_collecting' | 'too_many', number>
  >;
  /** Connections that were closed, by reason. */
  readonly closed: Readonly<
    Record<'bad_path' | 'unknown_job' | 'too_big' | 'slow_reader' | 'silent', number>
  >;
}

/** The outbox. */
export interface OutboxView {
  /** Summaries that wait or are under way, and the bytes of their bodies. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly bytesMax: number;
  readonly underWay: number;
  readonly deadLetters: number;
  /** Age of the oldest waiting summary, in ms; 0 if none waits. */
  readonly oldestAgeMs: number;
  /** Since the start. */
  readonly delivered: number;
  readonly dead: number;
  readonly replayed: number;
  /** Attempts by how they ended: `retried` ones are tried again. */
  readonly attempts: Readonly<Record<'delivered' | 'repeated' | 'retried' | 'dead', number>>;
  readonly deliverySeconds: HistogramSnapshot;
  /** When the latest summary was delivered, by the wall clock; null if none was. */
  readonly lastDeliveredAtMs: number | null;
  /** Why the backend does not take summaries, in our words; null while it does. */
  readonly problem: string | null;
}

/** The database. */
export interface StoreView {
  /** Why it takes nothing; null while it does. */
  readonly problem: string | null;
  readonly waitingFacts: number;
  readonly droppedFacts: number;
  readonly unstorableFacts: number;
  readonly sizeBytes: number;
  readonly freeBytes: number | null;
  readonly commitSeconds: HistogramSnapshot;
}

/** The accounts of the enclave. Without an enclave all are 0. */
export interface AccountsView {
  readonly online: number;
  readonly stale: number;
  readonly offline: number;
  /** Null if no enclave belongs to this service. */
  readonly isLinked: boolean | null;
}

/** The whole program. */
export interface TradesView {
  readonly isDemonstration: boolean;
  readonly version: string;
  readonly startedAtMs: number;
  readonly uptimeSeconds: number;
  readonly backendUrl: string;
  /** Thumbprint of the key that signs jobs. */
  readonly keyId: string;
  readonly jobs: JobsView;
  /** Actors of jobs by the state of their node. */
  readonly nodes: Readonly<Record<'online' | 'stale' | 'offline', number>>;
  readonly socket: SocketView;
  readonly outbox: OutboxView;
  readonly accounts: AccountsView;
  readonly store: StoreView;
  /** Why questions to the database are refused; null while they are answered. */
  readonly readProblem: string | null;
  readonly logLinesDropped: number;
}
