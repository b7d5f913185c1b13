// The state of ingest, from the reports of its two threads to the main thread. A thread whose latest report is too old
// counts as failing, whatever the report said. Times are on the monotonic clock, in milliseconds; it reads no clock.

import type { IngestStatus, SourceStatus, WriterStatus } from '../domain/accounting.ts';

/** A thread whose latest report is older than this counts as failing, whatever that report said. */
const REPORT_AGE_MAX_MS = 5_000;

interface Report<Status> {
  readonly status: Status;
  readonly atMs: number;
}

/** The source's status before its first report. */
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

/** The latest reports of both threads. */
export class IngestReports {
  #writer: Report<WriterStatus> | null = null;
  #source: Report<SourceStatus> | null = null;

  ofWriter(status: WriterStatus, nowMs: number): void {
    this.#writer = { status, atMs: nowMs };
  }

  /** Records a report of the source. Returns true if the source has caught up since its previous report. */
  ofSource(status: SourceStatus, nowMs: number): boolean {
    const wasCaughtUp = this.isCaughtUp;
    this.#source = { status, atMs: nowMs };
    return this.isCaughtUp && !wasCaughtUp;
  }

  /** True if the source's latest report says that it has caught up; false before the first. */
  get isCaughtUp(): boolean {
    return this.#source?.status.catchingUp === false;
  }

  /** The state of both threads; null until the writer has reported. */
  status(nowMs: number): IngestStatus | null {
    if (this.#writer === null) return null;
    const both = { ...NO_SOURCE, ...this.#source?.status, ...this.#writer.status };
    // The writer measures lag on this machine's wall clock; if that clock is ahead of the broker's, every message looks
    // later by the difference.
    const committedLagMs = Math.max(0, both.lagMs + Math.min(0, both.clockOffsetMs ?? 0));
    const known = { ...both, lagMs: Math.max(committedLagMs, both.unreadAgeMs) };
    const isOld = (report: Report<unknown> | null) =>
      report !== null && nowMs - report.atMs > REPORT_AGE_MAX_MS;
    const silent = isOld(this.#writer) ? 'ingest' : isOld(this.#source) ? 'source' : null;
    if (silent === null) return known;
    const problem = `the ${silent} thread has not reported for ${REPORT_AGE_MAX_MS / 1000} s or more: the disk or the machine is too slow`;
    return { ...known, consuming: false, problem };
  }
}
