// The statistics of the last second, made once for everyone who asks: `/stats` on both ports, the feed and the tables.

import { numberLiteral } from '../../lib/lossless-json.ts';
import { type Summary, summaryOf } from '../domain/dashboard.ts';
import type { StatsDocument } from '../domain/statistics.ts';

/** Time in which everyone gets the same statistics. */
export const STATISTICS_AGE_MS = 1_000;

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

/** The statistics, at most once in {@link STATISTICS_AGE_MS} made anew. */
export class SharedStatistics {
  readonly #parts: SharedStatisticsParts;
  #kept: { readonly moment: StatisticsMoment; readonly untilMs: number } | null = null;

  constructor(parts: SharedStatisticsParts) {
    this.#parts = parts;
  }

  /** The statistics of the last second. Throws what making them throws. */
  latest(): StatisticsMoment {
    const nowMs = this.#parts.monotonicMs();
    if (this.#kept !== null && nowMs < this.#kept.untilMs) return this.#kept.moment;
    const document = this.#parts.statistics();
    let text: string | null = null;
    const moment = {
      document,
      text: () => (text ??= statsText(document)),
      summary: summaryOf(document),
    };
    this.#kept = { moment, untilMs: nowMs + STATISTICS_AGE_MS };
    return moment;
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
