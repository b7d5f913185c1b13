// The program `aggregator enclave` alone, at the simulated exchanges: over-powered keys and sandboxes are refused at its
// HTTP, sessions are polled, and after their end the exchange sees no further request of their keys.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { EXCHANGE_NAMES, type ExchangeName } from '../../../src/trades/simulator/scenario.ts';
import { startAggregator } from '../../support/aggregator.ts';
import { until } from '../../support/until.ts';
import { ask, envelopeFor, submit, withToken } from '../http/enclave.ts';

const MARKETS: Readonly<Record<ExchangeName, string>> = {
  binance: 'BTCUSDT',
  bybit: 'BTCUSDT',
  kraken: 'XXBTZUSD',
};
const PLANTED = 'planted-zqxj';
const keyOf = (name: string) => ({
  apiKey: `${PLANTED}-key-${name}`,
  secret: Buffer.from(`${PLANTED}-secret-${name}`).toString('base64'),
});
const SINCE_MS = Date.now() - 600_000;

/** An exchange with an account that ends, one that stays, and a key that may withdraw. */
async function startExchange(exchange: ExchangeName): Promise<ExchangeSim> {
  const accounts = ['ends', 'stays'].map((name, index) => ({
    name,
    userId: String(53_888_001 + index),
    balances: { USDT: '1000', USD: '1000' },
    fills: [
      { at: SINCE_MS + 1_000, market: MARKETS[exchange], side: 'buy' as const, price: '100', amount: '1' },
    ],
  }));
  const sim = await startExchangeSim(exchange, {
    accounts,
    keys: [
      ...accounts.map(({ name }) => ({ ...keyOf(name), account: name })),
      { ...keyOf('powerful'), account: 'ends', canWithdraw: true },
    ],
  });
  onTestFinished(() => sim.stop());
  return sim;
}

async function startEnclave(sims: ReadonlyMap<ExchangeName, ExchangeSim>) {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-accounts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = startAggregator(
    {
      HTTP_PORT: '',
      ENCLAVE_PORT: '0',
      ENCLAVE_SOCKET: 'e.sock',
      ENCLAVE_SEAL_KEY: 'seal.key',
      EXCHANGE_URLS: [...sims].map(([exchange, sim]) => `${exchange}=${sim.url}`).join(','),
    },
    undefined,
    { args: ['enclave'], cwd: folder, urlLine: 'enclave: ' },
  );
  onTestFinished(async () => {
    await program.stop();
  });
  return { program, folder, url: await program.url() };
}

async function register(url: string, exchange: string, key: string, more: object = {}) {
  const plain = { ...keyOf(key), apiInterval: 1_000, since: SINCE_MS, ...more };
  const answer = await submit(url, await envelopeFor(url, plain, { exchange, ttl: 300 }));
  return { status: answer.status, body: JSON.parse(answer.text) as Readonly<Record<string, string>> };
}

/** Registers, polls and ends an account. Returns what was refused. */
async function liveAt(url: string, exchange: ExchangeName, sim: ExchangeSim): Promise<readonly string[]> {
  const refused = await register(url, exchange, 'powerful');
  expect(refused).toMatchObject({ status: 403, body: { code: 'over_powered' } });
  expect(refused.body['error']).toMatch(/may withdraw/);
  const sessions = [await register(url, exchange, 'ends'), await register(url, exchange, 'stays')];
  expect(sessions.map(({ status }) => status)).toEqual([200, 200]);
  const [token = '', other = ''] = sessions.map(({ body }) => body['session_token'] ?? '');
  for (const each of [token, other])
    await until('the trade', async () => {
      const { text } = await ask(url, '/enclave/summary', withToken(each));
      const { summary } = JSON.parse(text) as { readonly summary: { readonly totalTrades: number } };
      return summary.totalTrades === 1;
    });
  const ended = await ask(url, '/enclave/session', { method: 'DELETE', ...withToken(token) });
  expect(ended.status).toBe(204);
  const requests = (name: string) => sim.counts().byKey[keyOf(name).apiKey] ?? 0;
  const [before, othersBefore] = [requests('ends'), requests('stays')];
  // As long as the other account is polled twice more.
  await until('the other account', () => requests('stays') >= othersBefore + 2);
  expect(requests('ends')).toBe(before);
  expect(sim.counts().overlaps).toEqual({});
  const unknown = await ask(url, '/enclave/summary', withToken(token));
  expect(unknown.status).toBe(401);
  return [refused.body['error'] ?? '', unknown.text];
}

it('enclave program - refuses what it must, polls what it may, and asks nothing for a session that ended', async () => {
  const sims = new Map<ExchangeName, ExchangeSim>();
  for (const exchange of EXCHANGE_NAMES) sims.set(exchange, await startExchange(exchange));
  const { program, folder, url } = await startEnclave(sims);
  const answers = await Promise.all([...sims].map(([exchange, sim]) => liveAt(url, exchange, sim)));
  const kraken = sims.get('kraken');
  const total = kraken?.counts().byKey[keyOf('powerful').apiKey];
  const sandbox = await register(url, 'kraken', 'powerful', { sandbox: true });
  expect(sandbox).toMatchObject({ status: 400, body: { code: 'unsupported' } });
  expect(sandbox.body['error']).toMatch(/no sandbox/);
  expect(kraken?.counts().byKey[keyOf('powerful').apiKey]).toBe(total);
  const metrics = (await ask(url, '/metrics')).text;
  await program.stop();
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  const words = [JSON.stringify(program.log), program.errors(), metrics, ...answers.flat(), ...files].join(
    '\n',
  );
  for (const secret of [PLANTED, Buffer.from(PLANTED).toString('base64').slice(0, 14), 'BTC', 'XBT'])
    expect(words).not.toContain(secret);
});
