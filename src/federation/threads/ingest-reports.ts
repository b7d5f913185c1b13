// The state of ingest as its two threads report it to main. A thread that has not reported for too long is not well,
// whatever it said last. Times are of the monotonic clock, in milliseconds; it has none of its own.

import type { IngestStatus, SourceStatus, WriterStatus } from '../domain/accounting.ts';

interface Report<Status> {
  readonly status: Status;
  readonly atMs: number;
}

/** Before the source thread has reported. */
const NO_SOURCE: SourceStatus = {
  mode: null,
  connected: false,
  consuming: false,
  catchingUp: true,
  problem: 'not connected to the broker yet',
  refusals: 0,
  reconnects: 0,
  pending: 0,
  unreadAgeMs: 0,
  clockOffsetMs: null,
  backlogBytes: 0,
};

export class IngestReports {
  readonly #ageMaxMs: number;
  #writer: Report<WriterStatus> | null = null;
  #source: Report<SourceStatus> | null = null;

  /** A thread whose latest report is older than `ageMaxMs` is not well. */
  constructor(ageMaxMs: number) {
    this.#ageMaxMs = ageMaxMs;
  }

  ofWriter(status: WriterStatus, nowMs: number): void {
    this.#writer = { status, atMs: nowMs };
  }

  /** Returns true if it has caught up since its report before this one. */
  ofSource(status: SourceStatus, nowMs: number): boolean {
    const wasCaughtUp = this.isCaughtUp;
    this.#source = { status, atMs: nowMs };
    return this.isCaughtUp && !wasCaughtUp;
  }

  /** As the source reported last; false before. */
  get isCaughtUp(): boolean {
    return this.#source?.status.catchingUp === false;
  }

  /** What is known of both threads; null before the writer has reported. */
  status(nowMs: number): IngestStatus | null {
    if (this.#writer === null) return null;
    const both = { ...NO_SOURCE, ...this.#source?.status, ...this.#writer.status };
    // The writer took the broker's times from our wall clock: one that is ahead made every message look as late as that.
    const committedLagMs = Math.max(0, both.lagMs + Math.min(0, both.clockOffsetMs ?? 0));
    const known = { ...both, lagMs: Math.max(committedLagMs, both.unreadAgeMs) };
    const isOld = (report: Report<unknown> | null) => report !== null && nowMs - report.atMs > this.#ageMaxMs;
    const silent = isOld(this.#writer) ? 'ingest' : isOld(this.#source) ? 'source' : null;
    if (silent === null) return known;
    const problem = `the ${silent} thread has not reported for ${this.#ageMaxMs / 1000} s or more: the disk or the machine is too slow`;
    return { ...known, consuming: false, problem };
  }
}
