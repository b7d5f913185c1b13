// Mining's end of the writer's thread: it says what a full journal may drop, and keeps the latest statistics. It stores
// nothing.

import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { CodedError } from '../../lib/errors.ts';
import { WriterThread } from '../../workers/writer-thread.ts';
import type { Fact } from '../domain/facts.ts';
import { NO_STATISTICS, type StatisticsSnapshot } from '../domain/statistics.ts';
import { COMMIT_BOUNDS_SECONDS } from '../domain/view.ts';
import { writerThreadUrl } from './files.ts';
import type { CommitReport, MiningTerms, WriterThreadData } from './messages.ts';

/**
 * Facts that may wait for the disk, about 1 kB each. Beyond half of it polls are not told any more; beyond all of it
 * nothing is taken, and whoever waits is refused.
 */
export const WAITING_FACTS_MAX = 100_000;

/** What a {@link WriterSide} needs of the main thread. */
export interface WriterSideParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Clock;
  /** The observed clock, in ms. */
  observedMs(): number;
  /** The writer committed facts. */
  committed(report: CommitReport): void;
  /** The thread died or cannot continue, after the database was opened. */
  fatal(error: CodedError): void;
}

/** The writer's thread, seen from the main thread. */
export class WriterSide extends WriterThread<Fact, MiningTerms> {
  /** The latest statistics. */
  statistics: StatisticsSnapshot = NO_STATISTICS;

  constructor(data: WriterThreadData, parts: WriterSideParts) {
    super({
      ...parts,
      url: writerThreadUrl,
      data,
      waitingMax: WAITING_FACTS_MAX,
      commitBoundsSeconds: COMMIT_BOUNDS_SECONDS,
      isDroppable: ({ type }) => type === 'seen',
      nowMs: () => parts.observedMs(),
      told: (statistics) => {
        this.statistics = statistics;
      },
    });
  }
}
