// The service with its enclave and local exchange servers, each a process of its own, for a bench.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STRICTEST_POLICY } from '../src/trades/client/policy.ts';
import { SecureClient } from '../src/trades/client/secure-client.ts';
import { systemClock } from '../src/lib/clock.ts';
import type { ExchangeName, FillInput, ScenarioInput } from '../src/trades/simulator/scenario.ts';
import { freePort } from '../test/support/free-port.ts';
import { until } from '../test/support/until.ts';
import { type RunningTrades, startTradesProgram } from './trades-program.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const HOUR_MS = 3_600_000;
/** Registrations under way at one time. */
const AT_ONCE = 16;
/** Sessions of a bench outlive it. */
const TTL_SECONDS = 86_400;

/** A local exchange server as a process. */
export interface SimProcess {
  readonly exchange: ExchangeName;
  readonly url: string;
  stop(): void;
}

/** Accounts of a local exchange, each with a few fills in the last two hours. */
export function accountsOf(exchange: ExchangeName, count: number, nowMs: number): ScenarioInput {
  const market = { binance: 'BTCUSDT', bybit: 'BTCUSDT', kraken: 'XBTUSDT' }[exchange];
  const fill = (account: number, index: number): FillInput => ({
    id: String((account + 1) * 1_000 + index),
    at: nowMs - 2 * HOUR_MS + index * 1_000_000,
    market,
    side: index % 2 === 0 ? 'buy' : 'sell',
    price: '60000',
    amount: '0.01',
    fee: '0.1',
    feeAsset: 'USDT',
  });
  return {
    exchange,
    accounts: Array.from({ length: count }, (_, account) => ({
      name: `a${account}`,
      userId: String(50_000 + account),
      balances: { USDT: '100000', BTC: '1' },
      fills: Array.from({ length: 6 }, (_unused, index) => fill(account, index)),
    })),
    keys: Array.from({ length: count }, (_, account) => ({
      apiKey: keyOf(account),
      secret: secretOf(account),
      account: `a${account}`,
    })),
  };
}

function keyOf(account: number): string {
  return `bench-key-${account}`;
}

function secretOf(account: number): string {
  return Buffer.from(`bench-secret-${account}`).toString('base64');
}

export async function startSim(exchange: ExchangeName, scenario: ScenarioInput): Promise<SimProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-sim-'));
  const file = join(folder, 'scenario.json');
  writeFileSync(file, JSON.stringify(scenario));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [MAIN, 'exchange-sim', exchange, '--port', String(port), '--scenario', file],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await until(
    'the exchange',
    async () => (await fetch(`${url}/sim/requests`).catch(() => null))?.status === 200,
  );
  return {
    exchange,
    url,
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

/** The enclave of a running service. */
export interface RunningEnclave {
  readonly trades: RunningTrades;
  readonly url: string;
  pid(): Promise<number>;
  metric(name: string, labels?: string): Promise<number>;
  /** Registers the accounts from `from` to before `to`. */
  register(exchange: ExchangeName, from: number, to: number): Promise<void>;
}

export async function startEnclave(
  sims: readonly SimProcess[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningEnclave> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bench-enclave-'));
  const trades = await startTradesProgram({
    ENCLAVE: 'start',
    ENCLAVE_PORT: String(port),
    ENCLAVE_SOCKET: join(folder, 's'),
    EXCHANGE_URLS: sims.map(({ exchange, url }) => `${exchange}=${url}`).join(','),
    ...env,
  });
  const url = `http://127.0.0.1:${port}`;
  const client = new SecureClient({
    url,
    policy: { ...STRICTEST_POLICY, allowsUnattested: true },
    clock: systemClock,
  });
  const pid = async () => {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer === null) return 0;
    return ((await answer.json()) as { readonly process_id: number }).process_id;
  };
  await until('the enclave', async () => (await pid()) !== 0);
  return {
    trades,
    url,
    pid,
    metric: (name, labels = '') => metricOf(url, name, labels),
    async register(exchange, from, to) {
      let next = from;
      const worker = async () => {
        while (next < to) {
          const account = next++;
          await client.register({
            exchange,
            label: `a${account}`,
            ttl: TTL_SECONDS,
            sealed: { apiKey: keyOf(account), secret: secretOf(account), apiInterval: 60_000 },
          });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    },
  };
}

/** A metric summed over its series whose labels contain `labels`. */
async function metricOf(url: string, name: string, labels: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || (line.startsWith(`${name}{`) && line.includes(labels)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
