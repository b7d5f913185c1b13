// The rules of Binance: which addresses it has, how it names keys and words refusals. The answers themselves are in the
// files beside this one.

import type { ExchangeRules } from './sim-wire.ts';
import { standardMarket } from './standard-markets.ts';

/** Binance. */
export const binanceRules: ExchangeRules = {
  name: 'binance',
  port: 9101,
  markets: [
    standardMarket('spot', 'BTCUSDT', ['BTC', 'USDT']),
    standardMarket('spot', 'ETHUSDT', ['ETH', 'USDT']),
    standardMarket('spot', 'BNBUSDT', ['BNB', 'USDT']),
    standardMarket('linear', 'BTCUSDT', ['BTC', 'USDT']),
    standardMarket('inverse', 'BTCUSD_PERP', ['BTC', 'USD'], '100'),
  ],
  // Ids are numbers that ascend: binance-spot-api-docs rest-api.md, Account trade list, example.
  fillId: (ordinal) => String(28_000_000 + ordinal),
  orderId: (ordinal) => String(100_000_000 + ordinal),
  apiKeyOf: ({ 'x-mbx-apikey': key }) => (typeof key === 'string' ? key : null),
  serve: () => ({
    routes: [
      {
        method: 'GET',
        path: '/api/v3/time',
        answer: ({ nowMs }) => ({ status: 200, body: { serverTime: nowMs } }),
      },
    ],
    gate: () => null,
    failure: ({ kind }) => ({ status: Number(kind), body: {} }),
    unknownPath: () => ({ status: 404, body: '' }),
    headers: () => ({}),
  }),
};
