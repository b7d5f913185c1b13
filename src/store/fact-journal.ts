// Main's side of a writer of facts: it hands facts over in order, and tells those who wait when theirs are on the disk.
// It knows how many facts wait, and bounds them. It stores nothing.

import { CodedError } from '../lib/errors.ts';
import { Fifo } from '../lib/fifo.ts';
import type { FactsMessage } from './fact-messages.ts';

/** What a {@link FactJournal} needs of the main thread. */
export interface FactJournalParts<Fact> {
  /** Facts that may wait for the disk. At the limit the journal takes nothing, and refuses whoever waits. */
  readonly waitingMax: number;
  /** True for facts that the journal drops while more than half of its room is taken. */
  isDroppable(fact: Fact): boolean;
  /** Sends a message to the writer's thread. */
  send(message: FactsMessage<Fact>): void;
  /** The program's clock, in ms. */
  nowMs(): number;
}

interface Sent {
  readonly sequence: number;
  readonly facts: number;
  /** Null if nobody waits. */
  readonly done: (() => void) | null;
}

/** Facts told of one turn of the event loop leave as one message. */
export class FactJournal<Fact> {
  /** Facts that were not taken since the start, because too many waited. */
  dropped = 0;
  readonly #parts: FactJournalParts<Fact>;
  #sequence = 0;
  #facts: Fact[] = [];
  #waiters: (() => void)[] = [];
  #isDue = false;
  /** Messages that are not committed yet, oldest first. */
  readonly #sent = new Fifo<Sent>();
  #waiting = 0;

  constructor(parts: FactJournalParts<Fact>) {
    this.#parts = parts;
  }

  /** Facts that are not on the disk yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Stores facts; resolves when they are on the disk. Errors: `too_many`, if too many facts wait already. */
  commit(facts: readonly Fact[]): Promise<void> {
    if (!this.#take(facts)) {
      return Promise.reject(
        new CodedError('too_many', `More than ${this.#parts.waitingMax} facts wait for the database.`),
      );
    }
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Stores facts soon. */
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
    const toldAtMs = Math.floor(this.#parts.nowMs());
    this.#parts.send({ type: 'facts', sequence, facts, toldAtMs, isAwaited });
  }

  #take(facts: readonly Fact[]): boolean {
    const { waitingMax } = this.#parts;
    const kept =
      this.#waiting + facts.length > waitingMax / 2
        ? facts.filter((fact) => !this.#parts.isDroppable(fact))
        : facts;
    this.dropped += facts.length - kept.length;
    if (this.#waiting + kept.length > waitingMax) {
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
