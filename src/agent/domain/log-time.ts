// Turns the times of a log, which a node writes in its own time zone, into ms since the epoch. The zone is an argument;
// it asks no clock and no zone of the machine.

const DAY_MS = 86_400_000;
/** Offsets of zones change at multiples of a quarter of an hour. */
const QUARTER_MS = 900_000;

/** The fields of a time as the log has them: month and day from 1. */
export interface LogTimeFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** True if the name is an IANA time zone that this program knows, or `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    // The zone is checked when the formatter is made.
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads times of one zone. A time that the clocks show twice, when they are set back, is the earlier of the two. A time
 * that they skip, when they are set forward, is read with the offset from before: 02:30 becomes 03:30.
 */
export class LogTime {
  readonly #formatter: Intl.DateTimeFormat;
  /** The quarter of an hour of local time that `#offsetMs` belongs to: most entries lie in that of the entry before. */
  #quarter = Number.NaN;
  #offsetMs = 0;

  /** Throws a RangeError for a zone that {@link isTimeZone} refuses. */
  constructor(timeZone: string) {
    this.#formatter = formatterOf(timeZone);
  }

  /** The time in ms since the epoch; null if there is no such day or time of day. A leap second is the second after. */
  msOf(fields: LogTimeFields): number | null {
    const { year, month, day, hour, minute, second } = fields;
    if (hour > 23 || minute > 59 || second > 60) return null;
    const dayMs = Date.UTC(year, month - 1, day);
    const date = new Date(dayMs);
    // Date.UTC carries a 31st of April over into May.
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
    const localMs = dayMs + ((hour * 60 + minute) * 60 + second) * 1_000;
    const quarter = Math.floor(localMs / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#offsetMs = this.#offsetOfLocal(quarter * QUARTER_MS);
      this.#quarter = quarter;
    }
    return localMs - this.#offsetMs;
  }

  #offsetOfLocal(localMs: number): number {
    const before = this.#offsetAt(localMs - DAY_MS);
    if (this.#offsetAt(localMs - before) === before) return before;
    const after = this.#offsetAt(localMs + DAY_MS);
    return this.#offsetAt(localMs - after) === after ? after : before;
  }

  /** The zone's offset from UTC at a moment, in ms; east is positive. */
  #offsetAt(atMs: number): number {
    const fields: Record<string, number> = {};
    for (const { type, value } of this.#formatter.formatToParts(atMs)) fields[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
    return Date.UTC(year, month - 1, day, hour, minute, second) - atMs;
  }
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}
