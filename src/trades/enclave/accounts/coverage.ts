// What the reads of an account could not look at. Pure.

import type { ExchangeErrorKind, ReadReport } from '../../domain/exchange-calls.ts';

/** Unpolled markets whose names are kept; all are counted. */
export const UNPOLLED_NAMES_MAX = 1_000;

/** What the latest reads could not look at. */
export interface Coverage {
  /** Markets that failed by themselves. */
  readonly unpolled: readonly { readonly symbol: string; readonly kind: ExchangeErrorKind }[];
  /** Markets of a search that goes on, and those whose names were too many. */
  readonly unsearched: number;
  /** True if something moved that no fill explains. */
  readonly isIncomplete: boolean;
}

/** Before the first read. */
export const NO_COVERAGE: Coverage = { unpolled: [], unsearched: 0, isIncomplete: false };

/** After a read. Only a thorough one, which looks at every market, tells that one can be polled again. */
export function coverageAfter(before: Coverage, report: ReadReport, isThorough: boolean): Coverage {
  const failed = new Map(report.unpolled.map((market) => [market.symbol, market]));
  if (!isThorough) for (const market of before.unpolled) failed.set(market.symbol, market);
  const unpolled = [...failed.values()].slice(0, UNPOLLED_NAMES_MAX);
  const unsearched = report.unsearched + failed.size - unpolled.length;
  return { unpolled, unsearched, isIncomplete: report.isIncomplete };
}

/** Markets that could not be looked at; one more if something moved that no fill explains. */
export function unpolledMarkets({ unpolled, unsearched, isIncomplete }: Coverage): number {
  return unpolled.length + unsearched + (isIncomplete ? 1 : 0);
}
