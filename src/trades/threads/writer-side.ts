// Main's end of the writer's thread: it says what a full journal may drop, and puts the pages of waiting entries
// together. It stores nothing.

import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { CodedError } from '../../lib/errors.ts';
import { WriterThread } from '../../workers/writer-thread.ts';
import type { Fact } from '../domain/facts.ts';
import type { StoredWaiting } from '../domain/questions.ts';
import type { CommitReport } from '../store/writer.ts';
import { COMMIT_BOUNDS_SECONDS } from '../domain/view.ts';
import { writerThreadUrl } from './files.ts';
import type { Opened, TradesTerms, WriterThreadData } from './messages.ts';

/**
 * Facts that may wait for the disk. Above half of it failed attempts are not told any more; at the limit nothing is
 * taken, and whoever waits is refused.
 */
export const WAITING_FACTS_MAX = 20_000;

/** What a {@link WriterSide} needs of the main thread. */
export interface WriterSideParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Clock;
  /** Facts are on the disk: what each transaction did besides. Called before those hear it who wait for them. */
  committed(reports: readonly CommitReport[]): void;
  /** The thread died or cannot continue, after the database was opened. */
  fatal(error: CodedError): void;
}

/** The writer's thread, seen from the main thread. Its `journal` is the {@link Journal} of the program. */
export class WriterSide extends WriterThread<Fact, TradesTerms> {
  readonly #pages: (readonly StoredWaiting[])[];

  constructor(data: WriterThreadData, parts: WriterSideParts) {
    const pages: (readonly StoredWaiting[])[] = [];
    super({
      ...parts,
      url: writerThreadUrl,
      data,
      waitingMax: WAITING_FACTS_MAX,
      commitBoundsSeconds: COMMIT_BOUNDS_SECONDS,
      // Without it, a restart only tries again too early.
      isDroppable: ({ type }) => type === 'attempted',
      nowMs: () => parts.clock.nowMs(),
      committed: (reports) => parts.committed(reports),
      told: (page) => void pages.push(page),
    });
    this.#pages = pages;
  }

  /** Resolves when the database is open, and throws if it cannot be opened. */
  override async start(): Promise<Opened> {
    const opened = await super.start();
    return { ...opened, waiting: this.#pages.splice(0).flat() };
  }
}
