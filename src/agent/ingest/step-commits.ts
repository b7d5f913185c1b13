// The transactions of the reader's loop: several steps of reading share one, and the sources hear that their steps are
// stored only when it is committed. After a failure the sources go back to what was stored last. It reads nothing.

import type { Clock } from '../../lib/clock.ts';
import type { FactTransactions } from '../domain/fact-store.ts';
import type { ReadStep, SourceReader } from '../domain/source-facts.ts';
import { UnreadCounter } from './unread-counter.ts';

/** Facts after which a transaction is committed while there is more to read. */
export const COMMIT_FACTS = 10_000;
/** Time after which a transaction is committed while there is more to read, in ms. */
const COMMIT_MS = 500;
/** Wait before a failed transaction is tried again, in ms. */
const RETRY_MS = 1_000;

/** The disk under the state, as the loop sees it. */
export interface StateGuard {
  /** True while too little space is left on the disk to read on. */
  readonly isSpaceLow: boolean;
  /** Called before each transaction; throws if the files are not the state's any more. */
  check(): void;
  /** Called after each transaction. */
  written(): void;
  failed(error: unknown): void;
  recovered(): void;
  /** Called while the space is low: on a small disk the log of old transactions may be what fills it. */
  makeRoom(): void;
}

/** What {@link StepCommits} need of the loop. */
export interface StepCommitsParts {
  readonly store: FactTransactions;
  readonly sources: readonly SourceReader[];
  readonly guard: StateGuard;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Everything that was handed out and not stored is forgotten. */
  undone(): void;
}

/** A step, and the source that made it. */
export interface SourceStep {
  readonly source: SourceReader;
  readonly step: ReadStep;
}

/** The transactions of one loop. */
export class StepCommits {
  /** True from a failed transaction to the next one that works. */
  isFailing = false;
  /** Rises whenever steps that were handed out are forgotten. */
  generation = 0;
  readonly unread = new UnreadCounter();
  readonly #parts: StepCommitsParts;
  #steps: SourceStep[] = [];
  #facts = 0;
  #openedAtMs = 0;
  #retryAtMs = -Infinity;

  constructor(parts: StepCommitsParts) {
    this.#parts = parts;
  }

  /** True while nothing may be tried, because a transaction failed a moment ago. */
  get isResting(): boolean {
    return this.isFailing && this.#parts.clock.monotonicMs() < this.#retryAtMs;
  }

  /** Opens a transaction if none is open. Throws what keeps it from being opened. */
  open(): void {
    const { store, guard, clock } = this.#parts;
    if (store.isOpen) return;
    guard.check();
    store.begin();
    this.#openedAtMs = clock.monotonicMs();
  }

  /** A fact was taken in. */
  countFact(): void {
    this.#facts++;
  }

  /** All facts of a step are taken in: the open transaction also holds the position behind it. */
  add(source: SourceReader, step: ReadStep): void {
    const { store, clock } = this.#parts;
    store.setPosition(step.position, step.dropped);
    this.unread.addAll(step.source, step.unread);
    this.#steps.push({ source, step });
    const isDue = this.#facts >= COMMIT_FACTS || clock.monotonicMs() - this.#openedAtMs >= COMMIT_MS;
    // After a failure small transactions show soonest that the disk takes something again.
    if (isDue || this.isFailing) this.settle();
  }

  /** Ends the open transaction, so that another can begin. If it fails, what it held will be read again. */
  settle(): void {
    const { store, guard } = this.#parts;
    if (!store.isOpen) return;
    try {
      store.commit();
    } catch (error) {
      this.undone(error);
      return;
    }
    guard.written();
    if (this.isFailing) guard.recovered();
    this.isFailing = false;
    for (const { source, step } of this.#steps) source.stored(step);
    this.#steps = [];
    this.#facts = 0;
    this.unread.committed();
  }

  /** Makes a change beside the steps. Throws what keeps it from being made. */
  change(work: () => void): void {
    this.open();
    work();
    this.settle();
  }

  /** After a failure, and with nothing to store, an empty transaction shows whether the disk takes something again. */
  probe(): void {
    if (this.isFailing) this.change(() => undefined);
  }

  /** The transaction under way failed: everything since the last commit is undone, and will be read again. */
  undone(error: unknown): void {
    const { store, sources } = this.#parts;
    if (store.isOpen) store.rollback();
    this.#steps = [];
    this.#facts = 0;
    this.unread.undone();
    this.generation++;
    for (const source of sources) source.forgotten();
    this.#parts.undone();
    this.failed(error);
  }

  /** A transaction of the same store failed, which held no steps. */
  failed(error: unknown): void {
    this.isFailing = true;
    this.#retryAtMs = this.#parts.clock.monotonicMs() + RETRY_MS;
    this.#parts.guard.failed(error);
  }
}
