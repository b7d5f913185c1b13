// One submission that waits for its answer. It is answered once, and within 3 s whatever happens.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { Refusal, SubmitAnswer } from '../domain/answer.ts';

/** Every answer is made within this, in ms, so that it leaves within 3 s. */
export const ANSWER_WITHIN_MS = 2800;

/** How an answer came about: `unverified` is a success before the proof was checked. */
export type AnswerKind = 'accepted' | 'unverified' | 'refused' | 'none';

/** The answer of one submission. */
export class Visit {
  readonly answer: Promise<SubmitAnswer>;
  readonly #resolve: (answer: SubmitAnswer) => void;
  readonly #deadline: Timer;
  readonly #answered: (kind: AnswerKind, answer: SubmitAnswer) => void;
  /** The time that a success names, in seconds; null until the submission is on the disk. */
  #storedTime: bigint | null = null;
  #isAnswered = false;

  /** `answered` is called once, with how the answer came about. */
  constructor(timers: Timers, answered: (kind: AnswerKind, answer: SubmitAnswer) => void) {
    const { promise, resolve } = Promise.withResolvers<SubmitAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#answered = answered;
    this.#deadline = timers.after(ANSWER_WITHIN_MS, () => this.#due());
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** The submission is on the disk: from now on the deadline answers with success. */
  stored(pocTime: bigint): void {
    this.#storedTime = pocTime;
  }

  accept(pocTime: bigint, isVerified: boolean): void {
    this.#settle(isVerified ? 'accepted' : 'unverified', { type: 'accepted', pocTime });
  }

  refuse(refusal: Refusal): void {
    this.#settle('refused', refusal);
  }

  /** Closes the connection without an answer. */
  close(): void {
    this.#settle('none', { type: 'none' });
  }

  #due(): void {
    if (this.#storedTime === null) this.close();
    else this.accept(this.#storedTime, false);
  }

  #settle(kind: AnswerKind, answer: SubmitAnswer): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#deadline.cancel();
    this.#answered(kind, answer);
    this.#resolve(answer);
  }
}
