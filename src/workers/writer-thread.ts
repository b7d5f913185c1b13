// The main thread's end of a writer's thread that stores facts: it starts the thread, hands it facts, keeps its latest
// status, and reports a fatal error when the thread dies. It stores nothing.

import type { Log } from '../io/log.ts';
import type { Clock } from '../lib/clock.ts';
import { CodedError } from '../lib/errors.ts';
import { Histogram, type HistogramSnapshot } from '../lib/histogram.ts';
import type { Part } from '../lib/part.ts';
import { unreachable } from '../lib/unreachable.ts';
import { FactJournal, type FactJournalParts } from '../store/fact-journal.ts';
import type { AnyFact, FactWriterToMain, MainToFactWriter, WriterTerms } from '../store/fact-messages.ts';
import { ChildThread } from './child-thread.ts';

/** What a {@link WriterThread} needs of its program. */
export interface WriterThreadParts<Fact, Terms extends WriterTerms>
  extends Omit<FactJournalParts<Fact>, 'send'> {
  /** The thread's entry file. */
  readonly url: URL;
  /** The thread's `workerData`. */
  readonly data: object;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Bounds of the buckets of {@link WriterThread.commitSeconds}. */
  readonly commitBoundsSeconds: readonly number[];
  /** The writer committed facts, or changed rows by itself. */
  committed(report: Terms['report']): void;
  /** The thread sent a message that only this program has. */
  told(own: Terms['own']): void;
  /** The thread died or cannot continue, after the database was opened. */
  fatal(error: CodedError): void;
}

/** A writer's thread, seen from the main thread. */
export class WriterThread<Fact extends AnyFact, Terms extends WriterTerms> implements Part<Terms['opened']> {
  /** Takes facts. `commit` resolves when they are on the disk; errors: `too_many`. `note` stores them soon. */
  readonly journal: Pick<FactJournal<Fact>, 'commit' | 'note'>;
  /** The latest report of the thread; null before the first. */
  status: Terms['status'] | null = null;
  readonly #parts: WriterThreadParts<Fact, Terms>;
  readonly #thread: ChildThread<MainToFactWriter<Fact>, FactWriterToMain<Terms>>;
  readonly #facts: FactJournal<Fact>;
  readonly #seconds: Histogram;
  readonly #opened = Promise.withResolvers<Terms['opened']>();
  #isOpened = false;

  constructor(parts: WriterThreadParts<Fact, Terms>) {
    this.#parts = parts;
    const { url, data, waitingMax } = parts;
    this.#seconds = new Histogram(parts.commitBoundsSeconds);
    this.#thread = new ChildThread(
      { url, name: 'writer', data },
      { message: (message) => this.#receive(message), died: (error) => this.#died(error) },
    );
    this.#facts = new FactJournal({
      waitingMax,
      isDroppable: (fact) => parts.isDroppable(fact),
      nowMs: () => parts.nowMs(),
      send: (message) => this.#thread.send(message),
    });
    this.journal = {
      commit: (facts) => this.#commit(facts),
      note: (facts) => this.#facts.note(facts),
    };
  }

  /** Resolves when the database is open, and throws if it cannot be opened. */
  async start(): Promise<Terms['opened']> {
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

  /** How long facts took to the disk, of those for which somebody waits. */
  get commitSeconds(): HistogramSnapshot {
    return this.#seconds.snapshot();
  }

  async #commit(facts: readonly Fact[]): Promise<void> {
    const startedMs = this.#parts.clock.monotonicMs();
    await this.#facts.commit(facts);
    this.#seconds.observe((this.#parts.clock.monotonicMs() - startedMs) / 1000);
  }

  #receive(message: FactWriterToMain<Terms>): void {
    switch (message.type) {
      case 'opened':
        this.#isOpened = true;
        this.#opened.resolve(message.opened);
        return;
      case 'committed':
        this.#facts.committed(message.sequence);
        this.#parts.committed(message.report);
        return;
      case 'status':
        this.status = message.status;
        return;
      case 'own':
        this.#parts.told(message.own);
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
