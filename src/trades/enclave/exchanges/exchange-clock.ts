// The time by an exchange's clock. It follows the machine's monotonic clock from the latest measurement, so that a step of
// the machine's wall clock changes nothing.

import type { Clock } from '../../../lib/clock.ts';

/** The exchange's answer, and when, by the monotonic clock in ms, its request left and it came. */
export interface TimeReading {
  /** In ms since 1970. */
  readonly exchangeMs: number;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** The clock of one exchange. */
export class ExchangeClock {
  readonly #clock: Clock;
  readonly #read: () => Promise<TimeReading | null>;
  /** The exchange's time minus the monotonic time; null before the first measurement. */
  #aheadMs: number | null = null;
  #measuring: Promise<void> | null = null;

  /** `read` asks the exchange; it resolves with null if the exchange does not tell its time. */
  constructor(clock: Clock, read: () => Promise<TimeReading | null>) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Now, in ms since 1970; by the machine's wall clock until it is measured. */
  nowMs(): number {
    return this.#aheadMs === null
      ? this.#clock.nowMs()
      : Math.floor(this.#clock.monotonicMs() + this.#aheadMs);
  }

  /** How far the exchange's clock is ahead of the machine's wall clock, in ms. */
  get offsetMs(): number {
    return this.nowMs() - this.#clock.nowMs();
  }

  /** Measures; calls at the same time share one measurement. Rejects with what `read` rejects with. */
  measure(): Promise<void> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = null;
    });
    return this.#measuring;
  }

  async #measure(): Promise<void> {
    const reading = await this.#read();
    if (reading === null) return;
    const { exchangeMs, sentMs, answeredMs } = reading;
    this.#aheadMs = exchangeMs - (sentMs + answeredMs) / 2;
  }
}
