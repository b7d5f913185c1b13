// The statistics of the last second, made once for everyone who asks: `/stats` on both ports, the feed and the tables.

import { numberLiteral } from '../../lib/lossless-json.ts';
import { type Summary, summaryOf } from '../domain/dashboard.ts';
import type { StatsDocument } from '../domain/statistics.ts';

/** Time in which everyone gets the same statistics. */
export const STATISTICS_AGE_MS = 1_000;
/**
 * They are kept at least this many times as long as it took to make them: with ten thousand machines it takes tens of
 * milliseconds, in which no miner gets an answer.
 */
const COST_SHARE = 50;

/** What the statistics are made with. */
export interface SharedStatisticsParts {
  /** Makes the document of this moment. */
  statistics(): StatsDocument;
  monotonicMs(): number;
}

/** The statistics at one moment. */
export interface StatisticsMoment {
  readonly document: StatsDocument;
  /** The JSON text of the document; made when it is first asked for. */
  readonly text: () => string;
  readonly summary: Summary;
}

/** The statistics, at most once in {@link STATISTICS_AGE_MS} made anew, and more seldom if that costs much. */
export class SharedStatistics {
  readonly #parts: SharedStatisticsParts;
  #kept: { readonly moment: StatisticsMoment; readonly untilMs: number } | null = null;

  constructor(parts: SharedStatisticsParts) {
    this.#parts = parts;
  }

  /** The statistics of the last second or seconds. Throws what making them throws. */
  latest(): StatisticsMoment {
    const startedMs = this.#parts.monotonicMs();
    if (this.#kept !== null && startedMs < this.#kept.untilMs) return this.#kept.moment;
    const document = this.#parts.statistics();
    let text: string | null = null;
    const moment = {
      document,
      text: () => (text ??= this.#printed(document)),
      summary: summaryOf(document),
    };
    this.#kept = { moment, untilMs: startedMs + STATISTICS_AGE_MS };
    this.#keepFor(this.#parts.monotonicMs() - startedMs);
    return moment;
  }

  #printed(document: StatsDocument): string {
    const startedMs = this.#parts.monotonicMs();
    const text = statsText(document);
    this.#keepFor(this.#parts.monotonicMs() - startedMs);
    return text;
  }

  /** Keeps the statistics for as long as a part of their making that took `tookMs` is worth. */
  #keepFor(tookMs: number): void {
    if (this.#kept === null) return;
    const { moment, untilMs } = this.#kept;
    const worthMs = this.#parts.monotonicMs() + COST_SHARE * tookMs;
    this.#kept = { moment, untilMs: Math.max(untilMs, worthMs) };
  }
}

/**
 * The JSON text of `/stats`. Only these members are integers of the wire; a look at every member of ten thousand
 * machines would take the event loop ten times as long.
 */
export function statsText(document: StatsDocument): string {
  const { currentHeight, currentBlockBest: best } = document;
  return JSON.stringify({
    ...document,
    currentHeight: numberLiteral(currentHeight),
    currentBlockBest: {
      ...best,
      height: numberLiteral(best.height),
      bestPocTime: best.bestPocTime === null ? null : numberLiteral(best.bestPocTime),
      bestRawQuality: best.bestRawQuality === null ? null : numberLiteral(best.bestRawQuality),
    },
  });
}
