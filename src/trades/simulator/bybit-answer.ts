// The envelope of Bybit's answers, and its numbers and sentences of refusals. It judges nothing.
// Source: bybit-exchange.github.io/docs/v5/guide (Common response parameters) and /docs/v5/error.

import type { SimAnswer, SimRequest } from './sim-wire.ts';

/** Numbers of refusals. Source: docs/v5/error. */
export const BYBIT_CODES = {
  parameters: 10001,
  time: 10002,
  key: 10003,
  signature: 10004,
  permission: 10005,
  tooManyVisits: 10006,
  server: 10016,
  noRoute: 10017,
  /** A key that is expired, where the request is about spot. */
  expiredSpot: -2015,
  /** A key that is expired, everywhere else. */
  expired: 33004,
} as const;

/** A result in the envelope. */
export function bybitResult(request: SimRequest, result: unknown, retMsg = 'OK'): SimAnswer {
  return { status: 200, body: { retCode: 0, retMsg, result, retExtInfo: {}, time: request.nowMs } };
}

/** A refusal in the envelope. The status stays 200; its number is noted for the record. */
export function bybitRefusal(request: SimRequest, code: number, retMsg: string): SimAnswer {
  request.notes.code = String(code);
  return { status: 200, body: { retCode: code, retMsg, result: {}, retExtInfo: {}, time: request.nowMs } };
}

/** A refusal because of a parameter. The sentences are unverified; the number is not. */
export function wrongParameter(request: SimRequest, sentence: string): SimAnswer {
  return bybitRefusal(request, BYBIT_CODES.parameters, `params error: ${sentence}`);
}

/** A parameter that is a whole number; `standard` if it is absent or empty; NaN for text that is none. */
export function wholeParameter<S>(query: URLSearchParams, name: string, standard: S): number | S {
  const text = query.get(name);
  if (text === null || text === '') return standard;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
