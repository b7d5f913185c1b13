// Reads the parameters of a request to Binance.

import { binanceRefusal, missing } from './binance-refusals.ts';
import type { SimRequest } from './sim-wire.ts';

/** A whole number; null if it is absent. Refuses other text with -1100 (errors.md). */
export function optionalLong(request: SimRequest, name: string): number | null {
  const text = request.query.get(name);
  if (text === null) return null;
  if (/^\d{1,20}$/.test(text)) return Number(text);
  throw binanceRefusal(
    -1100,
    `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`,
  );
}

/** Text that is not empty. */
export function mandatory(request: SimRequest, name: string): string {
  const text = request.query.get(name);
  if (text === null || text === '') throw missing(name);
  return text;
}

/**
 * How many rows are asked for: `standard` if nothing is, at most `max`. Above it futures refuse (ccxt, binance.js
 * fetchMyTrades: "above 1000, returns error"; the number -1130 is unverified) and spot cuts (unverified).
 */
export function rowLimit(
  request: SimRequest,
  {
    standard,
    max,
    isRefusedAbove,
  }: { readonly standard: number; readonly max: number; readonly isRefusedAbove: boolean },
): number {
  const limit = optionalLong(request, 'limit') ?? standard;
  if (limit > max && isRefusedAbove)
    throw binanceRefusal(-1130, "Data sent for parameter 'limit' is not valid.");
  return Math.min(limit, max);
}
