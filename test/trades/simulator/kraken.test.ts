// The simulated Kraken, asked over HTTP by requests that are signed in the test.

import { afterEach, expect, it } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import type { FillInput, ScenarioInput } from '../../../src/trades/simulator/scenario.ts';
import { krakenPost } from './signed-requests.ts';

const T = Date.UTC(2025, 0, 10, 10, 30);
const SECONDS = T / 1_000;
const HOUR = 3_600_000;
const KEY = { apiKey: 'key-a', secret: Buffer.from('secret-a').toString('base64') };
const OTHER_SECRET = Buffer.from('other').toString('base64');

let sim: ExchangeSim;
let nowMs: number;
let nonce = 0;

afterEach(async () => {
  await sim.stop();
});

async function start(fills: readonly FillInput[], more: Partial<ScenarioInput> = {}): Promise<void> {
  nowMs = T;
  sim = await startExchangeSim(
    'kraken',
    {
      latencyMs: 0,
      accounts: [{ name: 'a', userId: 'AA88 N84G WOAK NMOI', balances: { USD: '1000' }, fills }],
      keys: [
        { ...KEY, account: 'a' },
        { ...KEY, apiKey: 'blind', account: 'a', canRead: false },
        { ...KEY, apiKey: 'expired', account: 'a', expiresAt: T },
        { ...KEY, apiKey: 'mighty', account: 'a', canWithdraw: true, isIpBound: false, expiresAt: T + HOUR },
      ],
      ...more,
    },
    { clock: { nowMs: () => nowMs } },
  );
}

interface Answer {
  readonly error: readonly string[];
  readonly result?: {
    readonly trades: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly count: number;
    readonly [member: string]: unknown;
  };
}

