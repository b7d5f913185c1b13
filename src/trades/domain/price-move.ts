// How far the price of each market moved within one hour, for the return basis `price_move`.

import { type Exact, ONE } from './amount.ts';
import { AssetSums } from './amounts.ts';

/** First and last price of one market in one hour, and its volume in the quote. */
interface Move {
  readonly quote: string;
  firstAtMs: number;
  first: Exact;
  lastAtMs: number;
  last: Exact;
  volume: Exact;
}

/** The moves of one hour. Memory grows with the markets. */
export class PriceMoves {
  readonly #moves = new Map<string, Move>();

  /** Trades come in their order; one that is late takes its place by its time. */
  add(symbol: string, quote: string, timestampMs: number, price: Exact, volume: Exact): void {
    const move = this.#moves.get(symbol);
    if (move === undefined) {
      const [firstAtMs, lastAtMs] = [timestampMs, timestampMs];
      this.#moves.set(symbol, { quote, firstAtMs, first: price, lastAtMs, last: price, volume });
      return;
    }
    move.volume = move.volume.plus(volume);
    if (timestampMs < move.firstAtMs) [move.firstAtMs, move.first] = [timestampMs, price];
    if (timestampMs >= move.lastAtMs) [move.lastAtMs, move.last] = [timestampMs, price];
  }

  /** By quote: Σ volume × (last ÷ first − 1), and Σ volume. */
  byQuote(): { readonly moved: AssetSums; readonly volume: AssetSums } {
    const [moved, volumes] = [new AssetSums(), new AssetSums()];
    for (const { quote, first, last, volume } of this.#moves.values()) {
      moved.add(quote, volume.times(last.div(first).minus(ONE)));
      volumes.add(quote, volume);
    }
    return { moved, volume: volumes };
  }

  /** True if no trade was added. */
  get isEmpty(): boolean {
    return this.#moves.size === 0;
  }
}
