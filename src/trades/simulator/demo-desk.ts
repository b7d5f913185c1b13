// A made-up trader for the demonstration: buys and sells by turns in a few markets, at prices that wander. What it does
// follows from its seed and its times.

import { createRandom, type Random } from '../../lib/random.ts';
import type { FillInput, FillKind, SimMarket } from './scenario.ts';

/** Where prices begin, by base; others begin at 10. */
const PRICES: Readonly<Record<string, number>> = { BTC: 60_000, XBT: 60_000, ETH: 3_000, BNB: 600 };
const PRICE_OTHER = 10;
/** Value of one fill in the quote. */
const VALUE = 50;
const FEE_SHARE = 0.001;
/** Largest part of the price by which it moves from one fill to the next. */
const STEP = 0.004;

/** The price at which a base begins, in US dollars. */
export function demoPrice(base: string): number {
  return PRICES[base] ?? PRICE_OTHER;
}

/** The trader of one account. */
export class DemoDesk {
  readonly #markets: readonly { readonly market: SimMarket; price: number; open: string | null }[];
  readonly #kind: FillKind;
  readonly #random: Random;

  /** Markets must be spot or linear, and at least one. */
  constructor(name: string, kind: FillKind, markets: readonly SimMarket[]) {
    this.#kind = kind;
    this.#markets = markets.map((market) => ({ market, price: demoPrice(market.base), open: null }));
    this.#random = createRandom(1, `demo ${name}`);
  }

  /** The next fill: opens if nothing is open in its market, else closes all of it. */
  next(atMs: number): FillInput {
    const place = this.#random.pick(this.#markets);
    place.price *= 1 + STEP * (2 * this.#random.next() - 1);
    const isOpening = place.open === null;
    const amount = place.open ?? ((VALUE * (0.5 + this.#random.next())) / place.price).toFixed(5);
    place.open = isOpening ? amount : null;
    const price = place.price.toFixed(2);
    const { market } = place;
    return {
      at: atMs,
      market: market.id,
      kind: this.#kind,
      side: isOpening ? 'buy' : 'sell',
      price,
      amount,
      fee: (Number(price) * Number(amount) * FEE_SHARE).toFixed(8),
      feeAsset: market.settle,
    };
  }
}
