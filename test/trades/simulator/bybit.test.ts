// The simulated Bybit, asked over HTTP by requests that are signed in the test.

import { afterEach, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { FillInput, ScenarioInput } from '../../../src/trades/simulator/scenario.ts';
import { type BybitOddities, bybitGet } from './signed-requests.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const T = Date.UTC(2025, 0, 10, 10, 30);
const KEY = { apiKey: 'key-a', secret: 'secret-a' };

let sim: ExchangeSim;
let nowMs: number;

afterEach(async () => {
  await sim.stop();
});

async function start(fills: readonly FillInput[], more: Partial<ScenarioInput> = {}): Promise<void> {
  nowMs = T;
  sim = await startExchangeSim(
    'bybit',
    {
      latencyMs: 0,
      accounts: [{ name: 'a', userId: '53888001', balances: { USDT: '1000' }, fills }],
      keys: [
        { ...KEY, account: 'a' },
        { apiKey: 'expired', secret: 's', account: 'a', expiresAt: T - 1 },
        { apiKey: 'blind', secret: 's', account: 'a', canRead: false },
        {
          apiKey: 'mighty',
          secret: 's',
          account: 'a',
          canWithdraw: true,
          isIpBound: false,
          expiresAt: T + DAY,
        },
      ],
      ...more,
    },
    { clock: { nowMs: () => nowMs } },
  );
}

interface Answer {
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: {
    readonly list: readonly Readonly<Record<string, unknown>>[];
    readonly nextPageCursor: string;
    readonly [member: string]: unknown;
  };
}

async function ask(path: string, query: string, key = KEY, odd: BybitOddities = {}): Promise<Answer> {
  const response = await bybitGet(sim.url, path, query, key, nowMs, odd);
  return (await response.json()) as Answer;
}

function executions(query: string): Promise<Answer> {
  return ask('/v5/execution/list', query);
}

/** A fill of BTCUSDT. */
function fill(atMs: number, more: Partial<FillInput> = {}): FillInput {
  return { at: atMs, market: 'BTCUSDT', side: 'buy', price: '100', amount: '1', ...more };
}

it.each([
  ['an unknown key', { apiKey: 'nobody', secret: 's' }, {}, 10_003],
  ['a wrong signature', KEY, { signature: '00'.repeat(32) }, 10_004],
  ['another secret', { ...KEY, secret: 'wrong' }, {}, 10_004],
  ['a timestamp at the edge of the window', KEY, { timestampMs: T - 5_000 }, 0],
  ['a timestamp behind the window', KEY, { timestampMs: T - 5_001 }, 10_002],
  ['a timestamp just below one second ahead', KEY, { timestampMs: T + 999 }, 0],
  ['a timestamp one second ahead', KEY, { timestampMs: T + 1_000 }, 10_002],
  ['a wider window', KEY, { timestampMs: T - 9_000, recvWindow: '10000' }, 0],
  ['an expired key', { apiKey: 'expired', secret: 's' }, {}, 33_004],
  ['a key without rights', { apiKey: 'blind', secret: 's' }, {}, 10_005],
] as const)('simulated Bybit - answers %s', async (_name, key, odd, code) => {
  await start([]);
  expect(await ask('/v5/execution/list', 'category=linear', key, odd)).toMatchObject({ retCode: code });
  expect(sim.requests()).toMatchObject([{ code: code === 0 ? null : String(code), status: 200 }]);
});

it('simulated Bybit - answers a request without credentials with 401, a revoked key with 10003, an expired one for spot with -2015', async () => {
  await start([]);
  expect((await fetch(`${sim.url}/v5/execution/list?category=spot`)).status).toBe(401);
  expect(await ask('/v5/execution/list', 'category=spot', { apiKey: 'expired', secret: 's' })).toMatchObject({
    retCode: -2015,
  });
  sim.revokeKey('key-a');
  expect(await executions('category=spot')).toMatchObject({ retCode: 10_003 });
});

const WEEK_FILLS = [T - 15 * DAY, T - 7 * DAY - 1, T - 7 * DAY, T - 1].map((atMs, index) =>
  fill(atMs, { id: `f${index}`, kind: 'linear' }),
);

it.each([
  ['nothing: the last seven days', '', ['f3', 'f2']],
  ['only a start: seven days from there', `startTime=${T - 15 * DAY}`, ['f0']],
  ['only a start: both ends included', `startTime=${T - 14 * DAY}`, ['f2', 'f1']],
  ['only an end: seven days up to it', `endTime=${T - 7 * DAY - 1}`, ['f1']],
  ['both', `startTime=${T - 7 * DAY - 1}&endTime=${T - 7 * DAY - 1}`, ['f1']],
  ['seven days', `startTime=${T - 7 * DAY}&endTime=${T}`, ['f3', 'f2']],
  ['more than seven days', `startTime=${T - 7 * DAY - 1}&endTime=${T}`, 10_001],
  ['an end before the start', `startTime=${T}&endTime=${T - 1}`, 10_001],
  ['a start of 730 days ago', `startTime=${T - 730 * DAY}`, []],
  ['a start of more than 730 days ago', `startTime=${T - 730 * DAY - 1}`, 10_001],
  ['a limit of 101', 'limit=101', 10_001],
  ['a limit of 0', 'limit=0', 10_001],
  ['an unknown kind', 'execType=Nothing', 10_001],
  ['an unknown market', 'symbol=NOSUCH', 10_001],
  ['another market', 'symbol=ETHUSDT', []],
  ['a cursor that is none', 'cursor=abc', 10_001],
] as const)('simulated Bybit - lists executions for %s', async (_name, query, expected) => {
  await start(WEEK_FILLS);
  const { retCode, result } = await executions(`category=linear&${query}`);
  if (typeof expected === 'number') expect(retCode).toBe(expected);
  else expect(result.list.map(({ execId }) => execId)).toEqual(expected);
});

it('simulated Bybit - wants a category', async () => {
  await start(WEEK_FILLS);
  expect((await executions('')).retCode).toBe(10_001);
  expect((await executions('category=option')).result.list).toEqual([]);
});

it.each([
  ['encoded again', (cursor: string) => encodeURIComponent(cursor)],
  ['as it came', (cursor: string) => cursor],
])('simulated Bybit - pages through equal times, newest first, the cursor %s', async (_name, encode) => {
  const times = [0, 1, 1, 2, 3, 3, 4];
  await start(
    times.map((offset) => fill(T - HOUR + offset)),
    { pageSizeMax: 2 },
  );
  const seen: unknown[] = [];
  let cursor = '';
  let pages = 0;
  for (;;) {
    const { result } = await executions(`category=spot${cursor === '' ? '' : `&cursor=${encode(cursor)}`}`);
    if (result.list.length === 0) break;
    pages += 1;
    seen.push(...result.list.map(({ execTime }) => Number(execTime) - (T - HOUR)));
    cursor = result.nextPageCursor;
    // A fill that comes between two pages moves none of them.
    if (pages === 1) sim.addFills('a', [fill(T - HOUR + 5)]);
  }
  expect(seen).toEqual(times.toReversed());
  expect(pages).toBe(4);
});

it('simulated Bybit - lists trades, liquidations, settlements and funding together, or one kind', async () => {
  const causes = ['trade', 'funding', 'liquidation', 'adl', 'settle'] as const;
  await start(
    causes.map((cause, index) => fill(T - 10 + index, { cause, kind: 'linear' })),
    {},
  );
  const all = await executions('category=linear');
  expect(all.result.list.map(({ execType }) => execType).toReversed()).toEqual([
    'Trade',
    'Funding',
    'BustTrade',
    'AdlTrade',
    'Delivery',
  ]);
  const one = await executions('category=linear&execType=BustTrade');
  expect(one.result.list).toMatchObject([
    { execType: 'BustTrade', createType: 'CreateByTakeOver_PassThrough' },
  ]);
});

it('simulated Bybit - names the settlement of an inverse contract Settle', async () => {
  await start([fill(T - 1, { market: 'BTCUSD', cause: 'settle' })]);
  expect((await executions('category=inverse')).result.list).toMatchObject([{ execType: 'Settle' }]);
});

it('simulated Bybit - moves its limit of two years while a client pages', async () => {
  const startMs = T - 730 * DAY;
  await start([fill(startMs + 1)]);
  expect((await executions(`category=spot&startTime=${startMs}`)).result.list).toHaveLength(1);
  nowMs += 60_000;
  expect((await executions(`category=spot&startTime=${startMs}`)).retCode).toBe(10_001);
});

it('simulated Bybit - writes a row as the documentation does', async () => {
  await start([
    fill(T - 3, { side: 'sell', amount: '2', kind: 'linear', fee: '0.12' }),
    fill(T - 2, { amount: '0.5', price: '90.50', kind: 'linear', fee: '-0.01', id: 'x', orderId: 'o' }),
    fill(T - 1, {
      fees: [
        { asset: 'MNT', amount: '0.3' },
        { asset: 'USDT', amount: '0.01' },
      ],
    }),
  ]);
  const contracts = await executions('category=linear');
  expect(contracts.result.list[0]).toMatchObject({
    symbol: 'BTCUSDT',
    side: 'Buy',
    execId: 'x',
    orderId: 'o',
    execPrice: '90.50',
    execQty: '0.5',
    execValue: '45.25000000',
    execFee: '-0.01',
    feeRate: '-0.00022099',
    feeCurrency: '',
    isMaker: true,
    closedSize: '0.5',
    createType: 'CreateByUser',
    execTime: String(T - 2),
  });
  expect(contracts.result.list[1]).toMatchObject({ closedSize: '0', isMaker: false });
  const spot = (await executions('category=spot')).result.list;
  expect(spot).toMatchObject([{ feeCurrency: 'MNT', execFee: '0.3', closedSize: '' }]);
  expect(JSON.parse(String(spot[0]?.['extraFees']))).toMatchObject([{ feeCoin: 'USDT', fee: '0.01' }]);
  expect(spot[0]).not.toHaveProperty('createType');
});

it('simulated Bybit - tells leveraged executions of spot from others', async () => {
  await start([fill(T - 2), fill(T - 1, { kind: 'cross' })]);
  const { list } = (await executions('category=spot')).result;
  expect(list.map(({ isLeverage }) => isLeverage)).toEqual(['1', '0']);
});

it('simulated Bybit - tells the rights of a key', async () => {
  await start([]);
  expect((await ask('/v5/user/query-api', '')).result).toMatchObject({
    readOnly: 1,
    userID: 53_888_001,
    isMaster: true,
    ips: ['127.0.0.1'],
    permissions: { Wallet: ['AccountTransfer'] },
  });
  expect((await ask('/v5/user/query-api', '', { apiKey: 'mighty', secret: 's' })).result).toMatchObject({
    readOnly: 0,
    ips: ['*'],
    permissions: { Wallet: expect.arrayContaining(['Withdraw']) },
    deadlineDay: 1,
    expiredAt: '2025-01-11T10:30:00Z',
  });
});

it('simulated Bybit - counts requests per second and user, and says so in headers', async () => {
  await start([]);
  const get = () => bybitGet(sim.url, '/v5/user/query-api', '', KEY, nowMs);
  const responses = await Promise.all(Array.from({ length: 11 }, get));
  const left = responses.map(({ headers }) => headers.get('X-Bapi-Limit-Status'));
  expect(left.filter((each) => each === '0')).toHaveLength(2);
  const codes = await Promise.all(responses.map(async (each) => ((await each.json()) as Answer).retCode));
  expect(codes.filter((code) => code === 10_006)).toHaveLength(1);
  nowMs += 1_000;
  expect((await ask('/v5/user/query-api', '')).retCode).toBe(0);
});

it('simulated Bybit - bans an address after 600 requests in five seconds, for ten minutes', async () => {
  await start([]);
  const time = async () => (await fetch(`${sim.url}/v5/market/time`)).status;
  for (let round = 0; round < 6; round += 1) {
    expect(new Set(await Promise.all(Array.from({ length: 100 }, time)))).toEqual(new Set([200]));
  }
  expect(await time()).toBe(403);
  nowMs += 600_000;
  expect(await time()).toBe(200);
});

it('simulated Bybit - lists instruments: spot whole, contracts in pages, delisted ones when asked', async () => {
  await start([], {
    markets: [
      ...['AAA', 'BBB', 'CCC'].map((base) => ({
        id: `${base}USDT`,
        base,
        quote: 'USDT',
        kind: 'linear' as const,
      })),
      { id: 'OLDUSDT', base: 'OLD', quote: 'USDT', kind: 'linear', isDelisted: true },
      { id: 'AAAUSDT', base: 'AAA', quote: 'USDT', kind: 'spot' },
    ],
  });
  const get = async (query: string) =>
    ((await (await fetch(`${sim.url}/v5/market/instruments-info?${query}`)).json()) as Answer).result;
  expect((await get('category=spot')).list).toMatchObject([{ symbol: 'AAAUSDT', baseCoin: 'AAA' }]);
  const first = await get('category=linear&limit=2');
  expect(first.list.map(({ symbol }) => symbol)).toEqual(['AAAUSDT', 'BBBUSDT']);
  const second = await get(`category=linear&limit=2&cursor=${encodeURIComponent(first.nextPageCursor)}`);
  expect(second.list.map(({ symbol }) => symbol)).toEqual(['CCCUSDT']);
  expect(second.nextPageCursor).toBe('');
  expect((await get('category=linear&status=Closed')).list).toMatchObject([{ symbol: 'OLDUSDT' }]);
});

it('simulated Bybit - answers candles newest first, without those that have no price', async () => {
  const hour = Math.floor(T / HOUR) * HOUR;
  await start([], {
    candles: { 'MNT/USDT': { [new Date(hour - HOUR).toISOString()]: 404, '*': '0.8' } },
  });
  const address = `${sim.url}/v5/market/kline?category=spot&symbol=MNTUSDT&interval=60`;
  const body = (await (await fetch(`${address}&start=${hour - 2 * HOUR + 5}&end=${hour}`)).json()) as Answer;
  expect(body.result.list.map((candle) => [Number(candle[0]) - hour, candle[1]])).toEqual([
    [0, '0.8'],
    [-2 * HOUR, '0.8'],
  ]);
});

it('simulated Bybit - tells balances of the one wallet, and positions', async () => {
  await start([
    fill(T - 3, { fee: '0.001' }),
    fill(T - 2, { kind: 'linear', amount: '3', side: 'sell', fee: '1' }),
  ]);
  const wallet = await ask('/v5/account/wallet-balance', 'accountType=UNIFIED');
  expect(wallet.result.list[0]).toMatchObject({
    coin: expect.arrayContaining([
      expect.objectContaining({ coin: 'BTC', walletBalance: '0.999' }),
      expect.objectContaining({ coin: 'USDT', walletBalance: '899' }),
    ]),
  });
  const positions = await ask('/v5/position/list', 'category=linear&settleCoin=USDT');
  expect(positions.result.list).toMatchObject([
    { symbol: 'BTCUSDT', side: 'Sell', size: '3', avgPrice: '100' },
  ]);
  expect((await ask('/v5/position/list', 'category=linear')).retCode).toBe(10_001);
});

it.each([
  [403, 403, 'access too frequent'],
  [429, 429, 'System level frequency protection'],
  [500, 500, '10016'],
] as const)('simulated Bybit - words a fault %i', async (kind, status, words) => {
  await start([], { faults: [{ kind, retryAfter: 0 }] });
  const response = await bybitGet(sim.url, '/v5/account/info', '', KEY, nowMs);
  expect(response.status).toBe(status);
  expect(response.headers.get('retry-after')).toBe('0');
  expect(await response.text()).toContain(words);
  expect((await ask('/v5/account/info', '')).retCode).toBe(0);
});
