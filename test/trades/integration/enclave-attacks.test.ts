// Attacks on the enclave as a process of its own: by clients, by users of the machine, and by an exchange that answers what no
// exchange should. Each time it must go on, or end without a word of what it holds.

import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { STRICTEST_POLICY } from '../../../src/trades/client/policy.ts';
import { sealCredentials } from '../../../src/trades/client/seal-credentials.ts';
import { SecureClient } from '../../../src/trades/client/secure-client.ts';
import { startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { startAggregator } from '../../support/aggregator.ts';
import { HeapInspector } from '../../support/inspected-heaps.ts';
import { tradesPlace } from '../../support/trades.ts';
import { until } from '../../support/until.ts';
import { HttpTap } from '../secrets/taps.ts';

const HOUR_MS = 3_600_000;
const KEYS = ['a', 'b'].map((name) => ({ apiKey: `key-of-user-${name}`, secret: `secret-of-user-${name}` }));
const MEBIBYTE = 1_048_576;

/** An enclave alone, and an exchange with two accounts behind a tap that meets the key of the first. */
async function startEnclave(env: Readonly<Record<string, string>> = {}) {
  const now = Date.now();
  const fill = (price: string) => [
    { at: now - HOUR_MS, market: 'BTCUSDT', side: 'buy' as const, price, amount: '0.5' },
  ];
  const sim = await startExchangeSim('binance', {
    markets: [{ id: 'BTCUSDT', base: 'BTC', quote: 'USDT', kind: 'spot' }],
    accounts: KEYS.map(({ apiKey }, at) => ({
      name: apiKey,
      userId: `${71 + at}`,
      balances: { BTC: '1', USDT: '100000' },
      fills: fill(`${100 + at}`),
    })),
    keys: KEYS.map((key) => ({ ...key, account: key.apiKey })),
  });
  onTestFinished(() => sim.stop());
  const tap = await new HttpTap().start(
    sim.url,
    ({ headers, url = '' }) =>
      headers['x-mbx-apikey'] === KEYS[0]?.apiKey && !url.includes('apiRestrictions'),
  );
  const program = startAggregator(
    {
      HTTP_PORT: '',
      ENCLAVE_PORT: '0',
      ENCLAVE_SOCKET: 'e.sock',
      ENCLAVE_SEAL_KEY: 'seal.key',
      EXCHANGE_URLS: `binance=${tap.url}`,
      ...env,
    },
    undefined,
    { args: ['enclave'], cwd: tradesPlace('attacks').folder, urlLine: 'enclave: ' },
  );
  onTestFinished(async () => {
    program.process.kill('SIGKILL');
    await program.exit;
  });
  const url = await program.url();
  const pid = program.process.pid ?? 0;
  const client = new SecureClient({
    url,
    policy: { ...STRICTEST_POLICY, allowsUnattested: true },
    clock: { nowMs: () => Date.now() },
  });
  const register = (user: number, label: string) =>
    client.register({
      exchange: 'binance',
      label,
      ttl: 300,
      sealed: {
        ...(KEYS[user] ?? { apiKey: '', secret: '' }),
        apiInterval: 1_000,
        maxRetries: 0,
        since: now - 2 * HOUR_MS,
      },
    });
  return { program, pid, url, client, tap, register };
}
type Started = Awaited<ReturnType<typeof startEnclave>>;

const residentBytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;

/** The TCP ports at which a process listens. */
function listening(pid: number): readonly string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((name) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${name}`);
      } catch {
        return '';
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((cells) => cells[3] === '0A' && own.has(`socket:[${cells[9]}]`))
      .map((cells) => cells[1] ?? ''),
  );
}

const totalOf = async ({ client }: Started, token: string) =>
  ((await client.getSummary(token)) as { readonly summary: { readonly totalVolume: number } }).summary
    .totalVolume;

it('enclave attacks - no signal opens a debugger, and no core file is allowed', async () => {
  const { pid, url } = await startEnclave();
  const before = listening(pid);
  expect(before).toHaveLength(1);
  process.kill(pid, 'SIGUSR1');
  for (let turn = 0; turn < 20; turn += 1) expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(listening(pid)).toEqual(before);
  expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size +0 +0 /);
});

it('enclave attacks - an error that nobody caught ends it without its text', async () => {
  const { program } = await startEnclave({ NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  const address = [...program.errors().matchAll(/ws:\/\/\S+/g)].at(-1)?.[0] ?? '';
  const inspector = await HeapInspector.open(address);
  const thrown = `Object.assign(new Error('planted-text'), { apiKey: 'planted-key' })`;
  const main = { place: 0, snapshot: '', inBuffers: [], buffers: 0 };
  // A process with an open debugger does not end.
  await inspector.evaluate(main, `setTimeout(() => { throw ${thrown}; }, 300); 0`);
  inspector.close();
  expect((await program.exit).code).toBe(1);
  expect(program.log.at(-1)).toMatchObject({
    level: 'error',
    error: { name: 'Error', message: 'not shown' },
  });
  expect(JSON.stringify(program.log) + program.errors()).not.toContain('planted');
});

it('enclave attacks - two users with one name see their own figures only', async () => {
  const enclave = await startEnclave();
  const { url, register, client } = enclave;
  const [one, other] = [await register(0, 'alice'), await register(1, 'alice')];
  await until(
    'both',
    async () =>
      (await totalOf(enclave, one.sessionToken)) > 0 && (await totalOf(enclave, other.sessionToken)) > 0,
  );
  expect(await totalOf(enclave, one.sessionToken)).toBe(50);
  expect(await totalOf(enclave, other.sessionToken)).toBe(50.5);
  const forged = [
    'alice',
    one.sessionId,
    other.sessionId,
    one.sessionToken.toUpperCase(),
    `${one.sessionToken} `.repeat(2),
  ];
  for (const token of forged) {
    const answer = await fetch(`${url}/enclave/summary`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
  }
  await client.end(one.sessionToken);
  await expect(client.getSummary(one.sessionToken)).rejects.toMatchObject({ code: 'not_found' });
  expect(await totalOf(enclave, other.sessionToken)).toBe(50.5);
});

it('enclave attacks - ten thousand attestations take no memory, and the next one is answered', async () => {
  const { url, pid } = await startEnclave();
  const ask = async () => {
    const answer = await fetch(`${url}/attestation?nonce=${randomBytes(32).toString('base64url')}`);
    await answer.arrayBuffer();
    return answer.status;
  };
  for (let round = 0; round < 20; round += 1) await ask();
  const before = residentBytes(pid);
  const statuses = new Set<number>();
  const worker = async () => {
    for (let round = 0; round < 1_000; round += 1) statuses.add(await ask());
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  expect(statuses.has(200)).toBe(true);
  expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
  expect(residentBytes(pid) - before).toBeLessThan(80 * MEBIBYTE);
  expect(await ask()).toBe(200);
});

it('enclave attacks - names of members of every object are names like others', async () => {
  const enclave = await startEnclave();
  const { url, client } = enclave;
  const names = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '..',
    '../binance',
    'base/Exchange',
    'Exchange',
  ];
  for (const name of names) {
    const { verdict } = await client.attest();
    if (verdict.type === 'refused') throw new Error(verdict.reason);
    const metadata = { exchange: name, label: name, ttl: 300, challenge: verdict.challenge };
    const envelope = await sealCredentials(
      KEYS[0] ?? { apiKey: '', secret: '' },
      { publicKey: verdict.keys.hpkePublicKey, kid: verdict.hpkeKid },
      metadata,
    );
    const answer = await fetch(`${url}/enclave/submit_key`, {
      method: 'POST',
      body: JSON.stringify(envelope),
    });
    expect([answer.status, name]).toEqual([400, name]);
  }
  for (const text of [
    '{"__proto__":{"v":1}}',
    '{"v":1,"metadata":{"__proto__":null}}',
    '{"constructor":{"prototype":1}}',
  ])
    expect((await fetch(`${url}/enclave/submit_key`, { method: 'POST', body: text })).status).toBe(400);
  const session = await client.register({
    exchange: 'binance',
    label: '__proto__',
    ttl: 300,
    sealed: {
      ...(KEYS[1] ?? { apiKey: '', secret: '' }),
      symbols: ['__proto__', 'constructor', 'a/__proto__'],
      since: Date.now() - 2 * HOUR_MS,
    },
  });
  await until('a poll', async () => (await totalOf(enclave, session.sessionToken)) === 50.5);
});

const LONG = 'i'.repeat(MEBIBYTE);
const ROW = {
  symbol: 'BTCUSDT',
  id: 1,
  orderId: 1,
  price: '100',
  qty: '1',
  quoteQty: '100',
  commission: '0.1',
  commissionAsset: 'USDT',
  time: Date.now() - HOUR_MS / 2,
  isBuyer: true,
  isMaker: false,
};
/** Members of a fill that no exchange should send. */
const ROWS: readonly Readonly<Record<string, unknown>>[] = [
  ...['NaN', 'Infinity', '-1', '1e400', '1e-400', '0', '', ' 1', '0x10', null, {}, [], true].flatMap(
    (value) => [{ price: value }, { qty: value }, { commission: value }],
  ),
  ...[253_402_300_799_999, -1, 1e300, 0, 'yesterday', null].map((time) => ({ time })),
  ...['__proto__', 'constructor', '', LONG, null, {}].map((commissionAsset) => ({ commissionAsset })),
  ...['__proto__', 'NOSUCHMARKET', '', LONG, null].map((symbol) => ({ symbol })),
  ...[LONG, '__proto__', '-1', null, {}, []].map((id) => ({ id })),
  { price: '9'.repeat(100_000), qty: '9'.repeat(100_000) },
];

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Bytes without an end, as fast as they are taken. */
function endless(response: ServerResponse): void {
  const piece = Buffer.alloc(MEBIBYTE, '[');
  response.writeHead(200, { 'content-type': 'application/json' });
  let left = 100;
  const more = () => {
    while (left-- > 0) if (!response.write(piece)) return void response.once('drain', more);
    response.end();
  };
  more();
}

const HOSTILE: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'fills of every kind': (response) =>
    json(
      response,
      ROWS.map((more, at) => ({ ...ROW, id: 1_000 + at, ...more })),
    ),
  'a hundred megabytes': endless,
  'two hundred thousand assets': (response) =>
    json(response, {
      balances: Array.from({ length: 200_000 }, (_, at) => ({
        asset: at === 7 ? '__proto__' : `A${at}`,
        free: '1',
        locked: '0',
      })),
    }),
  'values of other kinds': (response) => json(response, { balances: { __proto__: [1] }, code: {}, msg: [] }),
  'deep JSON': (response) => response.writeHead(200).end('['.repeat(1_000_000)),
};

it('enclave attacks - an exchange that answers anything breaks nothing, and holds no other account up', async () => {
  const enclave = await startEnclave();
  const { tap, register, program, pid, url } = enclave;
  const honest = await register(1, 'honest');
  let hostile = await register(0, 'hostile');
  await until(
    'both',
    async () =>
      (await totalOf(enclave, hostile.sessionToken)) === 50 &&
      (await totalOf(enclave, honest.sessionToken)) === 50.5,
  );
  for (const [name, answer] of Object.entries(HOSTILE)) {
    // A new session is polled once a second again; after failures it would take longer.
    tap.echo = null;
    hostile = await register(0, 'hostile');
    tap.echo = (_request, response) => answer(response);
    const before = tap.echoed;
    await until(name, () => tap.echoed > before, 30_000);
    expect((await fetch(`${url}/livez`)).status, name).toBe(200);
  }
  tap.echo = null;
  const polledAt = async (token: string) => {
    const { account } = (await enclave.client.getSummary(token)) as unknown as {
      readonly account: { readonly state: string; readonly last_poll: string };
    };
    return account;
  };
  const { last_poll: then } = await polledAt(honest.sessionToken);
  await until(
    'polls of the other',
    async () => (await polledAt(honest.sessionToken)).last_poll > then,
    30_000,
  );
  hostile = await register(0, 'hostile');
  await until('the account', async () => (await polledAt(hostile.sessionToken)).state === 'online', 60_000);
  expect(residentBytes(pid)).toBeLessThan(450 * MEBIBYTE);
  const output = JSON.stringify(program.log) + program.errors();
  expect(output).not.toMatch(/iiii|NOSUCHMARKET|__proto__|9999999/);
  expect(await program.stop()).toBe(0);
});
