// The brokers' clock, as far as this process can tell it from a record that some process renews all the time: the lease of
// the publisher. A machine whose own clock is wrong reads the time from here. It writes no record.

import type { RecordStream } from '../../io/record-stream.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { CLUSTER_SUBJECTS } from '../domain/cluster.ts';

/** What a {@link BrokerTime} needs of its owner. */
export interface BrokerTimeParts {
  /** The records of the cluster; null while there is no connection. */
  records(): RecordStream | null;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timers: Timers;
}

/** Time between two comparisons, in ms; shorter until one has succeeded. */
const COMPARE_MS = 60_000;
const COMPARE_FIRST_MS = 1_000;
/** Time between two looks at the record during a comparison, in ms. A renewal is no older than that when it is seen. */
const LOOK_MS = 200;
/** Looks of one comparison: a lease that nobody renews in this time tells nothing. */
const LOOKS = 15;
/** Between two looks this machine's clock moves by less than this, or it was set; ms. */
const LOOK_TOOK_MAX_MS = 2_000;
/** A difference up to this is taken for none, in ms: it does no harm, and the comparison is not exact. */
export const CLOCK_DIFFERENCE_MAX_MS = 2_000;

/** Compares the two clocks from its start to its stop. */
export class BrokerTime implements Part {
  readonly #parts: BrokerTimeParts;
  #aheadMs = 0;
  #hasCompared = false;
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(parts: BrokerTimeParts) {
    this.#parts = parts;
  }

  /** The wall clock of this machine; that of the brokers if the two differ by seconds. In ms since the epoch. */
  nowMs(): number {
    return this.#parts.clock.nowMs() + this.#aheadMs;
  }

  /** A sentence for the operator if this machine's clock is wrong; else null. */
  get warning(): string | null {
    if (this.#aheadMs === 0) return null;
    const seconds = Math.round(Math.abs(this.#aheadMs) / 1000);
    const side = this.#aheadMs > 0 ? 'behind' : 'ahead of';
    return `this machine's clock is ${seconds} s ${side} the one of the brokers: set it`;
  }

  /** Begins to compare; the first result comes with the next renewal of the lease. */
  async start(): Promise<void> {
    void this.#compare();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Waits for a renewal, whose time at the broker is then the present. */
  async #compare(): Promise<void> {
    let known: number | null = null;
    for (let look = 0; look < LOOKS && !this.#isStopped; look++) {
      const beganMs = this.#parts.clock.nowMs();
      const record = await this.#read();
      const tookMs = this.#parts.clock.nowMs() - beganMs;
      if (record === null) break;
      const isRenewed = known !== null && known !== record.seq;
      if (isRenewed && tookMs >= 0 && tookMs < LOOK_TOOK_MAX_MS) {
        const aheadMs = record.atMs - beganMs;
        this.#hasCompared = true;
        this.#aheadMs = Math.abs(aheadMs) > CLOCK_DIFFERENCE_MAX_MS ? aheadMs : 0;
        break;
      }
      known = record.seq;
      await this.#wait(LOOK_MS);
    }
    if (this.#isStopped) return;
    const restMs = this.#hasCompared ? COMPARE_MS : COMPARE_FIRST_MS;
    this.#timer = this.#parts.timers.after(restMs, () => void this.#compare());
  }

  async #read(): Promise<{ readonly seq: number; readonly atMs: number } | null> {
    try {
      return (await this.#parts.records()?.read(CLUSTER_SUBJECTS.publishLease)) ?? null;
    } catch {
      // The next comparison may succeed; that the brokers do not answer is told elsewhere.
      return null;
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#parts.timers.after(ms, resolve);
    });
  }
}
