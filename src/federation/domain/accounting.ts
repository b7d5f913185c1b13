// Counts, per subject, how every message ended. One snapshot of the ingest thread's counters feeds both the
// conservation law (docs/federation.md#conservation) and the metrics (docs/metrics.md). Plain data; it crosses threads
// by copy.

import type { LabelDimension, RejectReason } from './vocabulary.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';

/**
 * Upper bounds of `aggregator_publish_to_commit_seconds`: the smallest suit one quick batch, the largest a source hours
 * behind the stream.
 */
export const PUBLISH_TO_COMMIT_BOUNDS_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60, 300, 3_600,
] as const;
/** Upper bounds of `aggregator_commit_seconds`: one transaction of the writer. */
export const COMMIT_BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The outcomes of the conservation law. Every received message has exactly one of them, or is still in flight. */
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
/** How a received message ended: one of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/** Counts per subject, in the order of `SUBJECTS`; the last cell counts messages on any other subject. */
export type PerSubject = readonly number[];

/** Counters since the process started, all taken at one moment. */
export interface IngestAccounts {
  readonly received: PerSubject;
  readonly outcomes: Readonly<Record<Outcome, PerSubject>>;
  readonly rejected: Readonly<Record<RejectReason, PerSubject>>;
  /** Messages that were received and whose batch is not committed yet. */
  readonly inFlight: number;
  /** Messages that the stream dropped before the source read them. */
  readonly lost: number;
  /** Label strings outside their vocabulary, counted as absent. */
  readonly unknownLabels: Readonly<Record<LabelDimension, number>>;
  /** `task_completed` reports whose outcome differed from the one recorded. */
  readonly disagreements: number;
  /** Messages whose broker time was more than 60 s ahead of this machine's clock. */
  readonly futureTimes: number;
  readonly publishToCommit: HistogramSnapshot;
  readonly commit: HistogramSnapshot;
}

/** The state of the source thread, for the live page, the probes and the metrics. */
export interface SourceStatus {
  readonly mode: 'jetstream' | 'core' | null;
  readonly connected: boolean;
  /** True while the source receives every message that it should read. */
  readonly consuming: boolean;
  readonly catchingUp: boolean;
  /** Why the source is not consuming, or a warning about the stream; null without a problem. */
  readonly problem: string | null;
  /** Number of operations that reading needs and the broker refuses to this user. */
  readonly refusals: number;
  readonly reconnects: number;
  /** Messages in the stream that the source has not read yet; 0 in core mode. */
  readonly pending: number;
  /** Age of the oldest unread message in the stream, or slightly more, in milliseconds; 0 if none is unread. */
  readonly unreadAgeMs: number;
  /**
   * Broker clock minus this machine's clock, in milliseconds, measured at the newest message read live. Null before the
   * first such message, and in core mode.
   */
  readonly clockOffsetMs: number | null;
  /** Payload bytes that the source has read and not yet handed to the writer. */
  readonly backlogBytes: number;
  /** Only in a cluster. */
  readonly unreadable?: Unreadable;
}

/** What a replica skipped since its start because it cannot read it. */
export interface Unreadable {
  readonly rounds: number;
  readonly commands: number;
}

/** The state of the ingest thread's writer. */
export interface WriterStatus {
  /**
   * The greater of two ages, in milliseconds: the age of the newest committed message at its commit, and the present
   * age of the oldest message that waits for a commit.
   */
  readonly lagMs: number;
  /** Why the writer cannot write, or why the disk is too full to read on, with the remedy; null without a problem. */
  readonly databaseProblem: string | null;
  readonly databaseSizeBytes: number;
  /**
   * Free bytes for this user, and the size, of the file system that holds the database; 0 if the file system reports
   * neither.
   */
  readonly diskFreeBytes: number;
  readonly diskSizeBytes: number;
}

/** The status of source and writer; here `lagMs` also takes the messages into account that the source has not read. */
export type IngestStatus = SourceStatus & WriterStatus;
