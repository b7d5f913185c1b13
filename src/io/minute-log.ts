// Keeps the log short: of each cause at most one line a minute, however often it happens. It changes no sentence.

import type { Clock } from '../lib/clock.ts';
import { MINUTE_MS } from '../lib/durations.ts';
import type { Log, LogFields, LogLevel } from './log.ts';

/** Causes that are told apart. Further ones share one line a minute. */
export const LOG_CAUSES_MAX = 256;
const OTHER = 'other';

interface Spoken {
  atMs: number;
  /** Lines since then that were left out. */
  leftOut: number;
}

/** A log with at most one line per cause and minute. The next line of a cause has how many were left out (`leftOut`). */
export class MinuteLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #spoken = new Map<string, Spoken>();

  constructor(log: Log, clock: Pick<Clock, 'monotonicMs'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Logs the sentence, unless a line with this cause was logged within the last minute. */
  say(level: LogLevel, cause: string, sentence: string, fields: LogFields = {}): void {
    const nowMs = this.#clock.monotonicMs();
    const key = this.#spoken.has(cause) || this.#spoken.size < LOG_CAUSES_MAX ? cause : OTHER;
    const spoken = this.#spoken.get(key);
    if (spoken !== undefined && nowMs - spoken.atMs < MINUTE_MS) {
      spoken.leftOut += 1;
      return;
    }
    const leftOut = spoken?.leftOut ?? 0;
    this.#spoken.set(key, { atMs: nowMs, leftOut: 0 });
    this.#log[level](sentence, leftOut === 0 ? fields : { ...fields, leftOut });
  }
}
