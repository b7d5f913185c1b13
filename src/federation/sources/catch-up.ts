// Judges how far reading has come: whether the source is catching up, the age of the oldest unread message, and the
// offset of the broker's clock. It judges the numbers that it gets; it reads nothing and asks the broker nothing.

import type { Clock } from '../../lib/clock.ts';
import { BrokerClock } from './broker-clock.ts';
import type { Reach, StreamEnd } from './reach.ts';
import type { Stall } from './stall.ts';

/**
 * With messages pending and the newest message read older than this, the source is catching up
 * (docs/federation.md#catching-up).
 */
export const CATCHING_UP_AGE_MS = 10_000;

/** The progress of reading. The numbers are plain fields, because the reader sets three of them for each message. */
export class CatchUp {
  /** What is read; null before the source has attached for the first time. */
  mode: 'jetstream' | 'core' | null = null;
  /** True while the source requests no messages. */
  isPaused = false;
  /** The stream's last sequence at the time of attaching; when it is committed, the source has caught up. */
  targetSeq = 0;
  readSeq = 0;
  committedSeq = 0;
  /**
   * When the broker stored the newest message read, or a later time that is still earlier than that of every unread
   * message.
   */
  newestMs = 0;
  /** Number of messages in the stream after those read. */
  pending = 0;
  readonly brokerClock = new BrokerClock();
  /** The last time at which reading reached the end of the stream, on the monotonic clock. */
  #end: StreamEnd | null = null;
  readonly #clock: Clock;
  readonly #stall: Stall;
  readonly #ageMaxMs: number;

  /** Waiting messages older than `ageMaxMs` make the source catch up, except those that `stall` reports. */
  constructor(clock: Clock, stall: Stall, ageMaxMs: number) {
    this.#clock = clock;
    this.#stall = stall;
    this.#ageMaxMs = ageMaxMs;
  }

  /** Records that the source attached to a stream that ends at `lastSeq`; `nextSeq` is the next sequence to read. */
  begin(nextSeq: number, lastSeq: number, newestMs: number): void {
    this.targetSeq = lastSeq;
    this.readSeq = nextSeq - 1;
    this.committedSeq = nextSeq - 1;
    this.newestMs = newestMs;
  }

  /** Records that every message that the stream held at `atMs`, by {@link brokerNowMs}, was read or is gone. */
  nothingUnread(atMs: number): void {
    this.pending = 0;
    this.newestMs = Math.max(this.newestMs, atMs);
    // Messages that were there at the time of attaching may have been removed since.
    this.targetSeq = Math.min(this.targetSeq, this.readSeq);
  }

  /** Records that the source will read another stream, or none; the old sequences mean nothing there. */
  left(): void {
    this.#end = null;
  }

  /** Records that the stream held nothing unread at some moment after `askedMs`. */
  ended(askedMs: number): void {
    this.brokerClock.ended(askedMs);
    if (this.#end === null || this.#end.atMs < askedMs) this.#end = { atMs: askedMs, seq: this.readSeq };
  }

  /** The progress for the ingest thread; `sharedMs` is the clock that both threads share, at this moment. */
  reach(sharedMs: number): Reach {
    const monotonicMs = this.#clock.monotonicMs();
    const brokerMs = this.brokerClock.nowMs(monotonicMs);
    const end =
      this.#end === null ? null : { atMs: this.#end.atMs + sharedMs - monotonicMs, seq: this.#end.seq };
    return { brokerAheadMs: brokerMs === null ? null : brokerMs - sharedMs, end };
  }

  /** True from attaching until the stream's end of that moment is committed, and whenever reading is far behind. */
  get isCatchingUp(): boolean {
    if (this.mode === null) return true;
    if (this.mode === 'core') return false;
    if (this.committedSeq < this.targetSeq) return true;
    // While the source is paused, the number of pending messages is unknown.
    return (
      ((this.pending > 0 && this.#stall.unread === 0) || this.isPaused) &&
      this.brokerNowMs - this.newestMs > this.#ageMaxMs
    );
  }

  /** Age of the oldest unread message in the stream, or a little more; 0 if there is none. */
  get unreadAgeMs(): number {
    if (this.mode !== 'jetstream' || this.pending === 0) return 0;
    return Math.max(0, Math.round(this.brokerNowMs - this.newestMs));
  }

  /**
   * The broker's clock minus this machine's; null until a message was read live, and on plain NATS, where messages
   * carry no time.
   */
  get clockOffsetMs(): number | null {
    const brokerMs = this.brokerClock.nowMs(this.#clock.monotonicMs());
    return brokerMs === null ? null : Math.round(brokerMs - this.#clock.nowMs());
  }

  /** The broker's clock; this machine's clock while the broker's is unknown. */
  get brokerNowMs(): number {
    return this.brokerClock.nowMs(this.#clock.monotonicMs()) ?? this.#clock.nowMs();
  }
}
