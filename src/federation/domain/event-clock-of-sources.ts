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
 * its broker's present time is close to it; otherwise its clock is put on the line at its first round. A source whose
 * broker falls far behind the line is put on it again at its next round. Each round tells its broker's present time, so
 * messages that arrive late keep their own, earlier times.
 */
export class SourceClocks {
  readonly #gapMaxMs: number;
  #lastMs: number;
  #nowMs: number;
  #observedMs: number;
  #skippedMs: number;
  #hasHeard: boolean;
  #messageMs: number;
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
    this.#messageMs = nowMs;
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

  /**
   * The time of the last message passed on the common line. It is before the reading of this clock for a message that
   * arrived later than messages of other sources that were stored after it.
   */
  get messageMs(): number {
    return this.#messageMs;
  }

  /**
   * The next messages are of this source; {@link pass} changes its times. `brokerMs`: what its broker's clock showed when
   * their round was made; null if none of them counts.
   */
  hear(source: SourceTimes, brokerMs: number | null): void {
    this.#source = source;
    const isNew = source.lastMs === 0;
    // The first source continues the line at its first message.
    if (brokerMs === null || (isNew && !this.#hasHeard)) return;
    const presentMs = isNew
      ? brokerMs
      : source.nowMs + Math.max(0, brokerMs - source.lastMs) + source.offsetMs;
    const behindMs = this.#nowMs - presentMs;
    const isApart = (isNew ? Math.abs(behindMs) : behindMs) > SOURCES_APART_MAX_MS;
    if (isNew) source.offsetMs = isApart ? behindMs : 0;
    else if (isApart) source.offsetMs += behindMs;
  }

  /** What the clock would show for a message of the present source at `atMs`. The clock does not move. */
  at(atMs: number): number {
    const { lastMs, nowMs, offsetMs } = this.#timesAt(atMs);
    return Math.max(this.#nowMs, nowMs + Math.max(0, atMs - lastMs) + offsetMs);
  }

  /**
   * Advances to the next message of the present source, stored by its broker at `atMs`. Returns the reading of this
   * clock, which never goes back.
   */
  pass(atMs: number, observedMs: number): number {
    const source = this.#source;
    if (source === null) throw new Error('a message of no source');
    Object.assign(source, this.#timesAt(atMs));
    source.nowMs += movedInStreamMs(atMs - source.lastMs);
    source.lastMs = atMs;
    this.#messageMs = source.nowMs + source.offsetMs;
    const movedMs = Math.max(0, this.#messageMs - this.#nowMs);
    if (this.#lastMs > 0) this.#skippedMs += Math.max(0, movedMs - this.#gapMaxMs);
    this.#hasHeard = true;
    this.#nowMs += movedMs;
    this.#lastMs = atMs;
    this.#observedMs = observedMs;
    return this.#nowMs;
  }

  /** The times of the present source; before its first message, which is at `atMs`, those with which it begins. */
  #timesAt(atMs: number): SourceTimes {
    const source = this.#source;
    if (source !== null && source.lastMs > 0) return source;
    if (source === null || !this.#hasHeard) return { lastMs: this.#lastMs, nowMs: this.#nowMs, offsetMs: 0 };
    return { lastMs: atMs, nowMs: atMs, offsetMs: source.offsetMs };
  }
}
