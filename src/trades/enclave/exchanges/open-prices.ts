// The price of an asset in dollars at the open of an hour, as an exchange's candles tell it. Accounts share what was found.
// A price that the exchange does not have is asked for again after a while.

import type { Clock } from '../../../lib/clock.ts';
import type { MarketTable } from '../../domain/exchange-calls.ts';
import { ExchangeError } from '../../domain/exchange-calls.ts';
import type { Instance } from './instance.ts';

/** Prices that are remembered; beyond it the oldest one is forgotten. */
export const PRICES_MAX = 16_384;
/** How long the absence of a price is remembered, in ms. */
export const ABSENT_MS = 600_000;
/** Candles that are asked for: some exchanges begin before the time that they are given. */
const CANDLES = 2;

interface Found {
  readonly price: Promise<string | null>;
  /** By the monotonic clock, in ms; null while the price is asked for, and for one that stays. */
  forgetAtMs: number | null;
}

/** What {@link OpenPrices} need. */
export interface OpenPricesParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** An instance for this alone, and the table that it has. */
  readonly instance: () => Promise<{ readonly instance: Instance; readonly table: MarketTable }>;
}

/** The opens of one exchange. */
export class OpenPrices {
  readonly #parts: OpenPricesParts;
  readonly #found = new Map<string, Found>();

  constructor(parts: OpenPricesParts) {
    this.#parts = parts;
  }

  /** Prices that are remembered or asked for. */
  get size(): number {
    return this.#found.size;
  }

  /**
   * The open of the 1-hour candle of `<ASSET>/USDT` that begins at `hourMs`, in ms since 1970; null if the exchange has
   * none. Rejects with an `ExchangeError`.
   */
  open(asset: string, hourMs: number): Promise<string | null> {
    const key = `${hourMs} ${asset}`;
    const known = this.#found.get(key);
    if (known !== undefined && !this.#isOver(known)) return known.price;
    const price = this.#ask(asset, hourMs);
    const found: Found = { price, forgetAtMs: null };
    this.#found.delete(key);
    this.#found.set(key, found);
    if (this.#found.size > PRICES_MAX) this.#found.delete(this.#found.keys().next().value ?? key);
    price.then(
      (value) => {
        if (value === null) found.forgetAtMs = this.#parts.clock.monotonicMs() + ABSENT_MS;
      },
      () => {
        if (this.#found.get(key) === found) this.#found.delete(key);
      },
    );
    return price;
  }

  #isOver({ forgetAtMs }: Found): boolean {
    return forgetAtMs !== null && this.#parts.clock.monotonicMs() >= forgetAtMs;
  }

  async #ask(asset: string, hourMs: number): Promise<string | null> {
    const { instance, table } = await this.#parts.instance();
    const market = table.bySymbol(`${asset}/USDT`);
    if (market?.type !== 'spot') return null;
    try {
      const candles = await instance.run((exchange) =>
        exchange.fetchOHLCV(market.symbol, '1h', hourMs, CANDLES),
      );
      return openOf(candles, hourMs);
    } catch (error) {
      const isAbsent =
        error instanceof ExchangeError &&
        (error.kind === 'market_unavailable' || instance.latestStatus === 404);
      if (isAbsent) return null;
      throw error;
    }
  }
}

function openOf(candles: unknown, hourMs: number): string | null {
  if (!Array.isArray(candles)) return null;
  const rows: readonly unknown[] = candles;
  for (const row of rows) {
    if (!Array.isArray(row)) continue;
    const [beginMs, open]: readonly unknown[] = row;
    if (Number(beginMs) === hourMs && (typeof open === 'string' || typeof open === 'number'))
      return String(open);
  }
  return null;
}
