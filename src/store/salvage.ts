// Stores a batch that failed, part by part, and sets aside the messages that cannot be stored. Each step is one part and
// one transaction, so that a crash between two steps is a crash between two batches. The environment's errors are not
// ours: they are thrown, and the step is repeated.

import { Bisection } from './bisection.ts';
import { codeOf, refusalOf } from './refusal.ts';

/** Longest that a stop goes on looking for the message that cannot be stored. */
export const STOP_SALVAGE_MS = 1_000;

export interface SalvageParts {
  /** Drops everything merged since the last commit, but what came beside the messages. */
  revert(): void;
  /** Forgets what came beside the messages and was not committed. */
  dropFacts(): void;
  /** Merges the message in this place of the batch. */
  merge(at: number): void;
  /** Records, instead, that the message in this place cannot be stored, and the code of the error that it causes. */
  setAside(at: number, code: string): void;
  /** Commits what is merged; so many messages of the batch are in it. */
  commit(messages: number): void;
}

export class Salvage {
  readonly #parts: SalvageParts;
  readonly #bisection: Bisection;
  /** The errors for which messages had to be set aside, and how many were. */
  readonly #codes = new Set<string>();
  #setAside = 0;
  #droppedFacts = false;
  #isReverted = false;
  #code: string;

  /** For a batch of `count` messages; `error` is the one it failed with, as a whole. */
  constructor(count: number, error: unknown, parts: SalvageParts) {
    this.#parts = parts;
    this.#code = codeOf(error);
    this.#bisection = new Bisection(count, refusalOf(error) === null ? 1 : 0);
  }

  /** A message, or what else waits, cannot even be set aside. */
  get isStuck(): boolean {
    return this.#bisection.isStuck;
  }

  /** What could not be stored, one sentence each for the log; none if all could. */
  get losses(): readonly string[] {
    const losses: string[] = [];
    if (this.#droppedFacts) {
      const what = 'transitions and statistics of the last moments cannot be stored and were dropped';
      losses.push(`${what}: a defect of ours; please report it`);
    }
    if (this.#setAside > 0) {
      const what = `${this.#setAside} message(s) that cannot be stored (${[...this.#codes].join(', ')})`;
      losses.push(`set aside ${what}: a defect of ours; please report it with the table quarantine`);
    }
    return losses;
  }

  /**
   * Tries the next part; true if more are left. Throws the environment's error; the error of the whole batch while that is
   * tried again; and what keeps a message from being set aside.
   */
  step(): boolean {
    const part = this.#bisection.next;
    if (part === null) return false;
    let at: number | null = null;
    try {
      if (!this.#isReverted) this.#parts.revert();
      this.#isReverted = false;
      if (part.type === 'without_facts') this.#parts.dropFacts();
      if (part.type === 'set_aside') this.#parts.setAside(part.from, this.#code);
      else {
        for (at = part.from; at < part.to; at++) this.#parts.merge(at);
        at = null;
      }
      this.#parts.commit(part.to - part.from);
    } catch (error) {
      if (refusalOf(error) !== null) throw error;
      if (part.type !== 'set_aside') this.#code = codeOf(error);
      this.#bisection.failed(at);
      if (part.type === 'whole' || this.#bisection.isStuck) throw error;
      return true;
    }
    this.#isReverted = true;
    if (part.type === 'without_facts') this.#droppedFacts = true;
    if (part.type === 'set_aside') {
      this.#setAside++;
      this.#codes.add(this.#code);
    }
    this.#bisection.succeeded();
    return this.#bisection.next !== null;
  }
}
