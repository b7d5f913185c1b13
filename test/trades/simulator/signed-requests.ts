// Requests to the simulated Bybit and Kraken, signed here as the exchanges' documentation says: not with code of the
// simulator, nor with ccxt.

import { createHash, createHmac } from 'node:crypto';

/** A key of a scenario. */
export interface TestKey {
  readonly apiKey: string;
  readonly secret: string;
}

/** What differs from a right request. */
export interface BybitOddities {
  readonly timestampMs?: number;
  readonly recvWindow?: string;
  readonly signature?: string;
}

/** Sends a signed GET to Bybit; `query` goes out as it stands. */
export function bybitGet(
  url: string,
  path: string,
  query: string,
  { apiKey, secret }: TestKey,
  nowMs: number,
  odd: BybitOddities = {},
): Promise<Response> {
  const timestamp = String(odd.timestampMs ?? nowMs);
  const window = odd.recvWindow ?? '5000';
  const mac = createHmac('sha256', secret).update(timestamp + apiKey + window + query);
  return fetch(`${url}${path}${query === '' ? '' : `?${query}`}`, {
    headers: {
      'X-BAPI-API-KEY': apiKey,
      'X-BAPI-TIMESTAMP': timestamp,
      'X-BAPI-RECV-WINDOW': window,
      'X-BAPI-SIGN': odd.signature ?? mac.digest('hex'),
    },
  });
}

/** Sends a signed POST to Kraken, as a form. */
export function krakenPost(
  url: string,
  method: string,
  parameters: Readonly<Record<string, string>>,
  { apiKey, secret }: TestKey,
  nonce: number,
  signature?: string,
): Promise<Response> {
  const path = `/0/private/${method}`;
  const body = new URLSearchParams({ nonce: String(nonce), ...parameters }).toString();
  const digest = createHash('sha256').update(`${nonce}${body}`).digest();
  const mac = createHmac('sha512', Buffer.from(secret, 'base64')).update(path).update(digest);
  return fetch(url + path, {
    method: 'POST',
    headers: {
      'API-Key': apiKey,
      'API-Sign': signature ?? mac.digest('base64'),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body,
  });
}
