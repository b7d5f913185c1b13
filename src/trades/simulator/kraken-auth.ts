// Who sent a request to Kraken: the key, the signature and the nonce. Sources: docs.kraken.com/exchange/guides/rest
// (authentication, api-keys) and /exchange/guides/general/errors. The order of the checks is unverified.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AccountState, ExchangeState } from './exchange-state.ts';
import { KRAKEN_ERRORS, krakenParameters, krakenRefusal } from './kraken-answer.ts';
import type { SimKey } from './scenario.ts';
import type { SimAnswer, SimRequest } from './sim-wire.ts';

/** Who sent a request. */
export interface KrakenCaller {
  readonly key: SimKey;
  readonly account: AccountState;
  readonly nonce: bigint;
}

/** Knows the keys, and remembers the highest nonce of each. */
export class KrakenDoor {
  readonly #state: ExchangeState;
  /** By key; as many as the scenario has keys. */
  readonly #nonces = new Map<string, bigint>();

  constructor(state: ExchangeState) {
    this.#state = state;
  }

  /** The caller, or the refusal. */
  admit(request: SimRequest): { readonly caller: KrakenCaller } | { readonly refusal: SimAnswer } {
    const refused = (error: string) => ({ refusal: krakenRefusal(request, error) });
    const key = request.apiKey === null ? undefined : this.#state.key(request.apiKey);
    const account = key === undefined ? undefined : this.#state.account(key.account);
    // "The API-Key header is missing, malformed, or refers to a key that has been deleted or revoked". That an expired
    // key is refused in the same way is unverified.
    if (key === undefined || account === undefined) return refused(KRAKEN_ERRORS.key);
    if (request.nowMs >= Math.min(key.revokedAtMs, key.expiresAtMs)) return refused(KRAKEN_ERRORS.key);
    const nonceText = krakenParameters(request).get('nonce') ?? '';
    request.notes.nonce = nonceText;
    if (!isSigned(request, key, nonceText)) return refused(KRAKEN_ERRORS.signature);
    const nonce = /^\d{1,20}$/.test(nonceText) ? BigInt(nonceText) : -1n;
    // "The nonce submitted is less than or equal to the last accepted nonce for this API key". The window is 0.
    if (nonce <= (this.#nonces.get(key.apiKey) ?? -1n)) return refused(KRAKEN_ERRORS.nonce);
    this.#nonces.set(key.apiKey, nonce);
    return { caller: { key, account, nonce } };
  }
}

/** API-Sign is HMAC-SHA512, by the secret (base64), of the path and SHA-256(nonce and body), in base64. */
function isSigned({ path, body, headers }: SimRequest, { secret }: SimKey, nonce: string): boolean {
  const { 'api-sign': signature } = headers;
  if (typeof signature !== 'string') return false;
  const digest = createHash('sha256').update(`${nonce}${body}`).digest();
  const mac = createHmac('sha512', Buffer.from(secret, 'base64'));
  const expected = mac.update(path).update(digest).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
