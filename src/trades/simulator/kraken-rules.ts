// The rules of Kraken (spot and margin): which addresses it has, who may ask, how it names keys and words refusals. The
// answers themselves are in the files beside this one.

import { apiKeyInformation, balance, extendedBalance, openPositions } from './kraken-account.ts';
import { KRAKEN_ERRORS, krakenRefusal } from './kraken-answer.ts';
import { type KrakenCaller, KrakenDoor } from './kraken-auth.ts';
import { KrakenCallCounter, krakenCost } from './kraken-call-counter.ts';
import { krakenMarketRoutes } from './kraken-markets.ts';
import { tradesHistory } from './kraken-trades.ts';
import type { Fault } from './scenario.ts';
import type { ExchangeRules, ExchangeService, Route, SimAnswer, SimParts, SimRequest } from './sim-wire.ts';
import { standardMarket } from './standard-markets.ts';

/** Kraken. */
export const krakenRules: ExchangeRules = {
  name: 'kraken',
  port: 9103,
  markets: [
    standardMarket('spot', 'XXBTZUSD', ['BTC', 'USD']),
    standardMarket('spot', 'XXBTZEUR', ['BTC', 'EUR']),
    standardMarket('spot', 'XETHZUSD', ['ETH', 'USD']),
    standardMarket('spot', 'XETHXXBT', ['ETH', 'BTC']),
    standardMarket('spot', 'XBTUSDT', ['BTC', 'USDT']),
    standardMarket('spot', 'ETHUSDT', ['ETH', 'USDT']),
    standardMarket('spot', 'EURUSDT', ['EUR', 'USDT']),
    standardMarket('spot', 'ADAUSD', ['ADA', 'USD']),
  ],
  // In groups of six, five and six, as in the examples of Get Trades History. They ascend here; Kraken's own do not.
  fillId: (ordinal) => `T${groups(ordinal)}`,
  orderId: (ordinal) => `O${groups(ordinal)}`,
  // "Total fee (quote currency)": objects/user/trades/trade.yaml.
  feeAsset: ({ quote }) => quote,
  apiKeyOf: ({ 'api-key': key }) => (typeof key === 'string' ? key : null),
  serve: (parts) => new KrakenService(parts),
};

function groups(ordinal: number): string {
  const letters = ordinal.toString(36).toUpperCase().padStart(10, '0');
  return `${letters.slice(-10, -5)}-${letters.slice(-5)}-WWA2SK`;
}

type PrivateAnswer = (caller: KrakenCaller, request: SimRequest) => SimAnswer;

class KrakenService implements ExchangeService {
  readonly routes: readonly Route[];
  readonly #door: KrakenDoor;
  readonly #counter: KrakenCallCounter;

  constructor(parts: SimParts) {
    this.#door = new KrakenDoor(parts.state);
    this.#counter = new KrakenCallCounter(parts.scenario.tier);
    this.routes = [
      ...krakenMarketRoutes(parts),
      this.#reading('TradesHistory', ({ account }, request) => tradesHistory(parts, account, request)),
      this.#reading('Balance', ({ account }, request) => balance(account, request)),
      this.#reading('BalanceEx', ({ account }, request) => extendedBalance(account, request)),
      this.#reading('OpenPositions', ({ account }, request) => openPositions(account, request)),
      this.#private('GetApiKeyInfo', apiKeyInformation),
    ];
  }

  /** Limits of addresses are not simulated. */
  gate(): SimAnswer | null {
    return null;
  }

  /**
   * Refusals of the exchange itself have status 200 (guides/general/errors); 403 comes from the network before it. "Throttled"
   * names the time after which to try again (guides/rest/ratelimits).
   */
  failure({ kind, retryAfter, banUntilMs }: Fault, request: SimRequest): SimAnswer {
    const headers: Record<string, string> = retryAfter === null ? {} : { 'Retry-After': String(retryAfter) };
    if (kind === 403) {
      request.notes.code = '403';
      return { status: 403, body: '<html><body>Access denied</body></html>', headers };
    }
    if (kind === 429 && banUntilMs !== null) {
      return { ...krakenRefusal(request, `EService: Throttled: ${Math.floor(banUntilMs / 1_000)}`), headers };
    }
    const words = { 429: KRAKEN_ERRORS.rateLimit, 418: KRAKEN_ERRORS.lockout } as const;
    const word = kind === 429 || kind === 418 ? words[kind] : KRAKEN_ERRORS.unavailable;
    return { ...krakenRefusal(request, word), headers };
  }

  /** The word is of guides/general/errors; the status is unverified. */
  unknownPath(request: SimRequest): SimAnswer {
    return krakenRefusal(request, KRAKEN_ERRORS.method);
  }

  headers(): Readonly<Record<string, string>> {
    return {};
  }

  #reading(name: string, answer: PrivateAnswer): Route {
    return this.#private(name, (caller, request) =>
      caller.key.canRead ? answer(caller, request) : krakenRefusal(request, KRAKEN_ERRORS.permission),
    );
  }

  /** A call that the door refuses costs nothing of the counter (unverified). */
  #private(name: string, answer: PrivateAnswer): Route {
    const path = `/0/private/${name}`;
    return {
      method: 'POST',
      path,
      answer: (request) => {
        const admitted = this.#door.admit(request);
        if ('refusal' in admitted) return admitted.refusal;
        const cost = krakenCost(path);
        request.notes.weight = cost;
        return this.#counter.admits(admitted.caller.key.apiKey, cost, request.nowMs)
          ? answer(admitted.caller, request)
          : krakenRefusal(request, KRAKEN_ERRORS.rateLimit);
      },
    };
  }
}
