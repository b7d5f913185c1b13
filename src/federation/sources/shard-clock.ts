// The time up to which an input stream has been read, by its broker's clock. It reads no clock: every time is an argument.

import type { InputFacts } from './split-parts.ts';
import { BrokerClock } from './broker-clock.ts';

/** The times that the header of a round carries, ms since the epoch. */
export interface RoundTimes {
  readonly atMs: number;
  readonly behindMs: number;
}

/** Times of one stream; `monotonicMs` and `askedMs` are on this machine's monotonic clock. */
export class ShardClock {
  readonly #broker = new BrokerClock();
  /** Every message stored before this time has been read; null if nothing is known. */
  #readToMs: number | null = null;
  #isAtEnd = false;

  /** The splitter begins after a message of this time; null if that is not known. */
  begin(atMs: number | null): void {
    this.#readToMs = atMs;
    this.#isAtEnd = false;
    this.#broker.away();
  }

  /** The broker said what time it is. */
  heard({ brokerMs }: Pick<InputFacts, 'brokerMs'>, monotonicMs: number): void {
    if (brokerMs === null) return;
    this.#broker.ended(monotonicMs);
    this.#broker.read(brokerMs, monotonicMs);
  }

  /** A message was read. */
  read({ atMs, pending }: { readonly atMs: number; readonly pending: number }, monotonicMs: number): void {
    this.#readToMs = atMs;
    this.#isAtEnd = pending === 0;
    this.#broker.read(atMs, monotonicMs);
  }

  /** The stream held nothing further at some moment after `askedMs`. `wallMs` is used if the broker's time is unknown. */
  ended(askedMs: number, monotonicMs: number, wallMs: number): void {
    this.#broker.ended(askedMs);
    this.#isAtEnd = true;
    const endMs = this.#broker.nowMs(askedMs) ?? wallMs - (monotonicMs - askedMs);
    this.#readToMs = Math.max(this.#readToMs ?? 0, Math.floor(endMs));
  }

  /** Reading has broken off: messages may wait from now on. */
  lost(): void {
    this.#isAtEnd = false;
    this.#broker.away();
  }

  /** The times of a round that is closed now. */
  times(monotonicMs: number, wallMs: number): RoundTimes {
    const nowMs = Math.floor(this.#broker.nowMs(monotonicMs) ?? wallMs);
    const readToMs = this.#readToMs;
    if (readToMs === null) return { atMs: nowMs, behindMs: nowMs };
    if (this.#isAtEnd) return { atMs: readToMs, behindMs: 0 };
    const atMs = Math.max(nowMs, readToMs);
    return { atMs, behindMs: atMs - readToMs };
  }
}
