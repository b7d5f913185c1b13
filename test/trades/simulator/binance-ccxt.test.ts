// The simulated Binance by way of ccxt: its single module, pointed at the server, reads markets, fills and balances.

import { afterEach, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { FillInput } from '../../../src/trades/simulator/scenario.ts';
import { binanceOfCcxt } from '../support/ccxt-exchange.ts';

const T = Date.UTC(2025, 0, 10, 12);

let sim: ExchangeSim | null = null;

afterEach(async () => {
  await sim?.stop();
  sim = null;
});

async function start(fills: readonly FillInput[]) {
  sim = await startExchangeSim('binance', {
    clockOffsetMs: T - Date.now(),
    accounts: [{ name: 'a', userId: '4711', balances: { USDT: '1000' }, fills }],
    keys: [{ apiKey: 'key-a', secret: 'secret-a', account: 'a' }],
    candles: { 'BNB/USDT': { '*': '600' } },
  });
  const ccxt = await binanceOfCcxt(sim.url, ['key-a', 'secret-a']);
  // The exchange's clock is in the past.
  await ccxt.loadTimeDifference();
  await ccxt.loadMarkets();
  return { server: sim, ccxt };
}

it('ccxt - reads the tables of markets', async () => {
  const { ccxt } = await start([]);
  expect(Object.keys(ccxt.markets).toSorted()).toEqual([
    'BNB/USDT',
    'BTC/USD:BTC',
    'BTC/USDT',
    'BTC/USDT:USDT',
    'ETH/BTC',
    'ETH/USDT',
    'ETH/USDT:USDT',
  ]);
  expect(ccxt.markets['BTC/USD:BTC']).toMatchObject({ inverse: true, contractSize: '100', settle: 'BTC' });
  expect(ccxt.markets['BTC/USDT:USDT']).toMatchObject({ linear: true, contractSize: '1', active: true });
  expect(ccxt.markets['BTC/USDT']).toMatchObject({ spot: true, active: true });
});

it('ccxt - reads fills of every kind of account, and balances', async () => {
  const { ccxt } = await start([
    {
      at: T - 60,
      market: 'BTCUSDT',
      side: 'buy',
      price: '100.5',
      amount: '0.25',
      fee: '0.01',
      feeAsset: 'BNB',
    },
    { at: T - 50, market: 'BTCUSDT', kind: 'cross', side: 'sell', price: '101', amount: '0.1' },
    { at: T - 40, market: 'BTCUSDT', kind: 'isolated', side: 'sell', price: '102', amount: '0.2' },
    {
      at: T - 30,
      market: 'BTCUSDT',
      kind: 'linear',
      side: 'sell',
      price: '103',
      amount: '0.3',
      fee: '-0.02',
    },
    { at: T - 20, market: 'BTCUSD_PERP', side: 'buy', price: '50000', amount: '10', fee: '0.0001' },
  ]);
  const read = async (symbol: string, parameters: Readonly<Record<string, unknown>> = {}) =>
    (await ccxt.fetchMyTrades(symbol, T - 100, undefined, parameters)).map(
      ({ side, price, amount, timestamp, fee }) => [
        side,
        Number(price),
        Number(amount),
        timestamp - T,
        fee?.currency,
      ],
    );
  expect(await read('BTC/USDT')).toEqual([['buy', 100.5, 0.25, -60, 'BNB']]);
  expect(await read('BTC/USDT', { marginMode: 'cross' })).toEqual([['sell', 101, 0.1, -50, 'USDT']]);
  expect(await read('BTC/USDT', { marginMode: 'isolated' })).toEqual([['sell', 102, 0.2, -40, 'USDT']]);
  expect(await read('BTC/USDT:USDT')).toEqual([['sell', 103, 0.3, -30, 'USDT']]);
  expect(await read('BTC/USD:BTC')).toEqual([['buy', 50_000, 10, -20, 'BTC']]);
  expect((await ccxt.fetchBalance({ type: 'spot' })).total).toMatchObject({ BTC: '0.25', USDT: '974.875' });
  expect((await ccxt.fetchBalance({ type: 'margin' })).total).toMatchObject({ USDT: '10.1' });
  expect((await ccxt.fetchBalance({ type: 'swap' })).total).toMatchObject({ USDT: '0.02000000' });
  expect(await ccxt.fapiPrivateV3GetPositionRisk()).toMatchObject([
    { symbol: 'BTCUSDT', positionAmt: '-0.3' },
  ]);
  expect(await ccxt.fetchOHLCV('BNB/USDT', '1h', T, 1)).toEqual([[T, '600', '600', '600', '600', '0']]);
});

it('ccxt - tells the kinds of refusals apart', async () => {
  const { server, ccxt } = await start([]);
  const nameOf = async () => {
    try {
      await ccxt.fetchBalance({ type: 'spot' });
      return null;
    } catch (error) {
      return (error as Error).constructor.name;
    }
  };
  server.addFault({ kind: 429, retryAfter: 1 });
  expect(await nameOf()).toBe('DDoSProtection');
  server.stepClock(10_000);
  expect(await nameOf()).toBe('InvalidNonce');
  server.stepClock(-10_000);
  server.addFault({ kind: 500 });
  expect(await nameOf()).toBe('OperationFailed');
  server.addFault({ kind: 'reset' });
  expect(await nameOf()).toMatch(/NetworkError|ExchangeNotAvailable/);
  server.addFault({ kind: 'rubbish' });
  // A trap: ccxt takes a page with status 200 for an account without balances.
  expect(await nameOf()).toBeNull();
  server.revokeKey('key-a');
  // A trap: after one good answer ccxt takes -2015 for a ban.
  expect(await nameOf()).toBe('DDoSProtection');
  // A trap: with a key, ccxt asks for two tables of margin pairs at once, unless `fetchMargins` is off.
  expect(server.counts().overlaps).toEqual({ 'key-a': 1 });
});
