// The brokers' clock, by the times at which they stored records of this process. A machine whose own clock is wrong reads
// the time from here. It writes no record.

import type { Clock } from '../../lib/clock.ts';

/** An answer that took longer than this says too little about the time, in ms; nor does one during which the clock was set. */
const ANSWERED_WITHIN_MS = 2_000;
/** A difference up to this is taken for none, in ms: it does no harm, and the comparison is not exact. */
export const CLOCK_DIFFERENCE_MAX_MS = 2_000;

/** Compares the clock of this machine with the brokers'. */
export class BrokerTime {
  readonly #clock: Pick<Clock, 'nowMs'>;
  #aheadMs = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** The wall clock of this machine; that of the brokers if the two differ by seconds. In ms since the epoch. */
  nowMs(): number {
    return this.#clock.nowMs() + this.#aheadMs;
  }

  /** A sentence for the operator if this machine's clock is wrong; else null. */
  get warning(): string | null {
    if (this.#aheadMs === 0) return null;
    const seconds = Math.round(Math.abs(this.#aheadMs) / 1000);
    const side = this.#aheadMs > 0 ? 'behind' : 'ahead of';
    return `The clock of this machine is ${seconds} s ${side} the brokers': set it.`;
  }

  /**
   * A record was sent at `sentMs` by this machine's clock, the broker stored it at `storedMs` by its own, and the answer
   * has come just now.
   */
  compare(sentMs: number, storedMs: number): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < sentMs || nowMs - sentMs > ANSWERED_WITHIN_MS) return;
    const aheadMs = storedMs > nowMs ? storedMs - nowMs : Math.min(0, storedMs - sentMs);
    this.#aheadMs = Math.abs(aheadMs) > CLOCK_DIFFERENCE_MAX_MS ? aheadMs : 0;
  }
}
