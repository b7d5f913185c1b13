// Measures how late the main thread's event loop runs its timers, over the last one to two windows. Two monitors take
// turns, so that a scrape never reads one that was just reset; several scrapers do not disturb each other.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Resolution of the event-loop delay; shorter delays are not measured. */
export const EVENT_LOOP_RESOLUTION_MS = 10;
/**
 * Window of the delay quantiles. They cover at least the last one and at most the last two windows (longer without
 * scrapes).
 */
export const EVENT_LOOP_WINDOW_MS = 60_000;

/** The reported quantiles; 1 is the maximum. */
export const DELAY_QUANTILES = [0.5, 0.9, 0.99, 1] as const;

/** The delays at one moment, without the timer's own interval. */
export interface DelayMoment {
  /** One value for each of {@link DELAY_QUANTILES}, in that order. */
  readonly quantilesSeconds: readonly number[];
  /** Number of measurements since the start, and their sum. */
  readonly count: number;
  readonly sumSeconds: number;
}

interface Monitor {
  readonly histogram: ReturnType<typeof monitorEventLoopDelay>;
  emptiedAtMs: number;
  /** The part of its measurements that is already in the totals. */
  counted: number;
  countedSeconds: number;
}

/** Measures from its creation until `stop`; it does not keep the process alive. */
export class EventLoopDelay {
  #older: Monitor;
  #younger: Monitor;
  #count = 0;
  #sumSeconds = 0;

  /** `nowMs` is monotonic time, here and in {@link EventLoopDelay.read}. */
  constructor(nowMs: number) {
    this.#older = start(nowMs);
    this.#younger = start(nowMs);
  }

  read(nowMs: number): DelayMoment {
    if (nowMs - this.#younger.emptiedAtMs >= EVENT_LOOP_WINDOW_MS) this.#swap(nowMs);
    this.#addToTotals();
    const { histogram } = this.#older;
    return {
      quantilesSeconds: DELAY_QUANTILES.map((quantile) =>
        histogram.count === 0 ? 0 : beyondInterval(histogram.percentile(quantile * 100)),
      ),
      count: this.#count,
      sumSeconds: this.#sumSeconds,
    };
  }

  stop(): void {
    this.#older.histogram.disable();
    this.#younger.histogram.disable();
  }

  #swap(nowMs: number): void {
    this.#addToTotals();
    const emptied = this.#older;
    emptied.histogram.reset();
    emptied.emptiedAtMs = nowMs;
    emptied.counted = 0;
    emptied.countedSeconds = 0;
    this.#older = this.#younger;
    this.#younger = emptied;
  }

  /** Since the last reading both monitors measured the same time, so only the older one's growth is added. */
  #addToTotals(): void {
    const { counted, countedSeconds } = this.#older;
    for (const monitor of [this.#older, this.#younger]) {
      const { count, mean } = monitor.histogram;
      monitor.counted = count;
      monitor.countedSeconds = count === 0 ? 0 : beyondInterval(mean) * count;
    }
    this.#count += this.#older.counted - counted;
    // The mean is rounded, and rounding must not make the sum fall.
    this.#sumSeconds += Math.max(0, this.#older.countedSeconds - countedSeconds);
  }
}

function start(nowMs: number): Monitor {
  const histogram = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  histogram.enable();
  return { histogram, emptiedAtMs: nowMs, counted: 0, countedSeconds: 0 };
}

function beyondInterval(nanoseconds: number): number {
  return Math.max(0, nanoseconds - EVENT_LOOP_RESOLUTION_MS * 1e6) / 1e9;
}
