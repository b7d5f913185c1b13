// The tick: at every interval, once the source has caught up, it asks the workers for the statistics, publishes them
// and passes them on to be stored. It computes nothing itself. The next tick begins only after a slow tick has ended.

import { type Geography, LOCATION_INTERVAL_MS, type TickStatistics } from '../domain/statistics.ts';
import { PERIODS } from '../domain/vocabulary.ts';
import { type StatisticsMessage, statisticsMessage } from './payload.ts';

/** When to tick. `publishes` is false if statistics are only stored. */
export interface TickerOptions {
  readonly intervalMs: number;
  readonly publishes: boolean;
  readonly aggregatorId: string;
}

/** What a {@link Ticker} needs of its owner. */
export interface TickerParts {
  readStatistics(nowMs: number): Promise<TickStatistics>;
  readGeography(): Promise<Geography>;
  /** Publishes the messages; false if that failed. */
  publish(messages: readonly StatisticsMessage[]): Promise<boolean>;
  /** Passes the tick to the writer. */
  store(tick: TickStatistics): void;
  /** A tick is done. `published` is false if publishing is off or failed. */
  done(tick: TickStatistics, seconds: number, published: boolean): void;
  failed(error: unknown): void;
  isCaughtUp(): boolean;
  nowMs(): number;
  monotonicMs(): number;
}

/** The timer of the ticks; one tick at a time. */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #parts: TickerParts;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #geography: Geography | null = null;
  #geographyAtMs = 0;

  constructor(options: TickerOptions, parts: TickerParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Ticks now and then at every interval. Called when the source has caught up for the first time. */
  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#tick(), this.#options.intervalMs);
    this.#tick();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#running;
  }

  #tick(): void {
    if (this.#running !== null || !this.#parts.isCaughtUp()) return;
    this.#running = this.#run()
      .catch((error: unknown) => this.#parts.failed(error))
      .finally(() => {
        this.#running = null;
      });
  }

  async #run(): Promise<void> {
    const startedMs = this.#parts.monotonicMs();
    const nowMs = this.#parts.nowMs();
    const places = await this.#places(startedMs);
    const counted = await this.#parts.readStatistics(nowMs);
    const tick: TickStatistics = {
      nowMs,
      periods: {
        '1h': { ...counted.periods['1h'], ...places },
        '24h': { ...counted.periods['24h'], ...places },
        '7d': { ...counted.periods['7d'], ...places },
        all: { ...counted.periods.all, ...places },
      },
    };
    this.#parts.store(tick);
    const messages = PERIODS.map((period) =>
      statisticsMessage(period, tick.periods[period], nowMs, this.#options.aggregatorId),
    );
    const published = this.#options.publishes && (await this.#parts.publish(messages));
    this.#parts.done(tick, (this.#parts.monotonicMs() - startedMs) / 1000, published);
  }

  async #places(monotonicMs: number): Promise<Geography> {
    if (this.#geography === null || monotonicMs - this.#geographyAtMs >= LOCATION_INTERVAL_MS) {
      this.#geography = await this.#parts.readGeography();
      this.#geographyAtMs = monotonicMs;
    }
    return this.#geography;
  }
}
