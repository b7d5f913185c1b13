// How far the source thread has read the stream, and the broker's clock, as it reports them to the ingest thread. They
// tell at which point of the stream an operator made a change, even if this machine's wall clock is wrong. It reads no
// clock.

/**
 * A stream counts as read to its end for this long after its last reported end: the end of a quiet stream is reported
 * at most 5 s late.
 */
const END_AGE_MAX_MS = 10_000;

/** Plain data; all times in ms on the monotonic clock that the threads share. */
export interface Reach {
  /** The broker's clock minus the shared one; null until a message was read live. */
  readonly brokerAheadMs: number | null;
  /** Every message stored before `atMs` has been read, up to the sequence `seq`; null if no end was reached. */
  readonly end: StreamEnd | null;
}

/** A time at which reading reached the end of a stream, and the last sequence read. */
export interface StreamEnd {
  readonly atMs: number;
  readonly seq: number;
}

/** The ingest thread's knowledge of the reach. */
export class KnownReach {
  #reach: Reach = { brokerAheadMs: null, end: null };
  #changedAtMs = -Infinity;

  /** Records a report of the source thread. */
  reported(reach: Reach): void {
    this.#reach = reach;
  }

  /** Records that another stream is read, or none: the old sequences mean nothing there. */
  left(): void {
    this.#reach = { ...this.#reach, end: null };
  }

  /** Records that an operator made a change at this time of the shared clock. */
  changed(sharedMs: number): void {
    this.#changedAtMs = sharedMs;
  }

  /**
   * True if every message that was stored before the last change has been taken; `nextSeq` is the next sequence to
   * take.
   */
  isBehindChanges(nextSeq: number | null): boolean {
    const { end } = this.#reach;
    return isTaken(end, nextSeq) && end.atMs > this.#changedAtMs;
  }

  /**
   * Returns the broker's clock at this moment. If it is unknown and the stream is read to its end, returns `-Infinity`,
   * which stands for the time of the newest message and is earlier than every later message. Otherwise returns this
   * machine's wall clock.
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
