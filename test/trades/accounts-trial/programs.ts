// The processes of one run: service with its enclave, reference backend, and the local exchange servers. The harness kills
// each of the three programs and starts it again.

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';
import { EXCHANGES, type ExchangeOfPlan, type Plan } from './plan.ts';
import { scenarioOf } from './scenario-of-plan.ts';
import type { AccountSeen } from './user.ts';

/** Time after an hour, by the exchange's clock, before its summary is sealed: more than any fill of the plan is late. */
export const GRACE_MS = 3_000;

export type Victim = 'service' | 'enclave' | 'backend';

export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), 'accounts-trial-'));
  readonly sims = new Map<ExchangeOfPlan, ExchangeSim>();
  /** All output of all programs that have run. */
  readonly outputs: Aggregator[] = [];
  readonly #keepsSessions: boolean;
  #service: Aggregator | null = null;
  #backend: Aggregator | null = null;
  #ports = { api: 0, ws: 0, enclave: 0, ingest: 0 };

  constructor(keepsSessions: boolean) {
    this.#keepsSessions = keepsSessions;
  }

  get api(): string {
    return `http://127.0.0.1:${this.#ports.api}`;
  }

  get enclave(): string {
    return `http://127.0.0.1:${this.#ports.enclave}`;
  }

  async start(plan: Plan): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pem = { format: 'pem' } as const;
    writeFileSync(join(this.folder, 'key.pem'), privateKey.export({ type: 'pkcs8', ...pem }), {
      mode: 0o600,
    });
    writeFileSync(join(this.folder, 'public.pem'), publicKey.export({ type: 'spki', ...pem }));
    const [api, ws, enclave, ingest] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    this.#ports = { api, ws, enclave, ingest };
    for (const exchange of EXCHANGES)
      this.sims.set(exchange, await startExchangeSim(exchange, scenarioOf(plan, exchange)));
    this.startAgain('service');
    this.startAgain('backend');
    await this.ready();
  }

  /** Starts a program that was killed; the service starts its enclave by itself. */
  startAgain(victim: Victim): void {
    if (victim === 'service') this.#service = this.#startService();
    if (victim === 'backend') this.#backend = this.#startBackend();
  }

  /** Kills a program at once. */
  async kill(victim: Victim): Promise<void> {
    if (victim === 'enclave') {
      const id = await this.enclaveProcess();
      if (id !== null) process.kill(id, 'SIGKILL');
      return;
    }
    const program = victim === 'service' ? this.#service : this.#backend;
    program?.process.kill('SIGKILL');
    await new Promise<void>((resolve) => {
      if (program === null || program.process.exitCode !== null || program.process.signalCode !== null)
        resolve();
      else program.process.once('exit', () => resolve());
    });
  }

  /** The process that answers as the enclave; null if none does. */
  async enclaveProcess(): Promise<number | null> {
    const answer = await fetch(`${this.enclave}/health`).catch(() => null);
    if (answer === null) return null;
    const { process_id: id } = (await answer.json()) as { readonly process_id?: number };
    return id ?? null;
  }

  async ready(): Promise<void> {
    const isReady = async (url: string) => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;
    await until('the service', () => isReady(this.api), 60_000);
    await until('the backend', () => isReady(`http://127.0.0.1:${this.#ports.ingest}`), 60_000);
    await until('the enclave', async () => (await this.enclaveProcess()) !== null, 60_000);
  }

  /** The service's table of accounts; empty while it does not answer. */
  async accounts(): Promise<readonly AccountSeen[]> {
    const answer = await fetch(`${this.api}/api/trades/accounts?limit=200`).catch(() => null);
    if (answer?.status !== 200) return [];
    return ((await answer.json()) as { readonly rows: readonly AccountSeen[] }).rows;
  }

  async metric(name: string): Promise<number> {
    return (await this.#service?.metric(name)) ?? Number.NaN;
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    await this.#backend?.stop();
    for (const sim of this.sims.values()) await sim.stop();
  }

  async killAll(): Promise<void> {
    await this.kill('service');
    await this.kill('enclave').catch(() => undefined);
    await this.kill('backend');
    for (const sim of this.sims.values()) await sim.stop();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #startService(): Aggregator {
    const { api, ws, enclave, ingest } = this.#ports;
    const urls = [...this.sims].map(([exchange, sim]) => `${exchange}=${sim.url}`);
    return this.#kept(
      startAggregator(
        {
          HTTP_PORT: '',
          AGGREGATOR_PORT: String(api),
          AGGREGATOR_WS_PORT: String(ws),
          AGGREGATOR_BACKEND_URL: `http://127.0.0.1:${ingest}`,
          AGGREGATOR_PRIVATE_KEY: 'key.pem',
          DB_PATH: 'trades.db',
          ENCLAVE: 'start',
          ENCLAVE_PORT: String(enclave),
          ENCLAVE_SOCKET: 'enclave.sock',
          ENCLAVE_SEAL_KEY: 'seal.key',
          ENCLAVE_PERSIST_SESSIONS: String(this.#keepsSessions),
          SUMMARY_GRACE_MS: String(GRACE_MS),
          EXCHANGE_URLS: urls.join(','),
        },
        undefined,
        { args: ['trades'], cwd: this.folder, urlLine: 'jobs API: ' },
      ),
    );
  }

  #startBackend(): Aggregator {
    const env = { HTTP_PORT: '', INGEST_PORT: String(this.#ports.ingest), INGEST_DB_PATH: 'ingest.db' };
    const keys = `${this.api}/.well-known/aggregator/keys`;
    return this.#kept(
      startAggregator(env, undefined, { args: ['ingest-server', '--keys', keys], cwd: this.folder }),
    );
  }

  #kept(program: Aggregator): Aggregator {
    this.outputs.push(program);
    return program;
  }
}
