// The door that every message comes through: size, decode, validate, limit, apply (section 7), each outcome counted.
// A stranger's message never throws here and never reaches a log.

import type { Outcome } from '../../domain/federation/accounting.ts';
import { Decoder } from '../../domain/federation/decode.ts';
import type { Signal } from '../../domain/federation/signal.ts';
import { SUBJECTS } from '../../domain/federation/vocabulary.ts';
import { type Ledger, NO_SUBJECT } from './ledger.ts';

/** What the door does with a valid message: merges it, and says what became of it. */
export type Apply = (signal: Signal, atMs: number, nowMs: number) => 'applied' | 'duplicate' | 'rate_limited';

export interface DoorOptions {
  /** `truebit.`, or `ingest.` where the broker maps the inputs (section 8). */
  readonly prefix: string;
  /** A broker time further ahead of ours than this is counted. */
  readonly futureToleranceMs: number;
}

export class Door {
  readonly #ledger: Ledger;
  readonly #apply: Apply;
  readonly #decoder = new Decoder();
  readonly #subjects: ReadonlyMap<string, number>;
  readonly #futureToleranceMs: number;

  constructor(ledger: Ledger, apply: Apply, options: DoorOptions) {
    this.#ledger = ledger;
    this.#apply = apply;
    this.#futureToleranceMs = options.futureToleranceMs;
    this.#subjects = new Map(
      SUBJECTS.map((subject, index) => [subject.replace('truebit.', options.prefix), index]),
    );
  }

  get unknownLabels(): readonly number[] {
    return this.#decoder.unknownLabels;
  }

  /** Takes one message with event time `atMs`; returns what became of it. */
  enter(subjectName: string, payload: Uint8Array, atMs: number, nowMs: number): Outcome {
    const subject = this.#receive(subjectName, atMs, nowMs);
    if (subject === NO_SUBJECT) return this.#close(subject, 'ignored');
    const decoded = this.#decoder.decode(subject, payload);
    if (typeof decoded === 'string') {
      this.#ledger.reject(subject, decoded);
      return 'rejected';
    }
    return this.#close(subject, this.#apply(decoded, atMs, nowMs));
  }

  /** Counts a message that is not looked at: one that was read before, or one there is no room for. */
  turnAway(subjectName: string, atMs: number, nowMs: number, outcome: 'replayed' | 'shed'): void {
    this.#close(this.#receive(subjectName, atMs, nowMs), outcome);
  }

  #receive(subjectName: string, atMs: number, nowMs: number): number {
    const subject = this.#subjects.get(subjectName) ?? NO_SUBJECT;
    this.#ledger.receive(subject, atMs, atMs - nowMs > this.#futureToleranceMs);
    return subject;
  }

  #close(subject: number, outcome: Outcome): Outcome {
    this.#ledger.outcome(subject, outcome);
    return outcome;
  }
}
