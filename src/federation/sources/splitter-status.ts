// What a splitter says about itself, as plain data.

import type { Source } from '../domain/cluster.ts';
import type { EncodedRound } from './round-draft.ts';

/** Numbers since the splitter started. */
export interface SplitterNumbers {
  /** Messages read and given to a round. */
  readonly messages: number;
  readonly rounds: number;
  /** Bytes of all rounds. */
  readonly bytes: number;
  readonly restarts: number;
  readonly heals: number;
  /** Sequences that the stream no longer held. */
  readonly lost: number;
  /** The same in heals, where the main line has often sent the messages already. */
  readonly lostInHeals: number;
}

/** The state of a splitter. */
export interface SplitterStatus extends SplitterNumbers {
  /** Null until it is known. */
  readonly source: Source | null;
  /** Everything up to this sequence is in all logs. */
  readonly checkpoint: number | null;
  readonly readTo: number | null;
  /** How far behind the end of the stream it reads, in ms. */
  readonly behindMs: number;
  /** True if the stream's broker does not answer. */
  readonly isAway: boolean;
  /** Why it began again; null if it works. */
  readonly problem: string | null;
}

/** Counts. */
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
