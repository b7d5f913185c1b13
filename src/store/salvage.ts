// Stores a failed batch part by part, and quarantines the messages that cannot be stored. Each step is one part and one
// transaction, so a crash between two steps has the effect of a crash between two batches. Errors of the environment
// are thrown, and the caller repeats the step.

import { Bisection } from './bisection.ts';
import { codeOf, refusalOf } from './refusal.ts';

/** Maximum time, in ms, for which a stop goes on looking for a message that cannot be stored. */
export const STOP_SALVAGE_MS = 1_000;

/** What a {@link Salvage} needs of the writer's owner. */
export interface SalvageParts {
  /** Drops everything merged since the last commit, except the facts that came beside the messages. */
  revert(): void;
  /** Drops the uncommitted facts that came beside the messages. */
  dropFacts(): void;
  /** Merges the message with this index in the batch. */
  merge(at: number): void;
  /**
   * Merges, instead of the message with this index, a record that it cannot be stored, with the code of the error that
   * it causes.
   */
  setAside(at: number, code: string): void;
  /** Commits the merged changes, which include `messages` messages of the batch. */
  commit(messages: number): void;
}

/** The salvage of one failed batch. The owner calls {@link Salvage.step} until it returns false. */
export class Salvage {
  readonly #parts: SalvageParts;
  readonly #bisection: Bisection;
  /** Codes of the errors for which messages were quarantined. */
  readonly #codes = new Set<string>();
  #setAside = 0;
  #droppedFacts = false;
  #isReverted = false;
  #code: string;

  /** `count` is the number of messages in the batch, `error` the error with which the whole batch failed. */
  constructor(count: number, error: unknown, parts: SalvageParts) {
    this.#parts = parts;
    this.#code = codeOf(error);
    this.#bisection = new Bisection(count, refusalOf(error) === null ? 1 : 0);
  }

  /** True if a message cannot even be quarantined, or if the batch fails even without facts. */
  get isStuck(): boolean {
    return this.#bisection.isStuck;
  }

  /** What could not be stored, one sentence each for the log; empty if everything was stored. */
  get losses(): readonly string[] {
    const losses: string[] = [];
    if (this.#droppedFacts) {
      const what = 'transitions and statistics of the last moments cannot be stored and were dropped';
      losses.push(`${what}: a defect of the aggregator; please report it`);
    }
    if (this.#setAside > 0) {
      const what = `${this.#setAside} message(s) that cannot be stored (${[...this.#codes].join(', ')})`;
      losses.push(
        `set aside ${what}: a defect of the aggregator; please report it with the table quarantine`,
      );
    }
    return losses;
  }

  /**
   * Tries the next part; returns true if parts are left. Throws the environment's error, the error of the whole batch
   * while the whole batch is being retried, and an error that prevents quarantining a message.
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
