// The processes of a search for secrets: a service and an enclave with a tap between them, the reference backend behind a
// tap, and three local exchange servers behind taps that can answer with all that a request had in it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { STRICTEST_POLICY } from '../../../src/trades/client/policy.ts';
import { SecureClient } from '../../../src/trades/client/secure-client.ts';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { EXCHANGE_NAMES, type ExchangeName, type FillInput } from '../../../src/trades/simulator/scenario.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { freePort } from '../../support/free-port.ts';
import { type TradesPlace, tradesPlace } from '../../support/trades.ts';
import { until } from '../../support/until.ts';
import { HttpTap, SocketTap } from './taps.ts';

const HOUR_MS = 3_600_000;

/** An account with values that are found nowhere else. */
export interface PlantedAccount {
  readonly exchange: ExchangeName;
  readonly base: string;
  readonly userId: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly prices: readonly string[];
  readonly sizes: readonly string[];
  readonly ids: readonly string[];
}

const KEY_HEADERS = ['x-mbx-apikey', 'x-bapi-api-key', 'api-key'];

/** Kraken's secrets are base64. */
function accountOf(exchange: ExchangeName, place: number): PlantedAccount {
  const digits = (least: number) =>
    String((randomBytes(4).readUInt32BE() % 9_000_000_000) + least).slice(0, 7);
  const values = (front: string) => [0, 1, 2].map(() => `${front}.${digits(1_111_111)}7`);
  return {
    exchange,
    base: `ZQX${'ABC'[place]}PLANT`,
    userId: `7${digits(1_000_000)}${place}`,
    apiKey: `PLKEY${randomBytes(12).toString('hex')}`,
    secret: randomBytes(48).toString('base64'),
    prices: values(`4${place}17`),
    sizes: values('0'),
    ids: [0, 1, 2].map((each) => `${exchange === 'kraken' ? 'TPLANT-' : ''}81${digits(1_000_000)}${each}`),
  };
}

/** Fills of an account from a time on, one a second. */
export function fillsOf(
  { base, prices, sizes, ids }: PlantedAccount,
  fromMs: number,
  prefix = '',
): readonly FillInput[] {
  return prices.map((price, at) => ({
    at: fromMs + at * 1_000,
    market: `${base}USDT`,
    side: at === 2 ? ('sell' as const) : ('buy' as const),
    price,
    amount: sizes[at] ?? '1',
    fee: '0.01',
    feeAsset: 'USDT',
    id: `${prefix}${ids[at]}`,
  }));
}

/** All of it, running. */
export class SecretsStage {
  readonly place: TradesPlace = tradesPlace('secrets');
  readonly accounts = EXCHANGE_NAMES.map((exchange, place) => accountOf(exchange, place));
  readonly sims = new Map<ExchangeName, ExchangeSim>();
  readonly taps = new Map<ExchangeName, HttpTap>();
  readonly socket = new SocketTap();
  readonly ingest = new HttpTap();
  readonly reports = join(this.place.folder, 'reports');
  readonly programs: Aggregator[] = [];
  service = '';
  enclave = '';
  backend = '';

