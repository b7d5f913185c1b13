// How far the price of each market moved within one hour, for the return basis `price_move`.

import { exact, type Exact, ONE, ZERO } from './amount.ts';
import { AssetSums } from './amounts.ts';
import { ExactSum } from './exact-sum.ts';
import type { Decimal } from './trade.ts';

/** First and last price of one market in one hour, and its volume in the quote. */
interface Move {
  readonly quote: string;
  firstAtMs: number;
  first: Exact;
  lastAtMs: number;
  last: Exact;
  readonly volume: ExactSum;
}

/** The moves of one hour. Memory grows with the markets. */
export class PriceMoves {
  readonly #moves = new Map<string, Move>();

  /** Trades come in their order; one that is late takes its place by its time. */
  add(symbol: string, quote: string, timestampMs: number, price: Exact, value: Exact): void {
    let move = this.#moves.get(symbol);
    if (move === undefined) {
      const [firstAtMs, lastAtMs] = [timestampMs, timestampMs];
      move = { quote, firstAtMs, first: price, lastAtMs, last: price, volume: new ExactSum() };
      this.#moves.set(symbol, move);
    }
    move.volume.add(value);
    if (timestampMs < move.firstAtMs) [move.firstAtMs, move.first] = [timestampMs, price];
    if (timestampMs >= move.lastAtMs) [move.lastAtMs, move.last] = [timestampMs, price];
  }

  /** By quote: Σ volume × (last ÷ first − 1), and Σ volume. */
  byQuote(): { readonly moved: AssetSums; readonly volume: AssetSums } {
    const [moved, volumes] = [new AssetSums(), new AssetSums()];
    for (const { quote, first, last, volume } of this.#moves.values()) {
      moved.add(quote, volume.value.times(last.div(first).minus(ONE)));
      volumes.add(quote, volume.value);
    }
    return { moved, volume: volumes };
  }

  /** The moves as plain data. */
  toState(): PriceMovesState {
    return [...this.#moves].map(([symbol, { quote, firstAtMs, first, lastAtMs, last, volume }]) => ({
      symbol,
      quote,
      firstAtMs,
      first: first.toText(),
      lastAtMs,
      last: last.toText(),
      volume: volume.value.toText(),
    }));
  }

  /** The moves from plain data. Throws if a number is none. */
  static fromState(state: PriceMovesState): PriceMoves {
    const moves = new PriceMoves();
    for (const { symbol, quote, firstAtMs, first, lastAtMs, last, volume } of state) {
      moves.add(symbol, quote, firstAtMs, exact(first), exact(volume));
      moves.add(symbol, quote, lastAtMs, exact(last), ZERO);
    }
    return moves;
  }
}

/** `PriceMoves` as plain data. */
export type PriceMovesState = readonly {
  readonly symbol: string;
  readonly quote: string;
  readonly firstAtMs: number;
  readonly first: Decimal;
  readonly lastAtMs: number;
  readonly last: Decimal;
  readonly volume: Decimal;
}[];
