// The exact sums of one UTC hour, or of a part of one that a period cut. Amounts stay in their assets; it knows no price,
// and no trade once it is added.

import { exact, type Exact } from './amount.ts';
import { AssetSums, type AssetSumsState, type PricedAmount } from './amounts.ts';
import { ExactSum } from './exact-sum.ts';
import { PriceMoves, type PriceMovesState } from './price-move.ts';
import { Results, type ResultsState } from './results.ts';
import type { Decimal, Market } from './trade.ts';

const HOUR_MS = 3_600_000;

/** The start of the UTC hour that contains the time. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

/** Sums by asset; all but the fees of results are valued in the hour itself. */
interface Sums {
  /** By quote asset. */
  readonly volume: AssetSums;
  /** Fees of the fills of this hour. */
  readonly fees: AssetSums;
  /** Of lots closed in this hour. */
  readonly results: Results;
  /** Value of what closed nothing and may open nothing, by quote asset. */
  readonly unmatchedVolume: AssetSums;
  /** Null unless the return is by price moves. */
  readonly moves: PriceMoves | null;
}

function emptySums(hasMoves: boolean): Sums {
  return {
    volume: new AssetSums(),
    fees: new AssetSums(),
    results: new Results(),
    unmatchedVolume: new AssetSums(),
    moves: hasMoves ? new PriceMoves() : null,
  };
}

/** Exact sums of the fills of one hour. Memory grows with the assets. */
export class HourSums {
  /** Start of the hour in ms since 1970. */
  readonly hourMs: number;
  /** Start of what is counted here: that of the hour, or a later cut. */
  readonly startMs: number;
  readonly sums: Sums;
  /** Base assets of all trades. */
  readonly bases = new Set<string>();
  readonly volumeBase = new ExactSum();
  trades = 0;
  unmatchedSells = 0;
  isAssumedUsd = false;

  constructor(startMs: number, sums: Sums) {
    this.hourMs = hourOf(startMs);
    this.startMs = startMs;
    this.sums = sums;
  }

  /** Sums of nothing. */
  static empty(startMs: number, hasMoves: boolean): HourSums {
    return new HourSums(startMs, emptySums(hasMoves));
  }

  /** Counts one fill: its size in the base and its value in the quote. */
  addFill(market: Market, size: Exact, value: Exact, fees: readonly PricedAmount[]): void {
    this.trades++;
    this.bases.add(market.base);
    if (market.isAssumedUsd) this.isAssumedUsd = true;
    this.volumeBase.add(size);
    this.sums.volume.add(market.quote, value);
    for (const fee of fees) this.sums.fees.add(fee.asset, fee.amount);
  }

  /** Counts a fill that closed less than it was. */
  addUnmatched(quote: string, value: Exact): void {
    this.unmatchedSells++;
    this.sums.unmatchedVolume.add(quote, value);
  }

  /** The sums as plain data. */
  toState(): HourState {
    const { startMs, trades, unmatchedSells, isAssumedUsd, bases, volumeBase, sums } = this;
    return {
      startMs,
      trades,
      unmatchedSells,
      isAssumedUsd,
      bases: [...bases],
      volumeBase: volumeBase.value.toText(),
      volume: sums.volume.toState(),
      fees: sums.fees.toState(),
      results: sums.results.toState(),
      unmatchedVolume: sums.unmatchedVolume.toState(),
      moves: sums.moves?.toState() ?? null,
    };
  }

  /** The sums from plain data. Throws if a number is none. */
  static fromState(state: HourState): HourSums {
    const hour = new HourSums(state.startMs, {
      volume: AssetSums.fromState(state.volume),
      fees: AssetSums.fromState(state.fees),
      results: Results.fromState(state.results),
      unmatchedVolume: AssetSums.fromState(state.unmatchedVolume),
      moves: state.moves === null ? null : PriceMoves.fromState(state.moves),
    });
    for (const base of state.bases) hour.bases.add(base);
    hour.volumeBase.add(exact(state.volumeBase));
    hour.trades = state.trades;
    hour.unmatchedSells = state.unmatchedSells;
    hour.isAssumedUsd = state.isAssumedUsd;
    return hour;
  }
}

/** `HourSums` as plain data. */
export interface HourState {
  readonly startMs: number;
  readonly trades: number;
  readonly unmatchedSells: number;
  readonly isAssumedUsd: boolean;
  readonly bases: readonly string[];
  readonly volumeBase: Decimal;
  readonly volume: AssetSumsState;
  readonly fees: AssetSumsState;
  readonly results: ResultsState;
  readonly unmatchedVolume: AssetSumsState;
  readonly moves: PriceMovesState | null;
}
