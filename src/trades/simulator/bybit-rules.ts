// The rules of Bybit (API version 5): which addresses it has, who may ask, how it names keys and words refusals. The
// answers themselves are in the files beside this one.

import {
  accountInformation,
  coinInformation,
  keyInformation,
  positionList,
  walletBalance,
} from './bybit-account.ts';
import { BYBIT_CODES, bybitRefusal } from './bybit-answer.ts';
import { type BybitCaller, bybitCaller } from './bybit-auth.ts';
import { executionList } from './bybit-executions.ts';
import { BybitLimits, tooFrequent } from './bybit-limits.ts';
import { bybitMarketRoutes } from './bybit-markets.ts';
import type { Fault } from './scenario.ts';
import type { ExchangeRules, ExchangeService, Route, SimAnswer, SimParts, SimRequest } from './sim-wire.ts';
import { standardMarket } from './standard-markets.ts';

/** Bybit. */
export const bybitRules: ExchangeRules = {
  name: 'bybit',
  port: 9102,
  markets: [
    standardMarket('spot', 'BTCUSDT', ['BTC', 'USDT']),
    standardMarket('spot', 'ETHUSDT', ['ETH', 'USDT']),
    standardMarket('spot', 'MNTUSDT', ['MNT', 'USDT']),
    standardMarket('linear', 'BTCUSDT', ['BTC', 'USDT']),
    standardMarket('linear', 'ETHUSDT', ['ETH', 'USDT']),
    standardMarket('inverse', 'BTCUSD', ['BTC', 'USD']),
  ],
  // UUIDs, as in the example of docs/v5/order/execution. They ascend here, so that ids order the fills of one
  // millisecond as the documentation advises.
  fillId: (ordinal) => `${hexadecimal(ordinal)}-0f18-5866-9415-cf319b5dab3b`,
  orderId: (ordinal) => `${hexadecimal(ordinal)}-7b52-4ca9-ac2c-37e31ac55c94`,
  apiKeyOf: ({ 'x-bapi-api-key': key }) => (typeof key === 'string' ? key : null),
  serve: (parts) => new BybitService(parts),
};

function hexadecimal(ordinal: number): string {
  return ordinal.toString(16).padStart(8, '0');
}

type PrivateAnswer = (caller: BybitCaller, request: SimRequest) => SimAnswer;

class BybitService implements ExchangeService {
  readonly routes: readonly Route[];
  readonly #parts: SimParts;
  readonly #limits = new BybitLimits();

  constructor(parts: SimParts) {
    this.#parts = parts;
    this.routes = [
      ...bybitMarketRoutes(parts),
      this.#reading('/v5/execution/list', ({ account }, request) => executionList(parts, account, request)),
      this.#private('/v5/user/query-api', keyInformation),
      this.#reading('/v5/account/info', (_caller, request) => accountInformation(request)),
      this.#reading('/v5/account/wallet-balance', ({ account }, request) => walletBalance(account, request)),
      this.#reading('/v5/position/list', ({ account }, request) => positionList(parts, account, request)),
      this.#reading('/v5/asset/coin/query-info', (_caller, request) => coinInformation(parts, request)),
    ];
  }

  gate(request: SimRequest): SimAnswer | null {
    return this.#limits.gate(request);
  }

  /** Docs/v5/error, HTTP statuses: 403 "IP rate limit breached", 429 "System level frequency protection". */
  failure({ kind, retryAfter }: Fault, request: SimRequest): SimAnswer {
    const headers: Record<string, string> = retryAfter === null ? {} : { 'Retry-After': String(retryAfter) };
    if (kind === 403) return { ...tooFrequent(request), headers };
    const status = Number(kind);
    const { body } =
      status === 500
        ? bybitRefusal(request, BYBIT_CODES.server, 'Server error.')
        : bybitRefusal(
            request,
            status,
            'System level frequency protection. Please retry when encounter this',
          );
    return { status, body, headers };
  }

  /** Docs/v5/error: HTTP 404 "Cannot find path", 10017 "Route not found". */
  unknownPath(request: SimRequest): SimAnswer {
    return { ...bybitRefusal(request, BYBIT_CODES.noRoute, 'Route not found.'), status: 404 };
  }

  headers(): Readonly<Record<string, string>> {
    return {};
  }

  /** Docs/v5/error, 10005: "Permission denied, please check your API key permissions". */
  #reading(path: string, answer: PrivateAnswer): Route {
    return this.#private(path, (caller, request) =>
      caller.key.canRead
        ? answer(caller, request)
        : bybitRefusal(
            request,
            BYBIT_CODES.permission,
            'Permission denied, please check your API key permissions.',
          ),
    );
  }

  #private(path: string, answer: PrivateAnswer): Route {
    return {
      method: 'GET',
      path,
      answer: (request) => {
        const admitted = bybitCaller(this.#parts.state, request);
        if ('refusal' in admitted) return admitted.refusal;
        const { caller } = admitted;
        return this.#limits.answer(request, caller.account.userId, () => answer(caller, request));
      },
    };
  }
}
