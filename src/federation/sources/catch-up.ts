// How far reading has come: whether we are catching up, how old the oldest unread message is, and how far the broker's clock
// is from ours. It judges the numbers that it is given; it reads nothing and asks the broker nothing.

import type { Clock } from '../../lib/clock.ts';
import { BrokerClock } from './broker-clock.ts';
import type { Reach, StreamEnd } from './reach.ts';
import type { Stall } from './stall.ts';

/**
 * Messages pending and the newest one read older than this: the source is catching up (docs/federation.md#catching-up).
 */
export const CATCHING_UP_AGE_MS = 10_000;

/** The numbers are plain fields: the reader sets three of them for each message. */
export class CatchUp {
  /** What is read; null before we have ever attached. */
  mode: 'jetstream' | 'core' | null = null;
  /** Nothing more is asked for at the moment. */
  isPaused = false;
  /** The stream's last sequence when we attached: caught up once we are there. */
  targetSeq = 0;
  readSeq = 0;
  committedSeq = 0;
  /** When the broker stored the newest message read, or a later time that is still before that of every unread one. */
  newestMs = 0;
  /** Messages that the stream holds beyond those read. */
  pending = 0;
  readonly brokerClock = new BrokerClock();
  /** The end of the stream that was reached last, on our monotonic clock. */
  #end: StreamEnd | null = null;
  readonly #clock: Clock;
  readonly #stall: Stall;
  readonly #ageMaxMs: number;

  /** Messages that wait and are older than `ageMaxMs` are to be caught up with, except those that `stall` tells of. */
  constructor(clock: Clock, stall: Stall, ageMaxMs: number) {
    this.#clock = clock;
    this.#stall = stall;
    this.#ageMaxMs = ageMaxMs;
  }

  /** We attached to a stream that ends at `lastSeq`; the next to read is `nextSeq`. */
  begin(nextSeq: number, lastSeq: number, newestMs: number): void {
    this.targetSeq = lastSeq;
    this.readSeq = nextSeq - 1;
    this.committedSeq = nextSeq - 1;
    this.newestMs = newestMs;
  }

  /** Everything that the stream held at `atMs`, by {@link brokerNowMs}, was read, or is there no more. */
  nothingUnread(atMs: number): void {
    this.pending = 0;
    this.newestMs = Math.max(this.newestMs, atMs);
    // What was there when we attached may have been removed since.
    this.targetSeq = Math.min(this.targetSeq, this.readSeq);
  }

  /** Another stream is to be read, or none: its sequences have nothing to do with those read. */
  left(): void {
    this.#end = null;
  }

  /** The stream held nothing unread at some moment after `askedMs`. */
  ended(askedMs: number): void {
    this.brokerClock.ended(askedMs);
    if (this.#end === null || this.#end.atMs < askedMs) this.#end = { atMs: askedMs, seq: this.readSeq };
  }

  /** For the ingest thread; `sharedMs` is the clock that it has in common with us, at this moment. */
  reach(sharedMs: number): Reach {
    const monotonicMs = this.#clock.monotonicMs();
    const brokerMs = this.brokerClock.nowMs(monotonicMs);
    const end =
      this.#end === null ? null : { atMs: this.#end.atMs + sharedMs - monotonicMs, seq: this.#end.seq };
    return { brokerAheadMs: brokerMs === null ? null : brokerMs - sharedMs, end };
  }

  /** True from attaching until the stream's end of that moment is committed, and whenever we are far behind. */
  get isCatchingUp(): boolean {
    if (this.mode === null) return true;
    if (this.mode === 'core') return false;
    if (this.committedSeq < this.targetSeq) return true;
    // While nothing more is asked for, how much is pending is not known.
    return (
      ((this.pending > 0 && this.#stall.unread === 0) || this.isPaused) &&
      this.brokerNowMs - this.newestMs > this.#ageMaxMs
    );
  }

  /** Age of the oldest message that the stream holds beyond those read, or a little more; 0 if it holds none. */
  get unreadAgeMs(): number {
    if (this.mode !== 'jetstream' || this.pending === 0) return 0;
    return Math.max(0, Math.round(this.brokerNowMs - this.newestMs));
  }

  /** Broker clock minus ours; null before a message was read live, and on plain NATS, where messages carry no time. */
  get clockOffsetMs(): number | null {
    const brokerMs = this.brokerClock.nowMs(this.#clock.monotonicMs());
    return brokerMs === null ? null : Math.round(brokerMs - this.#clock.nowMs());
  }

  /** What the broker's clock shows; ours while nothing is known of the broker's. */
  get brokerNowMs(): number {
    return this.brokerClock.nowMs(this.#clock.monotonicMs()) ?? this.#clock.nowMs();
  }
}
