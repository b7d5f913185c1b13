// What amounts of assets are worth in the unit of a summary: USD, or the only quote asset of a job. It asks for prices,
// and never fetches one.

import { exact, type Exact, ONE, ZERO } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import { countsAsUsd } from './market.ts';
import type { Decimal } from './trade.ts';

/** The price of an asset in USD in the hour that begins at `hourMs`; null if there is none. */
export type PriceOf = (asset: string, hourMs: number) => Decimal | null;

/** Price source of a job that has none. */
export const NO_PRICES: PriceOf = () => null;

/** The unit of a summary, and prices in it. */
export class Valuation {
  /** The asset that is the unit; null for USD. */
  readonly unit: string | null;
  readonly #priceOf: PriceOf;

  constructor(unit: string | null, priceOf: PriceOf) {
    this.unit = unit;
    this.#priceOf = priceOf;
  }

  /** Null if there is no price. */
  price(asset: string, hourMs: number): Exact | null {
    if (this.unit === null ? countsAsUsd(asset) : asset === this.unit) return ONE;
    const price = this.#priceOf(asset, hourMs);
    return price === null ? null : exact(price);
  }

  /** The exact sum of what has a price; the rest is told to `unpriced`. */
  sum(amounts: Iterable<PricedAmount>, unpriced: (asset: string, amount: Exact) => void = () => {}): Exact {
    let sum = ZERO;
    for (const { asset, hourMs, amount } of amounts) {
      const price = this.price(asset, hourMs);
      if (price === null) unpriced(asset, amount);
      else sum = sum.plus(price === ONE ? amount : amount.times(price));
    }
    return sum;
  }
}
