// Prices of assets in USD by hour, as a price source told them first, and which prices hours need. It fetches nothing.

import type { HourSums } from './hour-sums.ts';
import { countsAsUsd } from './market.ts';
import type { Decimal } from './trade.ts';

/** An asset and the hour whose price is needed. */
export interface WantedPrice {
  readonly asset: string;
  /** Start of the hour in ms since 1970. */
  readonly hourMs: number;
}

/** Prices by asset and hour; grows with the hours until they are forgotten. */
export class PriceBook {
  readonly #prices = new Map<string, PriceState>();

  /** Keeps the price unless one is known: a bucket and its correction use the same. */
  add({ asset, hourMs }: WantedPrice, price: Decimal): void {
    const key = keyOf({ asset, hourMs });
    if (!this.#prices.has(key)) this.#prices.set(key, { asset, hourMs, price });
  }

  /** Null if none is known. A `PriceOf` for a valuation. */
  priceOf = (asset: string, hourMs: number): Decimal | null =>
    this.#prices.get(keyOf({ asset, hourMs }))?.price ?? null;

  /** The prices that the sums of these hours need and the book lacks. Assets that count as USD need none. */
  missing(hours: readonly HourSums[]): readonly WantedPrice[] {
    const wanted = new Map<string, WantedPrice>();
    for (const { hourMs, sums } of hours) {
      // Results are in quotes of this hour's volume.
      const own = [sums.volume, sums.fees].flatMap((amounts) => amounts.pricedAt(hourMs));
      const ofResults = [...sums.results].flatMap(([, { fees }]) => fees.amounts());
      for (const { asset, hourMs: atMs } of [...own, ...ofResults]) {
        const key = keyOf({ asset, hourMs: atMs });
        if (!countsAsUsd(asset) && !this.#prices.has(key)) wanted.set(key, { asset, hourMs: atMs });
      }
    }
    return [...wanted.values()];
  }

  /** Drops prices of hours before `beforeMs`, except those that fees of open lots will need. */
  forget(beforeMs: number, needed: readonly WantedPrice[]): void {
    const kept = new Set(needed.map(keyOf));
    for (const [key, { hourMs }] of this.#prices) {
      if (hourMs < beforeMs && !kept.has(key)) this.#prices.delete(key);
    }
  }

  /** The prices as plain data. */
  toState(): readonly PriceState[] {
    return [...this.#prices.values()];
  }

  /** A book from plain data. */
  static fromState(state: readonly PriceState[]): PriceBook {
    const book = new PriceBook();
    for (const price of state) book.add(price, price.price);
    return book;
  }
}

function keyOf({ asset, hourMs }: WantedPrice): string {
  return `${hourMs} ${asset}`;
}

/** A price of the book as plain data. */
export interface PriceState extends WantedPrice {
  readonly price: Decimal;
}
