// The counters of a splitter.

import type { SplitterNumbers } from '../domain/splitter-status.ts';
import type { EncodedRound } from './round-draft.ts';

/** Counts what a splitter does, from its start. */
export class SplitterCounters {
  messages = 0;
  restarts = 0;
  heals = 0;
  lost = 0;
  lostInHeals = 0;
  #rounds = 0;
  #bytes = 0;

  /** Rounds were closed. */
  closed(rounds: readonly EncodedRound[]): void {
    this.#rounds += rounds.length;
    for (const { bytes } of rounds) this.#bytes += bytes.length;
  }

  get values(): SplitterNumbers {
    const { messages, restarts, heals, lost, lostInHeals } = this;
    return { messages, rounds: this.#rounds, bytes: this.#bytes, restarts, heals, lost, lostInHeals };
  }
}
