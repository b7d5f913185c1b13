// The log of the reader's thread: one line per cause and minute. It holds no path, address, raw id or content, because
// nobody hands it any.

import type { Clock } from '../../lib/clock.ts';

/** Time in which a cause has one line, in ms. */
const QUIET_MS = 60_000;
/** Causes that are remembered; with more, the oldest is forgotten. */
const LOG_CAUSES_MAX = 1_000;

/** How urgent a line is. */
export type ReaderLogLevel = 'info' | 'warn' | 'error';

/** Writes lines. */
export class ReaderLog {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #write: (level: ReaderLogLevel, sentence: string) => void;
  readonly #saidAtMs = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>, write: (level: ReaderLogLevel, sentence: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Writes a line, unless the cause had one within the last minute; without a cause the sentence is the cause. False: it was not written. */
  say(level: ReaderLogLevel, sentence: string, cause = sentence): boolean {
    const nowMs = this.#clock.monotonicMs();
    const saidAtMs = this.#saidAtMs.get(cause);
    if (saidAtMs !== undefined && nowMs - saidAtMs < QUIET_MS) return false;
    this.#saidAtMs.delete(cause);
    this.#saidAtMs.set(cause, nowMs);
    const [oldest] = this.#saidAtMs.keys();
    if (this.#saidAtMs.size > LOG_CAUSES_MAX && oldest !== undefined) this.#saidAtMs.delete(oldest);
    this.#write(level, sentence);
    return true;
  }
}
