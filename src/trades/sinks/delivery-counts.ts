// Counts of the delivery since the start, and what its outbox holds. It counts what it is told, and decides
// nothing.

import { Histogram } from '../../lib/histogram.ts';
import type { OutboxView } from '../domain/view.ts';
import { ENTRY_BYTES } from './delivery-bounds.ts';

/** Bounds of `deliverySeconds`, in seconds. */
export const DELIVERY_BOUNDS_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** How an attempt ended. */
export type AttemptEnd = keyof OutboxView['attempts'];

/** The counts that {@link OutboxView} shows as they are. */
type Counted = Pick<
  OutboxView,
  | 'waiting'
  | 'waitingBytes'
  | 'heldBytes'
  | 'deadLetters'
  | 'delivered'
  | 'dead'
  | 'replayed'
  | 'attempts'
  | 'lastDeliveredAtMs'
  | 'deliverySeconds'
>;

/** The counts of one delivery. */
export class DeliveryCounts {
  readonly #seconds = new Histogram(DELIVERY_BOUNDS_SECONDS);
  readonly #attempts: Record<AttemptEnd, number> = { delivered: 0, repeated: 0, retried: 0, dead: 0 };
  #waiting = 0;
  #waitingBytes = 0;
  #deadLetters = 0;
  #deadBytes = 0;
  #delivered = 0;
  #dead = 0;
  #replayed = 0;
  #lastDeliveredAtMs: number | null = null;

  /** What the outbox holds in bytes, as `OUTBOX_MAX_MIB` counts it. */
  get heldBytes(): number {
    return this.#waitingBytes + this.#deadBytes + (this.#waiting + this.#deadLetters) * ENTRY_BYTES;
  }

  /** Dead letters that were there before the start. */
  found(count: number, bytes: number): void {
    this.#deadLetters += count;
    this.#deadBytes += bytes;
  }

  added(bodyBytes: number): void {
    this.#waiting += 1;
    this.#waitingBytes += bodyBytes;
  }

  attempted(end: AttemptEnd, seconds: number): void {
    this.#attempts[end] += 1;
    this.#seconds.observe(seconds);
  }

  delivered(bodyBytes: number, atMs: number): void {
    this.#gone(bodyBytes);
    this.#delivered += 1;
    this.#lastDeliveredAtMs = atMs;
  }

  died(bodyBytes: number): void {
    this.#gone(bodyBytes);
    this.#dead += 1;
    this.found(1, bodyBytes);
  }

  /** A dead letter waits again. */
  replayed(bodyBytes: number): void {
    this.found(-1, -bodyBytes);
    this.#replayed += 1;
    this.added(bodyBytes);
  }

  snapshot(): Counted {
    return {
      waiting: this.#waiting,
      waitingBytes: this.#waitingBytes,
      heldBytes: this.heldBytes,
      deadLetters: this.#deadLetters,
      delivered: this.#delivered,
      dead: this.#dead,
      replayed: this.#replayed,
      attempts: { ...this.#attempts },
      lastDeliveredAtMs: this.#lastDeliveredAtMs,
      deliverySeconds: this.#seconds.snapshot(),
    };
  }

  #gone(bodyBytes: number): void {
    this.#waiting -= 1;
    this.#waitingBytes -= bodyBytes;
  }
}
