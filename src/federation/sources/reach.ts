// How far the stream has been read and what the broker's clock shows, as the source thread tells the ingest thread. It says
// at which moment of the stream an operator's change was made, however wrong our wall clock is. It reads no clock.

/** Behind the last end that was told, a stream is thought to be read to its end for this long: an end of a quiet stream is told 5 s late at most. */
const END_AGE_MAX_MS = 10_000;

/** Plain data; all times in ms on the monotonic clock that the threads share. */
export interface Reach {
  /** The broker's clock minus the shared one; null before a message was read live. */
  readonly brokerAheadMs: number | null;
  /** Everything that was stored before `atMs` has been read, up to the sequence `seq`; null if no end was reached. */
  readonly end: StreamEnd | null;
}

export interface StreamEnd {
  readonly atMs: number;
  readonly seq: number;
}

/** The ingest thread's knowledge of the reach. */
export class KnownReach {
  #reach: Reach = { brokerAheadMs: null, end: null };
  #changedAtMs = -Infinity;

  /** The source thread has told this. */
  told(reach: Reach): void {
    this.#reach = reach;
  }

  /** Another stream is read, or none: sequences of the one before mean nothing in it. */
  left(): void {
    this.#reach = { ...this.#reach, end: null };
  }

  /** An operator's change was made at this moment of the shared clock. */
  changed(sharedMs: number): void {
    this.#changedAtMs = sharedMs;
  }

  /** True if every message that was stored before the last change has been taken; `nextSeq` is the next to be taken. */
  isBehindChanges(nextSeq: number | null): boolean {
    const { end } = this.#reach;
    return isTaken(end, nextSeq) && end.atMs > this.#changedAtMs;
  }

  /**
   * The broker's clock at this moment. If it is not known: at the end of the stream the time of the newest message, given as
   * `-Infinity`, which is earlier than nothing that comes; otherwise our wall clock.
   */
  brokerMs(sharedMs: number, nowMs: number, nextSeq: number | null): number {
    const { brokerAheadMs, end } = this.#reach;
    if (brokerAheadMs !== null) return sharedMs + brokerAheadMs;
    return isTaken(end, nextSeq) && sharedMs - end.atMs <= END_AGE_MAX_MS ? -Infinity : nowMs;
  }
}

function isTaken(end: StreamEnd | null, nextSeq: number | null): end is StreamEnd {
  return end !== null && nextSeq !== null && nextSeq > end.seq;
}
