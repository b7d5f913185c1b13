// How late the main thread's event loop comes to its timers, over the last one to two windows. Two monitors take
// turns, so that a scrape never finds one that has just been emptied; several scrapers do not disturb each other.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Resolution of the event-loop delay: below this a delay is not seen. */
export const EVENT_LOOP_RESOLUTION_MS = 10;
/** Event-loop delay quantiles cover at least the last such time, at most the last two (longer if nobody asks). */
export const EVENT_LOOP_WINDOW_MS = 60_000;

/** The quantiles that are reported; 1 is the maximum. */
export const DELAY_QUANTILES = [0.5, 0.9, 0.99, 1] as const;

/** Delays beyond the timer's own interval. */
export interface DelayMoment {
  /** In the order of {@link DELAY_QUANTILES}. */
  readonly quantilesSeconds: readonly number[];
  /** Measurements since the start, and their sum. */
  readonly count: number;
  readonly sumSeconds: number;
}

interface Monitor {
  readonly histogram: ReturnType<typeof monitorEventLoopDelay>;
  emptiedAtMs: number;
  /** What of it has been added to the totals. */
  counted: number;
  countedSeconds: number;
}

/** Measures from its creation until `stop`; does not keep the process alive. */
export class EventLoopDelay {
  #older: Monitor;
  #younger: Monitor;
  #count = 0;
  #sumSeconds = 0;

  /** `nowMs` is monotonic, here and in {@link read}. */
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

  /** Both monitors saw the same time since the last reading; the older one's growth is added once. */
  #addToTotals(): void {
    const { counted, countedSeconds } = this.#older;
    for (const monitor of [this.#older, this.#younger]) {
      const { count, mean } = monitor.histogram;
      monitor.counted = count;
      monitor.countedSeconds = count === 0 ? 0 : beyondInterval(mean) * count;
    }
    this.#count += this.#older.counted - counted;
    // The mean is a rounded number: a sum must not fall for it.
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
