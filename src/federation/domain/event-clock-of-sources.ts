// The event clock of several input streams that are read in one order: in a cluster, the order of a partition's log. Each
// stream has the clock of its own broker, and all are put on one common line. It reads no clock and stores nothing. With
// a single source it shows exactly what EventClock shows.

import { type EventClockState, movedInStreamMs } from './event-clock.ts';

/** Clocks of brokers that differ by no more than this are taken as they are, in ms. */
const SOURCES_APART_MAX_MS = 10_000;

/** How one source stands on the common line. The owner stores it with the rows. */
export interface SourceTimes {
  /** The time of the last message, as its broker reported it, in ms since the epoch; 0 before the first message. */
  lastMs: number;
  /** The source's own clock, which removes the steps back of its broker. */
  nowMs: number;
  /** The common line minus the source's own clock. */
  offsetMs: number;
}

/** The times of a source of which no message was read. */
export function unheardSource(): SourceTimes {
  return { lastMs: 0, nowMs: 0, offsetMs: 0 };
}

/**
 * The first source of a database continues the clock that the database had. Any other source takes the common line if
 * its first time is close to it; otherwise its clock is put on the line at its first message. A source that falls far
 * behind the line is put on it again at its next message.
 */
export class SourceClocks {
  readonly #gapMaxMs: number;
  #lastMs: number;
  #nowMs: number;
  #observedMs: number;
  #skippedMs: number;
  #hasHeard: boolean;
  #source: SourceTimes | null = null;

  /**
   * Resumes from the common line. `gapMaxMs` is as in `EventClock`; `hasHeard`: a message of some source was read
   * before.
   */
  constructor(
    { lastMs, nowMs, observedMs, skippedMs = 0 }: EventClockState,
    gapMaxMs: number,
    hasHeard: boolean,
  ) {
    this.#lastMs = lastMs;
    this.#nowMs = nowMs;
    this.#observedMs = observedMs;
    this.#skippedMs = skippedMs;
    this.#gapMaxMs = gapMaxMs;
    this.#hasHeard = hasHeard;
  }

  /** The common line. */
  get state(): EventClockState {
    return {
      lastMs: this.#lastMs,
      nowMs: this.#nowMs,
      observedMs: this.#observedMs,
      skippedMs: this.#skippedMs,
    };
  }

  /** As in `EventClock`, on the common line. */
  get presentMs(): number {
    return this.#nowMs - this.#skippedMs;
  }

  /** The next messages are of this source; {@link pass} changes its times. */
  hear(source: SourceTimes): void {
    this.#source = source;
  }

  /** What the clock would show for a message of the present source at `atMs`. The clock does not move. */
  at(atMs: number): number {
    if (this.#source === null) return this.#nowMs + Math.max(0, atMs - this.#lastMs);
    const { lastMs, nowMs, offsetMs } = this.#source.lastMs === 0 ? this.#first(atMs) : this.#source;
    return Math.max(this.#nowMs, this.#near(nowMs + Math.max(0, atMs - lastMs) + offsetMs));
  }

  /**
   * Advances to the next message of the present source, stored by its broker at `atMs`. Returns its time on the common
   * line, which never goes back.
   */
  pass(atMs: number, observedMs: number): number {
    const source = this.#source;
    if (source === null) throw new Error('a message of no source');
    if (source.lastMs === 0) Object.assign(source, this.#first(atMs));
    source.nowMs += movedInStreamMs(atMs - source.lastMs);
    source.lastMs = atMs;
    const shownMs = this.#near(source.nowMs + source.offsetMs);
    source.offsetMs = shownMs - source.nowMs;
    const movedMs = Math.max(0, shownMs - this.#nowMs);
    if (this.#lastMs > 0) this.#skippedMs += Math.max(0, movedMs - this.#gapMaxMs);
    this.#hasHeard = true;
    this.#nowMs += movedMs;
    this.#lastMs = atMs;
    this.#observedMs = observedMs;
    return this.#nowMs;
  }

  /** The times with which a source begins whose first message is at `atMs`. */
  #first(atMs: number): SourceTimes {
    if (!this.#hasHeard) return { lastMs: this.#lastMs, nowMs: this.#nowMs, offsetMs: 0 };
    const isNear = Math.abs(atMs - this.#nowMs) <= SOURCES_APART_MAX_MS;
    return { lastMs: atMs, nowMs: atMs, offsetMs: isNear ? 0 : this.#nowMs - atMs };
  }

  /** A time on the common line, or its present reading if the time is too far behind it. */
  #near(shownMs: number): number {
    return shownMs < this.#nowMs - SOURCES_APART_MAX_MS ? this.#nowMs : shownMs;
  }
}
