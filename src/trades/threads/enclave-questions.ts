// The service's questions to the enclave that wait for an answer. It sends nothing itself.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { LinkAnswer } from '../domain/enclave-link.ts';

/** Questions that wait at the same time; further ones are refused. */
export const ENCLAVE_QUESTIONS_MAX = 100;
/** Time for an answer, in ms: a registration is checked at the exchange. */
export const ENCLAVE_ANSWER_MS = 60_000;

/** Why a question has no answer. */
export type Unanswered = 'away' | 'too_many' | 'late';

interface Waiting {
  readonly timer: Timer;
  resolve(answer: LinkAnswer | Unanswered): void;
}

/** Questions without an answer. */
export class EnclaveQuestions {
  readonly #timers: Timers;
  readonly #waiting = new Map<number, Waiting>();
  #lastNumber = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Asks with a number of its own. Never rejects. */
  ask(send: (number: number) => void): Promise<LinkAnswer | Unanswered> {
    if (this.#waiting.size >= ENCLAVE_QUESTIONS_MAX) return Promise.resolve('too_many');
    const number = ++this.#lastNumber;
    return new Promise((resolve) => {
      const timer = this.#timers.after(ENCLAVE_ANSWER_MS, () => this.#end(number, 'late'));
      this.#waiting.set(number, { timer, resolve });
      send(number);
    });
  }

  /** The enclave answered. Unknown numbers are ignored: their time was over. */
  answered(number: number, answer: LinkAnswer): void {
    this.#end(number, answer);
  }

  /** The link is broken. */
  unlinked(): void {
    for (const number of this.#waiting.keys()) this.#end(number, 'away');
  }

  #end(number: number, answer: LinkAnswer | Unanswered): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.timer.cancel();
    waiting?.resolve(answer);
  }
}
