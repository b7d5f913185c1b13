// Figures of an account's markets for its owner: what was traded in each since a session began. Exact until they are
// shown. It never leaves the enclave except to the owner.

import { exact, type Exact, ZERO } from './amount.ts';
import { amountNumber, percent, valuedSums } from './figures.ts';
import type { MarketTally } from './hour-book.ts';
import { HourSums, type HourState } from './hour-sums.ts';
import type { UserMetrics, UserSummary } from './registration.ts';
import type { Decimal } from './trade.ts';
import { type PriceOf, Valuation } from './valuation.ts';

/** Sums of one market whose amounts have their prices, in USD. */
interface Totals {
  readonly trades: number;
  readonly volume: Exact;
  readonly fees: Exact;
  readonly profit: Exact;
  readonly basis: Exact;
}

const NOTHING: Totals = { trades: 0, volume: ZERO, fees: ZERO, profit: ZERO, basis: ZERO };

function plus(totals: Totals, hour: HourSums, valuation: Valuation): Totals {
  const { volume, fees, profit, basis } = valuedSums(hour, valuation);
  return {
    trades: totals.trades + hour.trades,
    volume: totals.volume.plus(volume),
    fees: totals.fees.plus(fees),
    profit: totals.profit.plus(profit),
    basis: totals.basis.plus(basis),
  };
}

/** The figures of all markets. Memory grows with the markets and with the hours that are not valued yet. */
export class MarketFigures implements MarketTally {
  readonly #totals = new Map<string, Totals>();
  /** By market, then by start. */
  readonly #open = new Map<string, Map<number, HourSums>>();

  at(symbol: string, startMs: number): HourSums {
    let hours = this.#open.get(symbol);
    if (hours === undefined) {
      hours = new Map();
      this.#open.set(symbol, hours);
    }
    let hour = hours.get(startMs);
    if (hour === undefined) {
      hour = HourSums.empty(startMs, false);
      hours.set(startMs, hour);
    }
    return hour;
  }

  /** Hours that begin before the time have all the prices that there will be: they are valued and added. */
  value(beforeMs: number, priceOf: PriceOf): void {
    const valuation = new Valuation(null, priceOf);
    for (const [symbol, hours] of this.#open) {
      for (const [startMs, hour] of hours) {
        if (startMs >= beforeMs) continue;
        this.#totals.set(symbol, plus(this.#totals.get(symbol) ?? NOTHING, hour, valuation));
        hours.delete(startMs);
      }
      if (hours.size === 0) this.#open.delete(symbol);
    }
  }

  /** The figures of each market, by symbol. The times are those of the span that they cover, in ms since 1970. */
  metrics(fromMs: number, toMs: number, priceOf: PriceOf): readonly UserMetrics[] {
    const period = { periodStart: new Date(fromMs).toISOString(), periodEnd: new Date(toMs).toISOString() };
    return this.#all(priceOf)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([symbol, { trades, volume, fees, profit, basis }]) => ({
        symbol,
        volume: amountNumber(volume),
        trades,
        returnPct: percent(profit, basis),
        returnUsd: amountNumber(profit),
        totalFees: amountNumber(fees),
        realizedPnL: amountNumber(profit),
        totalTrades: trades,
        ...period,
      }));
  }

  /** The figures of all markets together. */
  summary(priceOf: PriceOf): UserSummary {
    let [trades, volume, fees, profit, basis] = [0, ZERO, ZERO, ZERO, ZERO];
    for (const [, totals] of this.#all(priceOf)) {
      trades += totals.trades;
      volume = volume.plus(totals.volume);
      fees = fees.plus(totals.fees);
      profit = profit.plus(totals.profit);
      basis = basis.plus(totals.basis);
    }
    return {
      totalVolume: amountNumber(volume),
      totalTrades: trades,
      totalReturnPct: percent(profit, basis),
      totalReturnUsd: amountNumber(profit),
      totalFees: amountNumber(fees),
    };
  }

  #all(priceOf: PriceOf): readonly (readonly [symbol: string, totals: Totals])[] {
    const valuation = new Valuation(null, priceOf);
    return [...new Set([...this.#totals.keys(), ...this.#open.keys()])].map((symbol) => {
      let totals = this.#totals.get(symbol) ?? NOTHING;
      for (const hour of this.#open.get(symbol)?.values() ?? []) totals = plus(totals, hour, valuation);
      return [symbol, totals];
    });
  }

  /** All as plain data. */
  toState(): MarketFiguresState {
    return {
      totals: [...this.#totals].map(([symbol, { trades, volume, fees, profit, basis }]) => ({
        symbol,
        trades,
        volume: volume.toText(),
        fees: fees.toText(),
        profit: profit.toText(),
        basis: basis.toText(),
      })),
      open: [...this.#open].map(([symbol, hours]) => ({
        symbol,
        hours: [...hours.values()].map((hour) => hour.toState()),
      })),
    };
  }

  /** Figures from plain data: they go on as the ones before. Throws if a number is none. */
  static fromState({ totals, open }: MarketFiguresState): MarketFigures {
    const figures = new MarketFigures();
    for (const { symbol, trades, volume, fees, profit, basis } of totals) {
      figures.#totals.set(symbol, {
        trades,
        volume: exact(volume),
        fees: exact(fees),
        profit: exact(profit),
        basis: exact(basis),
      });
    }
    for (const { symbol, hours } of open) {
      figures.#open.set(symbol, new Map(hours.map((hour) => [hour.startMs, HourSums.fromState(hour)])));
    }
    return figures;
  }
}

/** `MarketFigures` as plain data. */
export interface MarketFiguresState {
  readonly totals: readonly {
    readonly symbol: string;
    readonly trades: number;
    readonly volume: Decimal;
    readonly fees: Decimal;
    readonly profit: Decimal;
    readonly basis: Decimal;
  }[];
  readonly open: readonly { readonly symbol: string; readonly hours: readonly HourState[] }[];
}
