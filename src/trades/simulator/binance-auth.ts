// Checks the key, the time and the signature of a request to Binance, as binance-spot-api-docs rest-api.md, "SIGNED (TRADE
// and USER_DATA) Endpoint security", says; derivatives do the same. In which order Binance checks is unverified.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { optionalLong } from './binance-parameters.ts';
import { badKeyFormat, binanceRefusal, keyRefused, missing } from './binance-refusals.ts';
import type { AccountState, ExchangeState } from './exchange-state.ts';
import type { SimKey } from './scenario.ts';
import type { SimRequest } from './sim-wire.ts';

/** rest-api.md, Timing security: if `recvWindow` is not sent, it defaults to 5000. */
const RECV_WINDOW_STANDARD_MS = 5_000;
/** rest-api.md, Timing security: it cannot be above 60,000. */
const RECV_WINDOW_MAX_MS = 60_000;
/** rest-api.md, Timing security: `timestamp < serverTime + 1000`. */
const AHEAD_MAX_MS = 1_000;

/** Who asks. */
export interface Signer {
  readonly key: SimKey;
  readonly account: AccountState;
}

/** The account of a signed request. Throws a refusal: -2014, -1102, -1021, -1131, -2015 or -1022. */
export function signerOf(request: SimRequest, state: ExchangeState): Signer {
  const { apiKey, nowMs } = request;
  // That Binance tells a bad form from an unknown key by these characters is unverified; real keys have 64 of them.
  if (apiKey === null || !/^[A-Za-z0-9_-]{1,128}$/.test(apiKey)) throw badKeyFormat();
  checkTime(request);
  const key = state.key(apiKey);
  if (key === undefined || key.revokedAtMs <= nowMs || key.expiresAtMs <= nowMs) throw keyRefused();
  const account = state.account(key.account);
  if (account === undefined) throw keyRefused();
  if (!isSigned(request, key.secret)) {
    throw binanceRefusal(-1022, 'Signature for this request is not valid.');
  }
  return { key, account };
}

function checkTime(request: SimRequest): void {
  const timestamp = optionalLong(request, 'timestamp');
  if (timestamp === null) throw missing('timestamp');
  request.notes.nonce = String(timestamp);
  const recvWindow = optionalLong(request, 'recvWindow') ?? RECV_WINDOW_STANDARD_MS;
  if (recvWindow > RECV_WINDOW_MAX_MS) throw binanceRefusal(-1131, 'recvWindow must be less than 60000.');
  if (timestamp >= request.nowMs + AHEAD_MAX_MS) {
    throw binanceRefusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
  }
  if (request.nowMs - timestamp > recvWindow) {
    throw binanceRefusal(-1021, 'Timestamp for this request is outside of the recvWindow.');
  }
}

/** rest-api.md: HMAC SHA256 of the query string concatenated with the body; the signature is not case sensitive. */
function isSigned({ queryText, query, body }: SimRequest, secret: string): boolean {
  const signature = query.get('signature') ?? new URLSearchParams(body).get('signature');
  if (signature === null) throw missing('signature');
  const signed = unsigned(queryText) + unsigned(body);
  const expected = createHmac('sha256', secret).update(signed).digest();
  const given = Buffer.from(signature.toLowerCase(), 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function unsigned(text: string): string {
  return text
    .split('&')
    .filter((part) => !part.startsWith('signature='))
    .join('&');
}
