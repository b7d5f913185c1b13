// The line of rounds on their way into the logs: at most four at a time, in order. It says how far all logs have
// acknowledged everything, and ends with the first failure. It repeats nothing.

import type { EncodedRound } from './round-draft.ts';

/** Rounds under way at the same time. */
export const ROUNDS_UNDER_WAY_MAX = 4;

/** The rounds of one range for all logs. */
export interface ClosedRange {
  readonly to: number;
  /** The broker's time of the last message up to `to`, ms since the epoch; null if that is not known. */
  readonly atMs: number | null;
  readonly rounds: readonly EncodedRound[];
}

/** What a {@link RoundLine} needs of its owner. */
export interface RoundLineParts {
  /** Appends a round to the log of its partition; rejects if the log has not acknowledged it in time. */
  append(round: EncodedRound): Promise<void>;
  /** All logs have acknowledged everything up to this range. */
  acknowledged(range: ClosedRange): void;
  /** Called when there is room for further rounds. */
  roomy(): void;
  /** An append failed: the line is over. */
  failed(error: unknown): void;
}

/** A line from one beginning to its stop or first failure. */
export class RoundLine {
  readonly #parts: RoundLineParts;
  readonly #waiting: ClosedRange[] = [];
  readonly #underWay: { readonly range: ClosedRange; isDone: boolean }[] = [];
  #isOver = false;

  constructor(parts: RoundLineParts) {
    this.#parts = parts;
  }

  /** True while a further round would have to wait. */
  get isFull(): boolean {
    return this.#underWay.length >= ROUNDS_UNDER_WAY_MAX;
  }

  /** True if nothing waits and nothing is under way. */
  get isEmpty(): boolean {
    return this.#underWay.length === 0 && this.#waiting.length === 0;
  }

  /** Sends the rounds of a range, or keeps them until there is room; the caller stops reading while it is full. */
  add(range: ClosedRange): void {
    this.#waiting.push(range);
    this.#send();
  }

  /** Forgets everything; late answers have no effect. */
  stop(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#underWay.length = 0;
  }

  #send(): void {
    while (!this.#isOver && !this.isFull) {
      const range = this.#waiting.shift();
      if (range === undefined) return;
      const place = { range, isDone: false };
      this.#underWay.push(place);
      void this.#append(place);
    }
  }

  async #append(place: { readonly range: ClosedRange; isDone: boolean }): Promise<void> {
    try {
      await Promise.all(place.range.rounds.map((round) => this.#parts.append(round)));
    } catch (error) {
      if (this.#isOver) return;
      this.stop();
      this.#parts.failed(error);
      return;
    }
    if (this.#isOver) return;
    place.isDone = true;
    while (this.#underWay[0]?.isDone === true) {
      const first = this.#underWay.shift();
      if (first !== undefined) this.#parts.acknowledged(first.range);
    }
    this.#send();
    if (!this.#isOver && !this.isFull) this.#parts.roomy();
  }
}
