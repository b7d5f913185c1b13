// What became of every message, counted per subject: one snapshot of the ingest thread's counters, from which the
// conservation law of section 7 and the metrics of section 10 are read. Plain data; it crosses threads by copy.

import type { LabelDimension, RejectReason } from './vocabulary.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';

/** Upper bounds of `aggregator_publish_to_commit_seconds`: from one quick batch to a stream that is hours behind. */
export const PUBLISH_TO_COMMIT_BOUNDS_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 300, 3_600,
] as const;
/** Upper bounds of `aggregator_commit_seconds`: one transaction of the writer. */
export const COMMIT_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The words of the conservation law; every received message ends as exactly one of them, or is still in flight. */
export const OUTCOMES = [
  'applied',
  'duplicate',
  'replayed',
  'rejected',
  'rate_limited',
  'shed',
  'quarantined',
  'ignored',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Counts per subject, in the order of `SUBJECTS`, and one last cell for messages on none of them. */
export type PerSubject = readonly number[];

/** Counters since the process started, all taken at one moment. */
export interface IngestAccounts {
  readonly received: PerSubject;
  readonly outcomes: Readonly<Record<Outcome, PerSubject>>;
  readonly rejected: Readonly<Record<RejectReason, PerSubject>>;
  /** Received, but its batch is not committed yet. */
  readonly inFlight: number;
  /** Messages the stream no longer held when we came to read them. */
  readonly lost: number;
  /** Label strings outside their vocabulary, counted as absent. */
  readonly unknownLabels: Readonly<Record<LabelDimension, number>>;
  /** `task_completed` reports whose outcome differed from the one recorded. */
  readonly disagreements: number;
  /** Messages whose broker time was more than 60 s ahead of our clock. */
  readonly futureTimes: number;
  readonly publishToCommit: HistogramSnapshot;
  readonly commit: HistogramSnapshot;
}

/** The state of the source, as far as people and probes want to know it. */
export interface SourceStatus {
  readonly mode: 'jetstream' | 'core' | null;
  readonly connected: boolean;
  /** Everything that it should read reaches it. */
  readonly consuming: boolean;
  readonly catchingUp: boolean;
  /** Why it is not consuming, or a warning about the stream; null when all is well. */
  readonly problem: string | null;
  /** What the broker does not let us do of what reading needs. */
  readonly refusals: number;
  readonly reconnects: number;
  /** Messages the stream holds beyond those read; 0 in core mode. */
  readonly pending: number;
  /** Age of the oldest of these, or a little more, in milliseconds; 0 if there are none. */
  readonly unreadAgeMs: number;
  /** Broker clock minus ours, in milliseconds, from the newest message read live; null before the first, and in core mode. */
  readonly clockOffsetMs: number | null;
  /** Payload read and not yet with the writer. */
  readonly backlogBytes: number;
}

/** The state of the writer. */
export interface WriterStatus {
  /** Age of the newest message committed when it was committed, in milliseconds, or of the oldest that waits to be committed. */
  readonly lagMs: number;
  /** Why nothing can be written, or nothing more is read for want of room, and what to do; null when all is well. */
  readonly databaseProblem: string | null;
  readonly databaseSizeBytes: number;
  /** What our user may still take on the file system of the database, and how large that is; 0 if it does not tell. */
  readonly diskFreeBytes: number;
  readonly diskSizeBytes: number;
}

/** Both together; `lagMs` then counts unread messages too. */
export type IngestStatus = SourceStatus & WriterStatus;
