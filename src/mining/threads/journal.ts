// Main's side of the writer: it hands facts over in order, and tells those who wait when theirs are on the disk. It
// knows how many facts wait, and takes only so many. It stores nothing.

import { CodedError } from '../../lib/errors.ts';
import { Fifo } from '../../lib/fifo.ts';
import type { Fact, Journal } from '../domain/facts.ts';
import type { FactsMessage } from './messages.ts';

/**
 * Facts that may wait for the disk, about 1 kB each. Beyond half of it polls are not told any more; beyond all of it
 * nothing is taken, and whoever waits is refused.
 */
export const WAITING_FACTS_MAX = 100_000;

/** What a {@link WriterJournal} needs of the main thread. */
export interface WriterJournalParts {
  /** Sends a message to the writer's thread. */
  send(message: FactsMessage): void;
  /** The observed clock, in ms. */
  observedMs(): number;
}

interface Sent {
  readonly sequence: number;
  readonly facts: number;
  /** Null if nobody waits. */
  readonly done: (() => void) | null;
}

/** Facts told of one turn of the event loop leave as one message. */
export class WriterJournal implements Journal {
  /** Facts that were not taken since the start, because too many waited. */
  dropped = 0;
  readonly #parts: WriterJournalParts;
  readonly #waitingMax: number;
  #sequence = 0;
  #facts: Fact[] = [];
  #waiters: (() => void)[] = [];
  #isDue = false;
  /** Messages that are not committed yet, oldest first. */
  readonly #sent = new Fifo<Sent>();
  #waiting = 0;

  constructor(parts: WriterJournalParts, waitingMax = WAITING_FACTS_MAX) {
    this.#parts = parts;
    this.#waitingMax = waitingMax;
  }

  /** Facts that are not on the disk yet. */
  get waiting(): number {
    return this.#waiting;
  }

  commit(facts: readonly Fact[]): Promise<void> {
    if (!this.#take(facts)) {
      return Promise.reject(
        new CodedError('too_many', `More than ${this.#waitingMax} facts wait for the database.`),
      );
    }
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  note(facts: readonly Fact[]): void {
    this.#take(facts);
  }

  /** The writer committed every message up to this one. */
  committed(sequence: number): void {
    for (;;) {
      const next = this.#sent.peek();
      if (next === undefined || next.sequence > sequence) return;
      this.#sent.shift();
      this.#waiting -= next.facts;
      next.done?.();
    }
  }

  /** Sends what was told; the journal does it by itself at the end of a turn. */
  flush(): void {
    this.#isDue = false;
    if (this.#facts.length === 0 && this.#waiters.length === 0) return;
    const [facts, waiters] = [this.#facts, this.#waiters];
    this.#facts = [];
    this.#waiters = [];
    const sequence = ++this.#sequence;
    const isAwaited = waiters.length > 0;
    const done = isAwaited ? () => waiters.forEach((waiter) => waiter()) : null;
    this.#sent.push({ sequence, facts: facts.length, done });
    this.#parts.send({
      type: 'facts',
      sequence,
      facts,
      observedMs: Math.floor(this.#parts.observedMs()),
      isAwaited,
    });
  }

  #take(facts: readonly Fact[]): boolean {
    const kept =
      this.#waiting + facts.length > this.#waitingMax / 2
        ? facts.filter(({ type }) => type !== 'seen')
        : facts;
    this.dropped += facts.length - kept.length;
    if (this.#waiting + kept.length > this.#waitingMax) {
      this.dropped += kept.length;
      return false;
    }
    this.#waiting += kept.length;
    this.#facts.push(...kept);
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(() => this.flush());
    }
    return true;
  }
}
