// The simulated Bybit and Kraken, asked by ccxt's own clients.

import { afterEach, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { ScenarioInput } from '../../../src/trades/simulator/scenario.ts';
import { type CcxtClient, ccxtClient } from './ccxt-client.ts';

const HOUR = 3_600_000;
const KEY = { apiKey: 'key-a', secret: Buffer.from('secret-a').toString('base64') };
const T = Date.now() - 60_000;

let sim: ExchangeSim | null = null;

afterEach(async () => {
  await sim?.stop();
  sim = null;
});

async function connect(
  exchange: 'bybit' | 'kraken',
  fills: ScenarioInput['accounts'][number]['fills'] = [],
  more: Partial<ScenarioInput> = {},
): Promise<CcxtClient> {
  sim = await startExchangeSim(exchange, {
    latencyMs: 0,
    accounts: [{ name: 'a', userId: '7', balances: { USDT: '1000', USD: '1000' }, fills }],
    keys: [{ ...KEY, account: 'a' }],
    ...more,
  });
  return ccxtClient(exchange, sim.url, KEY);
}

it('ccxt - reads the time and the markets of simulated Bybit', async () => {
  const bybit = await connect('bybit', [], { pageSizeMax: 1 });
  expect(Math.abs((await bybit.fetchTime()) - Date.now())).toBeLessThan(60_000);
  await bybit.loadMarkets();
  expect(bybit.markets).toMatchObject({
    'BTC/USDT': { id: 'BTCUSDT', type: 'spot' },
    'BTC/USDT:USDT': { id: 'BTCUSDT', type: 'swap', settle: 'USDT', contractSize: '1' },
    'BTC/USD:BTC': { id: 'BTCUSD', type: 'swap', settle: 'BTC', contractSize: '1' },
  });
});

it('ccxt - reads executions of simulated Bybit: only trades unless it is told, inverse contracts as dollars', async () => {
  const bybit = await connect(
    'bybit',
    [
      {
        at: T,
        market: 'BTCUSDT',
        kind: 'linear',
        side: 'sell',
        price: '50000.5',
        amount: '0.020',
        fee: '0.6',
      },
      {
        at: T + 1,
        market: 'BTCUSDT',
        kind: 'linear',
        side: 'sell',
        price: '1',
        amount: '1',
        cause: 'funding',
      },
      {
        at: T + 2,
        market: 'BTCUSDT',
        kind: 'linear',
        side: 'buy',
        price: '1',
        amount: '1',
        cause: 'liquidation',
      },
      { at: T + 3, market: 'BTCUSD', side: 'buy', price: '50000', amount: '10', fee: '0.00001' },
      { at: T + 4, market: 'BTCUSDT', side: 'buy', price: '50000', amount: '2', fee: '0.002' },
    ],
    {
      markets: [
        { id: 'BTCUSDT', base: 'BTC', quote: 'USDT', kind: 'spot' },
        { id: 'BTCUSDT', base: 'BTC', quote: 'USDT', kind: 'linear' },
        { id: 'BTCUSD', base: 'BTC', quote: 'USD', kind: 'inverse', contractSize: '100' },
      ],
    },
  );
  expect(await bybit.fetchMyTrades('BTC/USDT:USDT', T - 1, 100)).toMatchObject([
    { side: 'sell', price: '50000.5', amount: '0.02', timestamp: T, fee: { cost: '0.6', currency: 'USDT' } },
  ]);
  expect(await bybit.fetchMyTrades('BTC/USD:BTC')).toMatchObject([
    { side: 'buy', amount: '1000', cost: '0.02000000', fee: { cost: '0.00001', currency: 'BTC' } },
  ]);
  expect(await bybit.fetchMyTrades(undefined, undefined, undefined, { type: 'spot' })).toMatchObject([
    { symbol: 'BTC/USDT', amount: '2', fee: { cost: '0.002', currency: 'BTC' } },
  ]);
  const forced = { execType: 'BustTrade' };
  expect(await bybit.fetchMyTrades('BTC/USDT:USDT', T, 100, forced)).toMatchObject([{ timestamp: T + 2 }]);
});

it('ccxt - reads candles, balances and positions of simulated Bybit', async () => {
  const hour = Math.floor(T / HOUR) * HOUR;
  const bybit = await connect(
    'bybit',
    [{ at: T, market: 'BTCUSDT', kind: 'linear', side: 'sell', price: '50000', amount: '0.5', fee: '1' }],
    { candles: { 'BTC/USDT': { '*': '50000.5' } } },
  );
  await bybit.loadMarkets();
  const [candle] = await bybit.fetchOHLCV('BTC/USDT', '1h', hour - HOUR, 1);
  expect(candle?.slice(0, 2).map(Number)).toEqual([hour - HOUR, 50_000.5]);
  expect((await bybit.fetchBalance()).total).toMatchObject({ USDT: '999' });
  expect(await bybit.fetchPositions()).toMatchObject([
    { symbol: 'BTC/USDT:USDT', contracts: '0.5', side: 'short' },
  ]);
});

it('ccxt - reads the time and the markets of simulated Kraken', async () => {
  const kraken = await connect('kraken', [], { clockOffsetMs: HOUR });
  expect(Math.abs((await kraken.fetchTime()) - Date.now() - HOUR)).toBeLessThan(60_000);
  await kraken.loadMarkets();
  expect(kraken.markets).toMatchObject({
    'BTC/USD': { id: 'XXBTZUSD', type: 'spot' },
    'ETH/BTC': { id: 'XETHXXBT' },
    'EUR/USDT': { id: 'EURUSDT' },
  });
});

it('ccxt - reads trades, candles and balances of simulated Kraken', async () => {
  const hour = Math.floor(T / HOUR) * HOUR;
  const kraken = await connect(
    'kraken',
    [
      { at: T, market: 'XXBTZUSD', side: 'buy', price: '90000.10', amount: '0.01', fee: '0.9' },
      { at: T + 5_000, market: 'XETHXXBT', side: 'sell', price: '0.05', amount: '2', fee: '-0.0001' },
    ],
    { candles: { 'ETH/BTC': { '*': '0.05' } } },
  );
  expect(await kraken.fetchMyTrades(undefined, T - 2_000)).toMatchObject([
    {
      symbol: 'BTC/USD',
      timestamp: T,
      price: '90000.10',
      amount: '0.01',
      fee: { cost: '0.9', currency: 'USD' },
    },
    {
      symbol: 'ETH/BTC',
      timestamp: T + 5_000,
      takerOrMaker: 'maker',
      fee: { cost: '-0.0001', currency: 'BTC' },
    },
  ]);
  const [candle] = await kraken.fetchOHLCV('ETH/BTC', '1h', hour - HOUR, 1);
  expect(candle?.slice(0, 2).map(Number)).toEqual([hour - HOUR, 0.05]);
  expect((await kraken.fetchBalance()).total).toMatchObject({ ETH: '-2', USD: '99.099' });
});