async function post(
  method: string,
  parameters: Readonly<Record<string, string>> = {},
  key = KEY,
): Promise<Answer> {
  nonce += 1;
  const response = await krakenPost(sim.url, method, parameters, key, nonce);
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

async function times(parameters: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  const { result } = await post('TradesHistory', parameters);
  return Object.values(result?.trades ?? {}).map(({ time }) => Math.floor(Number(time) * 1_000) - T);
}

/** A fill of BTC/USD. */
function fill(atMs: number, more: Partial<FillInput> = {}): FillInput {
  return { at: atMs, market: 'XXBTZUSD', side: 'buy', price: '100', amount: '1', ...more };
}

it.each([
  ['an unknown key', 'TradesHistory', { ...KEY, apiKey: 'nobody' }, 'EAPI:Invalid key'],
  ['an expired key', 'TradesHistory', { ...KEY, apiKey: 'expired' }, 'EAPI:Invalid key'],
  ['another secret', 'TradesHistory', { ...KEY, secret: OTHER_SECRET }, 'EAPI:Invalid signature'],
  ['a key without rights', 'TradesHistory', { ...KEY, apiKey: 'blind' }, 'EGeneral:Permission denied'],
  ['a method that it does not have', 'NoSuch', KEY, 'EGeneral:Unknown method'],
  ['a right request', 'TradesHistory', KEY, undefined],
] as const)('simulated Kraken - answers %s with status 200', async (_name, method, key, error) => {
  await start([]);
  expect((await post(method, {}, key)).error[0]).toBe(error);
  expect(sim.requests()).toMatchObject([{ status: 200, code: error ?? null }]);
});

it('simulated Kraken - wants a nonce above the last accepted one', async () => {
  await start([]);
  const codes: unknown[] = [];
  for (const each of [1_000_000, 1_000_000, 999_999, 1_000_001]) {
    const response = await krakenPost(sim.url, 'Balance', {}, KEY, each);
    codes.push(((await response.json()) as Answer).error[0] ?? 'good');
  }
  // A wrong signature takes no nonce.
  await krakenPost(sim.url, 'Balance', {}, KEY, 2_000_000, 'AAAA');
  codes.push(
    ((await (await krakenPost(sim.url, 'Balance', {}, KEY, 1_000_002)).json()) as Answer).error[0] ?? 'good',
  );
  expect(codes).toEqual(['good', 'EAPI:Invalid nonce', 'EAPI:Invalid nonce', 'good', 'good']);
  nonce = 3_000_000;
});

it.each([
  ['starter', 7, 0.33],
  ['intermediate', 10, 0.5],
  ['pro', 10, 1],
] as const)('simulated Kraken - counts calls of tier %s, 2 for each', async (tier, atOnce, perSecond) => {
  await start([], { tier });
  const errors: unknown[] = [];
  for (let call = 0; call < atOnce + 1; call += 1) errors.push((await post('TradesHistory')).error[0]);
  expect(errors).toEqual([...Array.from({ length: atOnce }, () => undefined), 'EAPI:Rate limit exceeded']);
  // The refused call counted too: the counter is at twice the calls, and one more must fit.
  const max = tier === 'starter' ? 15 : 20;
  const waitMs = Math.ceil((((atOnce + 2) * 2 - max) / perSecond) * 1_000);
  nowMs += waitMs - 10;
  // A cheaper call fits a little earlier; another key has a counter of its own.
  expect((await post('Balance')).error).toEqual([]);
  nowMs += 10;
  expect((await post('TradesHistory')).error).toEqual(['EAPI:Rate limit exceeded']);
  expect((await post('GetApiKeyInfo', {}, { ...KEY, apiKey: 'mighty' })).error).toEqual([]);
});

it('simulated Kraken - counts no calls where the scenario says so', async () => {
  await start([], { tier: 'none' });
  for (let call = 0; call < 30; call += 1) expect((await post('TradesHistory')).error).toEqual([]);
});

it.each([
  ['nothing', {}, [2_000, 1_500, 1_000, 999, 0]],
  ['a start, exclusive', { start: String(SECONDS) }, [2_000, 1_500, 1_000, 999]],
  ['a start of the next second, exclusive', { start: String(SECONDS + 1) }, [2_000, 1_500]],
  ['a start with a fraction', { start: `${SECONDS}.999` }, [2_000, 1_500, 1_000, 999]],
  ['an end, inclusive', { end: String(SECONDS + 1) }, [1_000, 999, 0]],
  ['both', { start: String(SECONDS), end: String(SECONDS + 1) }, [1_000, 999]],
  ['an id as start, exclusive', { start: 'T2' }, [2_000, 1_500]],
  ['an id as end, inclusive', { end: 'T2' }, [1_000, 999, 0]],
  ['an offset', { ofs: '3' }, [999, 0]],
  ['an offset beyond the end', { ofs: '9' }, []],
] as const)('simulated Kraken - lists trades, newest first, for %s', async (_name, parameters, expected) => {
  await start([0, 999, 1_000, 1_500, 2_000].map((offset, index) => fill(T + offset, { id: `T${index}` })));
  nowMs += 10_000;
  expect(await times(parameters)).toEqual(expected);
});

it.each(['start', 'end', 'ofs', 'type'])('simulated Kraken - refuses a %s that is none', async (name) => {
  await start([]);
  expect((await post('TradesHistory', { [name]: 'x' })).error[0]).toMatch(/^EGeneral:Invalid arguments/);
});

it('simulated Kraken - gives 50 trades a page, and counts all', async () => {
  await start(Array.from({ length: 120 }, (_, index) => fill(T - 120 + index)));
  const pages: number[] = [];
  for (const ofs of ['0', '50', '100', '150']) {
    const { result } = await post('TradesHistory', { ofs });
    expect(result?.count).toBe(120);
    pages.push(Object.keys(result?.trades ?? {}).length);
  }
  expect(pages).toEqual([50, 50, 20, 0]);
});

it('simulated Kraken - pages through equal times', async () => {
  await start(
    [0, 1, 1, 2, 3, 3, 4].map((offset) => fill(T - 1_000 + offset)),
    { pageSizeMax: 2 },
  );
  const seen: string[] = [];
  for (const ofs of ['0', '2', '4', '6']) {
    seen.push(...Object.keys((await post('TradesHistory', { ofs })).result?.trades ?? {}));
  }
  expect(new Set(seen).size).toBe(7);
  expect(seen).toEqual(seen.toSorted().toReversed());
});

it('simulated Kraken - hides a late trade until it is time', async () => {
  await start([fill(T - 5_000, { visibleAt: T + 5_000 })]);
  expect((await post('TradesHistory')).result?.count).toBe(0);
  nowMs += 5_000;
  expect((await post('TradesHistory')).result?.count).toBe(1);
});

it('simulated Kraken - writes a trade as the documentation does, with its fee in the quote', async () => {
  await start([
    fill(T - 2_345, { amount: '0.10000000', price: '9.25000', fee: '0.00296', id: 'TX', orderId: 'OX' }),
    fill(T - 1_000, {
      fees: [
        { asset: 'BTC', amount: '0.001' },
        { asset: 'USD', amount: '0.2' },
      ],
    }),
    fill(T - 500, { price: '0.000001', amount: '0.00001' }),
  ]);
  const trades = (await post('TradesHistory')).result?.trades ?? {};
  expect(trades['TX']).toEqual({
    ordertxid: 'OX',
    postxid: expect.any(String),
    pair: 'XXBTZUSD',
    time: (T - 2_345) / 1_000 + 0.0002,
    type: 'buy',
    ordertype: 'limit',
    price: '9.25000',
    cost: '0.92500',
    fee: '0.00296',
    vol: '0.1',
    margin: '0.00000',
    leverage: '0',
    misc: '',
    trade_id: expect.any(Number),
    maker: false,
  });
  const [latest, second] = Object.values(trades);
  expect(second).toMatchObject({ fee: '0.3' });
  // A cost that rounds to nothing.
  expect(latest).toMatchObject({ cost: '0.00000' });
});

it('simulated Kraken - tells what margin trades do to positions', async () => {
  await start([
    fill(T - 5_000),
    fill(T - 4_000, { kind: 'cross', amount: '2', id: 'TOPEN' }),
    fill(T - 3_000, { kind: 'cross', side: 'sell', amount: '2', price: '110', id: 'TCLOSE' }),
    fill(T - 2_000, { kind: 'cross', side: 'sell', id: 'TLAST', cause: 'liquidation' }),
    fill(T - 1_000, { kind: 'cross', cause: 'funding' }),
  ]);
  const ids = async (type: string) =>
    Object.keys((await post('TradesHistory', { type })).result?.trades ?? {});
  expect(await ids('all')).toHaveLength(4);
  expect(await ids('no position')).toHaveLength(1);
  expect(await ids('any position')).toEqual(['TLAST', 'TCLOSE', 'TOPEN']);
  expect(await ids('closing position')).toEqual(['TCLOSE']);
  expect(await ids('closed position')).toEqual(['TOPEN']);
  const { result } = await post('TradesHistory', { trades: 'true' });
  expect(result?.trades['TOPEN']).toMatchObject({
    posstatus: 'closed',
    cprice: '110',
    ccost: '220.00000',
    cvol: '2.00000000',
    margin: '40.00000',
    leverage: '5',
    trades: ['TCLOSE'],
  });
  expect(result?.trades['TCLOSE']).toMatchObject({ misc: 'closing' });
  expect(result?.trades['TLAST']).toMatchObject({ ordertype: 'liquidation market', posstatus: 'open' });
  const positions = (await post('OpenPositions')).result ?? {};
  expect(Object.keys(positions)).toEqual(['TLAST']);
});

it('simulated Kraken - tells the rights of a key', async () => {
  await start([]);
  expect((await post('GetApiKeyInfo')).result).toMatchObject({
    apiKey: 'key-a',
    iban: 'AA88 N84G WOAK NMOI',
    nonceWindow: 0,
    validUntil: '0',
    ipAllowlist: ['127.0.0.1'],
    permissions: expect.not.arrayContaining(['withdraw-funds']),
  });
  expect((await post('GetApiKeyInfo', {}, { ...KEY, apiKey: 'mighty' })).result).toMatchObject({
    permissions: expect.arrayContaining(['withdraw-funds']),
    ipAllowlist: [],
    validUntil: String((T + HOUR) / 1_000),
  });
});

it('simulated Kraken - tells balances by the names of its assets', async () => {
  await start([fill(T - 1, { fee: '1' })]);
  expect((await post('Balance')).result).toEqual({ ZUSD: '899', XXBT: '1' });
  expect((await post('BalanceEx')).result).toMatchObject({ XXBT: { balance: '1', hold_trade: '0.0000' } });
});

async function publicGet(path: string): Promise<Answer> {
  return (await (await fetch(`${sim.url}/0/public/${path}`)).json()) as Answer;
}

it('simulated Kraken - names assets and pairs as it does', async () => {
  await start([]);
  expect((await publicGet('Time')).result).toEqual({ unixtime: SECONDS, rfc1123: new Date(T).toUTCString() });
  expect((await publicGet('Assets?asset=XBT')).result).toMatchObject({
    XXBT: { altname: 'XBT', decimals: 10 },
  });
  for (const name of ['XXBTZUSD', 'XBTUSD', 'XBT/USD', 'BTC/USD']) {
    expect((await publicGet(`AssetPairs?pair=${name}`)).result).toMatchObject({
      XXBTZUSD: { altname: 'XBTUSD', wsname: 'XBT/USD', base: 'XXBT', quote: 'ZUSD', status: 'online' },
    });
  }
  expect((await publicGet('AssetPairs?pair=NOSUCH')).error).toEqual(['EQuery:Unknown asset pair']);
});

it('simulated Kraken - answers candles after a time, the current one always, 720 at most', async () => {
  await start([], { candles: { 'BTC/USD': { '*': '90000' } } });
  const rows = async (query: string) => {
    const body = await publicGet(`OHLC?pair=XBTUSD&interval=60${query}`);
    return body.result?.['XXBTZUSD'] as readonly (readonly unknown[])[];
  };
  const hourS = Math.floor(SECONDS / 3_600) * 3_600;
  expect(await rows('')).toHaveLength(720);
  expect((await rows(`&since=${hourS - 7_200}`)).map(([time, open]) => [Number(time) - hourS, open])).toEqual(
    [
      [-3_600, '90000'],
      [0, '90000'],
    ],
  );
  expect(await rows(`&since=${hourS + 999}`)).toHaveLength(1);
});

it.each([
  [{ kind: 429 }, 'EAPI:Rate limit exceeded'],
  [{ kind: 429, banUntil: T + 60_000 }, `EService: Throttled: ${SECONDS + 60}`],
  [{ kind: 418 }, 'EGeneral:Temporary lockout'],
  [{ kind: 500 }, 'EService:Unavailable'],
] as const)('simulated Kraken - words a fault as %o', async (fault, word) => {
  await start([], { faults: [fault] });
  expect((await post('Balance')).error).toEqual([word]);
  expect((await post('Balance')).error).toEqual([]);
});