  async start(): Promise<this> {
    const { folder } = this.place;
    const [api, ws, enclave, ingest] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    this.service = `http://127.0.0.1:${api}`;
    this.enclave = `http://127.0.0.1:${enclave}`;
    this.backend = `http://127.0.0.1:${ingest}`;
    for (const account of this.accounts) await this.#startExchange(account);
    mkdirSync(this.reports);
    await this.ingest.start(this.backend);
    const urls = [...this.taps].map(([exchange, { url }]) => `${exchange}=${url}`).join(',');
    this.#program('enclave', {
      ENCLAVE_PORT: String(enclave),
      ENCLAVE_SOCKET: 'far.sock',
      ENCLAVE_SEAL_KEY: 'seal.key',
      ENCLAVE_PERSIST_SESSIONS: 'true',
      SUMMARY_GRACE_MS: '0',
      EXCHANGE_URLS: urls,
      NODE_OPTIONS: `--inspect=127.0.0.1:0 --report-on-signal --report-signal=SIGWINCH --report-directory=${this.reports}`,
      PLANTED_IN_ENVIRONMENT: 'PLENVIRONMENT7731',
    });
    await this.socket.start(join(folder, 'near.sock'), join(folder, 'far.sock'));
    this.#program('trades', {
      AGGREGATOR_PORT: String(api),
      AGGREGATOR_WS_PORT: String(ws),
      AGGREGATOR_BACKEND_URL: this.ingest.url,
      AGGREGATOR_PRIVATE_KEY: this.place.keyFile,
      ALLOW_PLAINTEXT_REGISTRATION: 'true',
      DB_PATH: 'trades.db',
      ENCLAVE: 'join',
      ENCLAVE_SOCKET: 'near.sock',
    });
    this.#program('ingest-server', { INGEST_PORT: String(ingest), INGEST_DB_PATH: 'ingest.db' }, [
      '--keys',
      `${this.service}/.well-known/aggregator/keys`,
    ]);
    for (const url of [this.enclave, this.service, this.backend])
      await until(url, async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200, 30_000);
    return this;
  }

  /** All that the programs wrote. */
  get output(): string {
    return this.programs.map((program) => JSON.stringify(program.log) + program.errors()).join('\n');
  }

  /** The database files of service and backend, with their logs. */
  files(): readonly { readonly name: string; readonly bytes: Buffer }[] {
    return readdirSync(this.place.folder)
      .filter((name) => /\.db(?:-wal|-shm)?$/.test(name))
      .map((name) => ({ name, bytes: readFileSync(join(this.place.folder, name)) }));
  }

  /** The process of a command. */
  pid(command: string): number {
    const { process } = this.programs.find(({ process: { spawnargs } }) => spawnargs.includes(command)) ?? {};
    if (process?.pid === undefined) throw new Error(`${command} does not run`);
    return process.pid;
  }

  client(): SecureClient {
    return new SecureClient({
      url: this.enclave,
      policy: { ...STRICTEST_POLICY, allowsUnattested: true },
      clock: { nowMs: () => Date.now() },
    });
  }

  async stop(): Promise<readonly (number | null)[]> {
    const codes: (number | null)[] = [];
    for (const program of this.programs.toReversed()) codes.push(await program.stop());
    return codes;
  }

  async #startExchange(account: PlantedAccount): Promise<void> {
    const { exchange, base, userId, apiKey, secret } = account;
    const hourMs = Date.now() - (Date.now() % HOUR_MS);
    const sim = await startExchangeSim(exchange, {
      exchange,
      markets: [{ id: `${base}USDT`, base, quote: 'USDT', kind: 'spot' }],
      accounts: [
        {
          name: 'it',
          userId,
          balances: { USDT: '100000', [base]: '10' },
          fills: [...fillsOf(account, hourMs - HOUR_MS)],
        },
      ],
      keys: [{ apiKey, secret, account: 'it' }],
    });
    onTestFinished(() => sim.stop());
    this.sims.set(exchange, sim);
    const hasKey = KEY_HEADERS;
    this.taps.set(
      exchange,
      await new HttpTap().start(sim.url, ({ headers }) => hasKey.some((name) => headers[name] !== undefined)),
    );
  }

  #program(command: string, env: Readonly<Record<string, string>>, more: readonly string[] = []): void {
    const program = startAggregator({ HTTP_PORT: '', ...env }, undefined, {
      args: [command, ...more],
      cwd: this.place.folder,
    });
    onTestFinished(async () => {
      if (program.process.exitCode === null && program.process.signalCode === null)
        program.process.kill('SIGKILL');
      await program.exit;
    });
    this.programs.push(program);
  }
}
