// How Binance words its refusals. Numbers and texts: binance-spot-api-docs errors.md; derivatives use the same ones.
// Statuses: binance-spot-api-docs rest-api.md, HTTP Return Codes; that a bad key is 401 and all other mistakes 400 is
// unverified.

import { Refusal } from './refusal.ts';
import type { SimAnswer } from './sim-wire.ts';

/** A refusal with Binance's number and text. */
export function binanceRefusal(code: number, msg: string, status = 400): Refusal {
  return new Refusal(String(code), { status, body: { code, msg } });
}

/** -1102: a parameter is missing or has the wrong form. */
export function missing(name: string): Refusal {
  return binanceRefusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

/** -1121: no market has this name. */
export function invalidSymbol(): Refusal {
  return binanceRefusal(-1121, 'Invalid symbol.');
}

/** -1128: parameters that do not go together. */
export function badCombination(): Refusal {
  return binanceRefusal(-1128, 'Combination of optional parameters invalid.');
}

/** -2014: no key, or none that has the form of one. */
export function badKeyFormat(): Refusal {
  return binanceRefusal(-2014, 'API-key format invalid.', 401);
}

/** -2015: the key is unknown, revoked or expired, comes from a wrong address, or lacks the right. */
export function keyRefused(): Refusal {
  return binanceRefusal(-2015, 'Invalid API-key, IP, or permissions for action.', 401);
}

/** The answer of a used budget: errors.md, -1003, first text with a limit. */
export function tooMuchWeight(limit: number, retryAfterSeconds: number | null): SimAnswer {
  return {
    status: 429,
    body: {
      code: -1003,
      msg: `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
    },
    headers: retryAfter(retryAfterSeconds),
  };
}

/** The answer of a ban: errors.md, -1003, last text; the time is in ms since 1970. */
export function banned(untilMs: number, retryAfterSeconds: number | null): SimAnswer {
  return {
    status: 418,
    body: {
      code: -1003,
      msg: `Way too much request weight used; IP banned until ${untilMs}. Please use WebSocket Streams for live updates to avoid bans.`,
    },
    headers: retryAfter(retryAfterSeconds),
  };
}

/** rest-api.md, IP Limits: a 418 or 429 has the header `Retry-After`, a number of seconds. */
function retryAfter(seconds: number | null): Readonly<Record<string, string>> {
  return seconds === null ? {} : { 'retry-after': String(seconds) };
}
