// The exact sums of one UTC hour. Amounts stay in their assets; it knows no price, and no trade once it is added.

import type { Exact } from './amount.ts';
import { AssetSums, HourlyAssetSums, type PricedAmount } from './amounts.ts';
import { ExactSum } from './exact-sum.ts';
import { PriceMoves } from './price-move.ts';
import type { Market } from './trade.ts';

/** One hour in ms. */
export const HOUR_MS = 3_600_000;

/** The start of the UTC hour that contains the time. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

/** Exact sums of the fills of one hour. */
export class HourSums {
  /** Start of the hour in ms since 1970. */
  readonly hourMs: number;
  trades = 0;
  /** Base assets of all trades. */
  readonly bases = new Set<string>();
  isAssumedUsd = false;
  readonly volumeBase = new ExactSum();
  /** By quote asset. */
  readonly volume = new AssetSums();
  /** Fees of the fills of this hour. */
  readonly fees = new AssetSums();
  /** Results of lots closed in this hour without fees, by quote asset. */
  readonly gross = new AssetSums();
  /** Opening value of lots closed in this hour, by quote asset. */
  readonly basis = new AssetSums();
  /** Fees of those lots: of opening, valued in the hour of the opening fill, and of closing. */
  readonly realizedFees = new HourlyAssetSums();
  unmatchedSells = 0;
  /** By quote asset. */
  readonly unmatchedVolume = new AssetSums();
  /** Null unless the return is by price moves. */
  readonly moves: PriceMoves | null;

  constructor(hourMs: number, hasMoves: boolean) {
    this.hourMs = hourMs;
    this.moves = hasMoves ? new PriceMoves() : null;
  }

  /** Counts one fill: its size in the base and its value in the quote. */
  addFill(market: Market, size: Exact, value: Exact, fees: readonly PricedAmount[]): void {
    this.trades++;
    this.bases.add(market.base);
    if (market.isAssumedUsd) this.isAssumedUsd = true;
    this.volumeBase.add(size);
    this.volume.add(market.quote, value);
    for (const fee of fees) this.fees.add(fee.asset, fee.amount);
  }

  /** Counts the result of a closed part of a lot, without fees. */
  addResult(quote: string, gross: Exact, basis: Exact): void {
    this.gross.add(quote, gross);
    this.basis.add(quote, basis);
  }
}
