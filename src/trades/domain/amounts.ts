// Sums of exact amounts by asset. Amounts of two assets are never added here: that takes a price.

import { exact, type Exact, ZERO } from './amount.ts';
import { ExactSum } from './exact-sum.ts';
import type { Decimal } from './trade.ts';

/** An amount of an asset, and the hour whose price values it. */
export interface PricedAmount {
  readonly asset: string;
  /** Start of the hour in ms since 1970. */
  readonly hourMs: number;
  readonly amount: Exact;
}

/** Exact sums by asset; grows with the assets. */
export class AssetSums {
  readonly #sums = new Map<string, ExactSum>();

  add(asset: string, amount: Exact): void {
    let sum = this.#sums.get(asset);
    if (sum === undefined) {
      sum = new ExactSum();
      this.#sums.set(asset, sum);
    }
    sum.add(amount);
  }

  /** Every asset that was added. */
  assets(): readonly string[] {
    return [...this.#sums.keys()];
  }

  /** The sum of one asset; 0 if none was added. */
  of(asset: string): Exact {
    return this.#sums.get(asset)?.value ?? ZERO;
  }

  /** The sums as amounts of one hour. */
  pricedAt(hourMs: number): readonly PricedAmount[] {
    return [...this.#sums].map(([asset, sum]) => ({ asset, hourMs, amount: sum.value }));
  }

  /** The sums as plain data. */
  toState(): AssetSumsState {
    return [...this.#sums].map(([asset, sum]) => [asset, sum.value.toText()]);
  }

  /** The sums from plain data. Throws if a number is none. */
  static fromState(state: AssetSumsState): AssetSums {
    const sums = new AssetSums();
    for (const [asset, sum] of state) sums.add(asset, exact(sum));
    return sums;
  }
}

/** `AssetSums` as plain data. */
export type AssetSumsState = readonly (readonly [asset: string, sum: Decimal])[];

/** Exact sums by asset and priced hour; grows with the hours in which open lots were opened. */
export class HourlyAssetSums {
  readonly #hours = new Map<number, AssetSums>();

  add({ asset, hourMs, amount }: PricedAmount): void {
    let sums = this.#hours.get(hourMs);
    if (sums === undefined) {
      sums = new AssetSums();
      this.#hours.set(hourMs, sums);
    }
    sums.add(asset, amount);
  }

  /** The sums, each pair of asset and hour once. */
  amounts(): readonly PricedAmount[] {
    return [...this.#hours].flatMap(([hourMs, sums]) => sums.pricedAt(hourMs));
  }

  /** The sums as plain data. */
  toState(): HourlyAssetSumsState {
    return [...this.#hours].map(([hourMs, sums]) => [hourMs, sums.toState()]);
  }

  /** The sums from plain data. Throws if a number is none. */
  static fromState(state: HourlyAssetSumsState): HourlyAssetSums {
    const all = new HourlyAssetSums();
    for (const [hourMs, sums] of state) all.#hours.set(hourMs, AssetSums.fromState(sums));
    return all;
  }
}

/** `HourlyAssetSums` as plain data. */
export type HourlyAssetSumsState = readonly (readonly [hourMs: number, sums: AssetSumsState])[];
