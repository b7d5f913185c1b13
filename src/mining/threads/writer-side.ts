// The main thread's end of the writer's thread: starts it, forwards its reports, and keeps its latest state. It stores
// nothing, and reports a fatal error when the thread dies.

import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { Histogram, type HistogramSnapshot } from '../../lib/histogram.ts';
import type { Part } from '../../lib/part.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { ChildThread } from '../../workers/child-thread.ts';
import type { Fact, Journal } from '../domain/facts.ts';
import { NO_STATISTICS, type StatisticsSnapshot } from '../domain/statistics.ts';
import { COMMIT_BOUNDS_SECONDS } from '../domain/view.ts';
import { writerThreadUrl } from './files.ts';
import { WriterJournal } from './journal.ts';
import type {
  CommittedMessage,
  MainToWriter,
  OpenedMessage,
  WriterStatus,
  WriterThreadData,
  WriterToMain,
} from './messages.ts';

/** What a {@link WriterSide} needs of the main thread. */
export interface WriterSideParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Clock;
  /** The observed clock, in ms. */
  observedMs(): number;
  /** The writer committed facts. */
  committed(message: CommittedMessage): void;
  /** The thread died or cannot continue, after the database was opened. */
  fatal(error: CodedError): void;
}

/** The writer's thread, seen from the main thread. */
export class WriterSide implements Part<OpenedMessage> {
  readonly journal: Journal;
  readonly #parts: WriterSideParts;
  readonly #thread: ChildThread<MainToWriter, WriterToMain>;
  readonly #facts: WriterJournal;
  readonly #seconds = new Histogram(COMMIT_BOUNDS_SECONDS);
  readonly #opened = Promise.withResolvers<OpenedMessage>();
  #isOpened = false;
  /** The latest report of the thread; null before the first. */
  status: WriterStatus | null = null;
  /** The latest statistics. */
  statistics: StatisticsSnapshot = NO_STATISTICS;

  constructor(data: WriterThreadData, parts: WriterSideParts) {
    this.#parts = parts;
    this.#thread = new ChildThread(
      { url: writerThreadUrl, name: 'writer', data },
      { message: (message) => this.#receive(message), died: (error) => this.#died(error) },
    );
    this.#facts = new WriterJournal({
      send: (message) => this.#thread.send(message),
      observedMs: () => parts.observedMs(),
    });
    this.journal = {
      commit: (facts) => this.#commit(facts),
      note: (facts) => this.#facts.note(facts),
    };
  }

  /** Resolves when the database is open, and throws if it cannot be opened. */
  async start(): Promise<OpenedMessage> {
    await this.#thread.start();
    return this.#opened.promise;
  }

  /** Everything told before is committed, or stays untold if the disk takes nothing. */
  async stop(): Promise<void> {
    this.#facts.flush();
    await this.#thread.stop();
  }

  /** Facts that are not on the disk yet, and those that were not taken because too many waited. */
  get facts(): { readonly waiting: number; readonly dropped: number } {
    return { waiting: this.#facts.waiting, dropped: this.#facts.dropped };
  }

  /** How long facts took to the disk, of those for which a miner waits. */
  get commitSeconds(): HistogramSnapshot {
    return this.#seconds.snapshot();
  }

  async #commit(facts: readonly Fact[]): Promise<void> {
    const startedMs = this.#parts.clock.monotonicMs();
    await this.#facts.commit(facts);
    this.#seconds.observe((this.#parts.clock.monotonicMs() - startedMs) / 1000);
  }

  #receive(message: WriterToMain): void {
    switch (message.type) {
      case 'opened':
        this.#isOpened = true;
        this.#opened.resolve(message);
        return;
      case 'committed':
        this.#facts.committed(message.sequence);
        this.#parts.committed(message);
        return;
      case 'statistics':
        this.statistics = message.statistics;
        return;
      case 'status':
        this.status = message.status;
        return;
      case 'log':
        this.#parts.log[message.level](message.sentence);
        return;
      case 'failed':
        this.#fail(new CodedError(message.code, message.sentence));
        return;
      case 'stopped':
        return;
      default:
        unreachable(message);
    }
  }

  #died(error: unknown): void {
    this.#parts.log.error('database: the writer thread died', { error });
    const what = 'The writer thread died; what was committed is safe, and the next start goes on from there.';
    this.#fail(new CodedError('ingest_failed', what));
  }

  /** Before the database is open, the error makes the start fail, and the caller of the start reports it. */
  #fail(error: CodedError): void {
    if (this.#isOpened) this.#parts.fatal(error);
    else this.#opened.reject(error);
  }
}
