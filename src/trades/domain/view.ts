// What the dashboard, the metrics and the probes know of the running program. Plain data, made at each asking.

import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { EnclaveCounters } from './enclave-link.ts';
import type { JobStatus } from './job.ts';

/** Upper bounds of {@link JobsView.sealSeconds}. */
export const SEAL_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;
/** Upper bounds of {@link StoreView.commitSeconds}. */
export const COMMIT_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
] as const;

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
  /** Since the start: failed attempts to fold, sign or store a job, which are made again. */
  readonly sealRetries: number;
  /** Since the start: jobs of whose trades no summary could be made. */
  readonly unsealable: number;
  /** Calls that wait for a summary or for its delivery, and their limit. */
  readonly waitingCalls: number;
  readonly waitingCallsMax: number;
  /** Changes of the jobs' states as nodes since the start, by the new state. */
  readonly transitions: Readonly<Record<'online' | 'stale' | 'offline', number>>;
  /** Actors of jobs that threw since the start, by what the supervisor did: each is a defect of the program. */
  readonly actorFailures: Readonly<Record<'restarted' | 'given_up', number>>;
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
  /** Bytes of answers that wait for clients now. */
  readonly unsentBytes: number;
  /** Answers of the kind `error` by their reason. */
  readonly errors: Readonly<
    Record<'invalid_json' | 'unknown_type' | 'invalid_trade' | 'not_collecting' | 'too_many', number>
  >;
  /** Connections that were closed, by reason; `unknown_job` also those without the job's token. */
  readonly closed: Readonly<
    Record<
      'bad_path' | 'unknown_job' | 'job_ended' | 'too_big' | 'protocol' | 'slow_reader' | 'silent',
      number
    >
  >;
}

/** The outbox. */
export interface OutboxView {
  /** Summaries that wait or are under way, and the bytes of their bodies. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** What the outbox holds, dead letters and rows included: this is what `bytesMax` bounds. */
  readonly heldBytes: number;
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
  /** Why the backend does not take summaries, in words of this program; null while it does. */
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

/** What the service counts of its link to the enclave, since the start. */
export interface LinkView {
  /** Links that began. */
  readonly links: number;
  /** Messages of the enclave that are none: each ended a link. */
  readonly rubbish: number;
  /** Summaries that were stored. */
  readonly stored: number;
  /** Summaries that came again, and were stored once. */
  readonly repeated: number;
  /** Summaries that are not what they must be. */
  readonly refused: number;
  /** Checkpoints that were not stored, because too many accounts have one. */
  readonly refusedCheckpoints: number;
}

/** The accounts of the enclave, as it told them last. Without an enclave all are 0. */
export interface AccountsView {
  readonly online: number;
  readonly stale: number;
  readonly offline: number;
  /** Null if no enclave belongs to this service. */
  readonly isLinked: boolean | null;
  /** Accounts that are known: those that the enclave told, or those that had a checkpoint at the start if that is more. */
  readonly known: number;
  /** Accounts that cannot continue, because another seal key sealed their checkpoints. */
  readonly stranded: number;
  /** Summaries in the enclave that the service has not stored yet. */
  readonly unstored: number;
  /** Why the enclave is not linked, in words of this program; null while it is, or if that is not known. */
  readonly problem: string | null;
  /** Counters of the enclave since its own start; all 0 before the first link. */
  readonly counters: EnclaveCounters;
  readonly link: LinkView;
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
  /** Why no file can be opened; null while one can. Seconds in which none was left. */
  readonly descriptors: { readonly problem: string | null; readonly seconds: number };
  /** Log lines that were dropped, and why; the problem is null while lines are written. */
  readonly logLoss: { readonly lines: number; readonly problem: string | null };
}
