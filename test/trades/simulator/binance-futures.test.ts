// The simulated Binance's futures, by requests that the test signs itself.

import { afterEach, describe, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { AccountInput, FillInput } from '../../../src/trades/simulator/scenario.ts';
import { BinanceClient } from '../support/binance-client.ts';

const DAY = 86_400_000;
const T = Date.UTC(2025, 0, 10, 12);

let sim: ExchangeSim | null = null;

afterEach(async () => {
  await sim?.stop();
  sim = null;
});

function linear(at: number, more: Partial<FillInput> = {}): FillInput {
  return {
    at,
    market: 'BTCUSDT',
    kind: 'linear',
    side: 'buy',
    price: '100',
    amount: '1',
    fee: '0.1',
    ...more,
  };
}

function inverse(at: number, more: Partial<FillInput> = {}): FillInput {
  return { at, market: 'BTCUSD_PERP', side: 'buy', price: '50000', amount: '10', ...more };
}

async function start(fills: readonly FillInput[], more: Partial<AccountInput> = {}): Promise<BinanceClient> {
  sim = await startExchangeSim(
    'binance',
    {
      accounts: [{ name: 'a', userId: '4711', fills, ...more }],
      keys: [{ apiKey: 'key-a', secret: 'secret-a', account: 'a' }],
    },
    { clock: { nowMs: () => T } },
  );
  return new BinanceClient(sim.url, ['key-a', 'secret-a'], () => T);
}

describe('fills of futures', () => {
  it('the list of fills - answers nothing for more than 7 days, and the last 7 days without a time', async () => {
    const client = await start([
      linear(T - 30 * DAY),
      linear(T - 8 * DAY),
      linear(T - 7 * DAY),
      linear(T - 1),
    ]);
    const count = async (parameters: Readonly<Record<string, number>>) =>
      (await client.rows('/fapi/v1/userTrades', { symbol: 'BTCUSDT', ...parameters })).length;
    expect(await count({})).toBe(2);
    expect(await count({ startTime: T - 30 * DAY })).toBe(0);
    expect(await count({ startTime: T - 30 * DAY, endTime: T - 23 * DAY })).toBe(1);
    expect(await count({ startTime: T - 30 * DAY, endTime: T - 23 * DAY + 1 })).toBe(0);
    expect(await count({ startTime: T - 7 * DAY })).toBe(2);
    expect(await count({ endTime: T - 2 * DAY })).toBe(2);
    expect(await count({ fromId: 1 })).toBe(4);
    expect(await count({ fromId: 1, limit: 3 })).toBe(3);
  });

  it('the list of fills - reaches half a year back', async () => {
    const client = await start([linear(T - 184 * DAY), linear(T - 182 * DAY)]);
    expect(await client.rows('/fapi/v1/userTrades', { symbol: 'BTCUSDT', fromId: 1 })).toHaveLength(1);
  });

  it('the list of fills - refuses what does not go together, and more than 1000 rows', async () => {
    const client = await start([]);
    const code = async (path: string, parameters: Readonly<Record<string, string | number>>) =>
      ((await client.get(path, parameters)).body as { code: number }).code;
    expect(await code('/fapi/v1/userTrades', {})).toBe(-1102);
    expect(await code('/fapi/v1/userTrades', { symbol: 'XYZUSDT' })).toBe(-1121);
    expect(await code('/fapi/v1/userTrades', { symbol: 'BTCUSDT', fromId: 1, endTime: T })).toBe(-1128);
    expect(await code('/fapi/v1/userTrades', { symbol: 'BTCUSDT', limit: 1001 })).toBe(-1130);
    expect(await code('/dapi/v1/userTrades', {})).toBe(-1102);
    expect(await code('/dapi/v1/userTrades', { symbol: 'BTCUSD_PERP', pair: 'BTCUSD' })).toBe(-1128);
    expect(await code('/dapi/v1/userTrades', { pair: 'BTCUSD', fromId: 1 })).toBe(-1128);
  });

  it('a fill of futures - has the members of the documentation', async () => {
    const client = await start([
      linear(T - 20, { position: 'long' }),
      linear(T - 10, { side: 'sell', price: '110', position: 'long', cause: 'liquidation' }),
      linear(T - 5, { side: 'sell', cause: 'funding', fee: '0.25' }),
    ]);
    const rows = await client.rows('/fapi/v1/userTrades', { symbol: 'BTCUSDT' });
    expect(rows).toHaveLength(2);
    expect(rows[1]).toEqual({
      symbol: 'BTCUSDT',
      id: 28_000_002,
      orderId: 100_000_002,
      side: 'SELL',
      price: '110.00000000',
      qty: '1.00000000',
      realizedPnl: '10.00000000',
      quoteQty: '110.00000000',
      commission: '0.10000000',
      commissionAsset: 'USDT',
      time: T - 10,
      positionSide: 'LONG',
      buyer: false,
      maker: false,
    });
  });

  it('inverse contracts - count in contracts, settle in the base, and are found by pair', async () => {
    const client = await start([inverse(T - 20), inverse(T - 10, { side: 'sell', price: '55000' })]);
    const rows = await client.rows('/dapi/v1/userTrades', { pair: 'BTCUSD' });
    expect(rows).toMatchObject([
      { qty: '10.00000000', baseQty: '0.02000000', realizedPnl: '0.00000000', marginAsset: 'BTC' },
      { pair: 'BTCUSD', baseQty: '0.01818181', realizedPnl: '0.00181818', positionSide: 'BOTH' },
    ]);
    const fifty = await start(Array.from({ length: 60 }, (_, index) => inverse(T - 100 + index)));
    expect(await fifty.rows('/dapi/v1/userTrades', { symbol: 'BTCUSD_PERP' })).toHaveLength(50);
  });
});

describe('income and positions', () => {
  it('income - has profits, commissions, funding and transfers, by type and page', async () => {
    const client = await start(
      [
        linear(T - 8 * DAY),
        linear(T - 20, { side: 'sell', price: '90' }),
        linear(T - 10, { side: 'buy', cause: 'funding', fee: '-0.25' }),
      ],
      { movements: [{ at: T - 9 * DAY, asset: 'USDT', amount: '50', cause: 'transfer', wallet: 'linear' }] },
    );
    const all = await client.rows('/fapi/v1/income', { startTime: T - 10 * DAY });
    expect(all.map(({ incomeType, income, tradeId }) => [incomeType, income, tradeId])).toEqual([
      ['TRANSFER', '50.00000000', ''],
      ['COMMISSION', '-0.10000000', '28000001'],
      ['REALIZED_PNL', '-10.00000000', '28000002'],
      ['COMMISSION', '-0.10000000', '28000002'],
      ['FUNDING_FEE', '0.25000000', '28000003'],
    ]);
    expect(await client.rows('/fapi/v1/income')).toHaveLength(3);
    expect(await client.rows('/fapi/v1/income', { incomeType: 'COMMISSION' })).toHaveLength(1);
    expect(await client.rows('/fapi/v1/income', { limit: 2, page: 2 })).toEqual(all.slice(4));
    expect(await client.rows('/fapi/v1/income', { startTime: T - 20, endTime: T - 20 })).toEqual(
      all.slice(2, 4),
    );
    expect((await client.get('/dapi/v1/income', { startTime: T - 400 * DAY })).body).toMatchObject({
      code: -1127,
    });
  });

  it('positions and balances - follow the fills', async () => {
    const client = await start([
      linear(T - 30),
      linear(T - 20, { price: '130', amount: '2' }),
      linear(T - 10, { side: 'sell', price: '140', amount: '1', fee: '0.2' }),
      linear(T - 5, { market: 'ETHUSDT' }),
      linear(T - 4, { market: 'ETHUSDT', side: 'sell' }),
    ]);
    expect(await client.rows('/fapi/v3/positionRisk')).toMatchObject([
      { symbol: 'BTCUSDT', positionAmt: '2', entryPrice: '120.00000000', positionSide: 'BOTH' },
    ]);
    expect(await client.rows('/fapi/v2/positionRisk')).toMatchObject([
      { positionAmt: '2' },
      { positionAmt: '0' },
    ]);
    expect(await client.rows('/fapi/v2/balance')).toMatchObject([{ asset: 'USDT', balance: '19.40000000' }]);
    expect((await client.get('/fapi/v3/account')).body).toMatchObject({
      assets: [{ asset: 'USDT', walletBalance: '19.40000000' }],
      positions: [{ symbol: 'BTCUSDT' }],
    });
    expect(await client.rows('/dapi/v1/positionRisk')).toMatchObject([
      { symbol: 'BTCUSD_PERP', positionAmt: '0' },
    ]);
  });
});
