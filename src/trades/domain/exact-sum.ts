// A growing exact sum. It keeps what is short apart, so that most additions cost one addition of doubles.

import { type Exact, ZERO } from './amount.ts';

/** An exact sum. */
export class ExactSum {
  #long = ZERO;
  #short = ZERO;

  add(amount: Exact): void {
    const sum = this.#short.plus(amount);
    if (sum.isShort) {
      this.#short = sum;
      return;
    }
    this.#long = this.#long.plus(sum);
    this.#short = ZERO;
  }

  /** The sum so far. */
  get value(): Exact {
    return this.#long.plus(this.#short);
  }
}
