// What the lots that were closed in an hour brought, by the quote asset of their market, so that a result without a price
// is left out whole. It knows no lot and no price.

import { exact, type Exact } from './amount.ts';
import { HourlyAssetSums, type HourlyAssetSumsState, type PricedAmount } from './amounts.ts';
import { ExactSum } from './exact-sum.ts';
import type { Decimal } from './trade.ts';

/** Sums of the lots of one quote asset. */
interface Result {
  /** What they brought without fees, in the quote. */
  readonly gross: ExactSum;
  /** What they were worth when they were opened, in the quote. */
  readonly basis: ExactSum;
  /** Their fees: of opening, valued in the hour of the opening fill, and of closing. */
  readonly fees: HourlyAssetSums;
}

/** Results of one hour. Memory grows with the assets. */
export class Results {
  readonly #results = new Map<string, Result>();

  #of(quote: string): Result {
    let result = this.#results.get(quote);
    if (result === undefined) {
      result = { gross: new ExactSum(), basis: new ExactSum(), fees: new HourlyAssetSums() };
      this.#results.set(quote, result);
    }
    return result;
  }

  /** Counts a closed part of a lot, without fees. */
  add(quote: string, gross: Exact, basis: Exact): void {
    const result = this.#of(quote);
    result.gross.add(gross);
    result.basis.add(basis);
  }

  /** Counts fees of what was closed. */
  addFees(quote: string, fees: readonly PricedAmount[]): void {
    if (fees.length === 0) return;
    const sums = this.#of(quote).fees;
    for (const fee of fees) sums.add(fee);
  }

  /** Each quote asset that has results. */
  [Symbol.iterator](): Iterator<readonly [quote: string, result: Result]> {
    return this.#results.entries();
  }

  /** The results as plain data. */
  toState(): ResultsState {
    return [...this.#results].map(([quote, { gross, basis, fees }]) => ({
      quote,
      gross: gross.value.toText(),
      basis: basis.value.toText(),
      fees: fees.toState(),
    }));
  }

  /** The results from plain data. Throws if a number is none. */
  static fromState(state: ResultsState): Results {
    const results = new Results();
    for (const { quote, gross, basis, fees } of state) {
      results.#results.set(quote, {
        gross: new ExactSum(),
        basis: new ExactSum(),
        fees: HourlyAssetSums.fromState(fees),
      });
      results.add(quote, exact(gross), exact(basis));
    }
    return results;
  }
}

/** `Results` as plain data. */
export type ResultsState = readonly {
  readonly quote: string;
  readonly gross: Decimal;
  readonly basis: Decimal;
  readonly fees: HourlyAssetSumsState;
}[];
