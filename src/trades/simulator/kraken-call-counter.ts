// Kraken's counter of calls: each call of a key raises it, time lowers it, and above its maximum calls are refused.
// Source: docs.kraken.com/exchange/guides/rest/ratelimits.

import type { KrakenTier } from './scenario.ts';

/** Maximum, and decay per second, of each tier; `none` is for tests that ask more often than Kraken would allow. */
const TIERS: Readonly<Record<KrakenTier, { readonly max: number; readonly perSecond: number }>> = {
  starter: { max: 15, perSecond: 0.33 },
  intermediate: { max: 20, perSecond: 0.5 },
  pro: { max: 20, perSecond: 1 },
  none: { max: Infinity, perSecond: 1 },
};
/** "Ledger/trade history calls increase the counter by 2. All other API calls increase this counter by 1". */
const COST_TWO: ReadonlySet<string> = new Set([
  '/0/private/TradesHistory',
  '/0/private/Ledgers',
  '/0/private/QueryLedgers',
]);

/** What a call adds to the counter. */
export function krakenCost(path: string): number {
  return COST_TWO.has(path) ? 2 : 1;
}

/** The counters of the keys of one server: one each, so as many as the scenario has keys. */
export class KrakenCallCounter {
  readonly #tier: { readonly max: number; readonly perSecond: number };
  readonly #counters = new Map<string, { readonly value: number; readonly atMs: number }>();

  constructor(tier: KrakenTier) {
    this.#tier = TIERS[tier];
  }

  /**
   * Counts a call of a key at a time of the exchange; false if it is refused. A refused call counts too, up to twice the
   * maximum: the documentation says only that calls "while the rate limits are active" prolong them.
   */
  admits(apiKey: string, cost: number, nowMs: number): boolean {
    const { max, perSecond } = this.#tier;
    const before = this.#counters.get(apiKey) ?? { value: 0, atMs: nowMs };
    const passedMs = Math.max(0, nowMs - before.atMs);
    const value = Math.max(0, before.value - (passedMs / 1_000) * perSecond) + cost;
    this.#counters.set(apiKey, { value: Math.min(value, max * 2), atMs: nowMs });
    return value <= max;
  }
}
