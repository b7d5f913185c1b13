// The fills of one read, until it has come to its end: a read that fails leaves no fill behind. It folds nothing.

import { type FillSink, TooManyFills } from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';

/** Fills that one read may bring, repeated ones included; with more, a shorter span is read. */
export const FILLS_OF_READ_MAX = 20_000;

/** The fills of one request. */
export interface Delivery {
  readonly fills: readonly Trade[];
  readonly identity: string;
}

/** Keeps what a read gives it. */
export class FillBatch implements FillSink {
  readonly #deliveries: Delivery[] = [];
  readonly #fillsMax: number;
  #fills = 0;

  constructor(fillsMax: number = FILLS_OF_READ_MAX) {
    this.#fillsMax = fillsMax;
  }

  take(fills: readonly Trade[], identity: string): void {
    this.#fills += fills.length;
    if (this.#fills > this.#fillsMax) throw new TooManyFills('a read brought more fills than are held');
    if (fills.length > 0) this.#deliveries.push({ fills, identity });
  }

  /** What came, in order. */
  get deliveries(): readonly Delivery[] {
    return this.#deliveries;
  }
}
