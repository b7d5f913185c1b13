// One run of the outbox trial: clients open jobs and have them processed, while the service and the reference backend
// are killed at moments that the seed chooses, and requests between them meet faults. Afterwards every digest that a client was told must be in the backend
// exactly once, and of each client in the order in which its summaries were sealed.

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { freePort } from '../../support/free-port.ts';
import { sendTrades } from '../../support/job-client.ts';
import { rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';
import { FaultyWay } from './faulty-way.ts';

/** What a run is made of. */
export interface TrialOptions {
  readonly seed: number;
  /** Time of the load and the kills, in ms; the delivery afterwards takes as long as it needs. */
  readonly durationMs: number;
  /** Kills of the service and of the backend, each. */
  readonly kills: number;
  readonly clients: number;
  /** Of a hundred requests to the backend, how many meet a fault on their way. */
  readonly faultsPercent: number;
}

/** What a run found. */
export interface TrialResult {
  readonly seed: number;
  readonly jobs: number;
  /** Digests that clients were told. */
  readonly promised: number;
  readonly ingested: number;
  readonly serviceKills: number;
  readonly backendKills: number;
  /** Requests that met a fault on their way. */
  readonly faults: number;
  readonly differences: readonly string[];
}

/** The two programs of a run, each started again after it was killed. */
class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), 'trades-trial-'));
  #service: Aggregator | null = null;
  #backend: Aggregator | null = null;
  #way: FaultyWay | null = null;
  #ports: { readonly api: number; readonly ws: number; readonly way: number; readonly ingest: number } = {
    api: 0,
    ws: 0,
    way: 0,
    ingest: 0,
  };

  async start({ seed, faultsPercent }: TrialOptions): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const pem = { format: 'pem' } as const;
    writeFileSync(join(this.folder, 'key.pem'), privateKey.export({ type: 'pkcs8', ...pem }), {
      mode: 0o600,
    });
    writeFileSync(join(this.folder, 'public.pem'), publicKey.export({ type: 'spki', ...pem }));
    const [api, ws, way, ingest] = [await freePort(), await freePort(), await freePort(), await freePort()];
    this.#ports = { api, ws, way, ingest };
    this.#way = new FaultyWay(ingest, faultsPercent / 100, createRandom(seed, 'way'));
    await this.#way.start(way);
    this.startBackend();
    this.startService();
    await this.ready();
  }

  get api(): string {
    return `http://127.0.0.1:${this.#ports.api}`;
  }

  startService(): void {
    const { api, ws, way } = this.#ports;
    const env = {
      HTTP_PORT: '',
      LOG_LEVEL: 'info',
      AGGREGATOR_PORT: String(api),
      AGGREGATOR_WS_PORT: String(ws),
      AGGREGATOR_BACKEND_URL: `http://127.0.0.1:${way}`,
      AGGREGATOR_PRIVATE_KEY: 'key.pem',
      DB_PATH: 'trades.db',
    };
    this.#service = startAggregator(env, undefined, {
      args: ['trades'],
      cwd: this.folder,
      urlLine: 'jobs API: ',
    });
  }

  startBackend(): void {
    const env = { HTTP_PORT: '', INGEST_PORT: String(this.#ports.ingest), INGEST_DB_PATH: 'ingest.db' };
    this.#backend = startAggregator(env, undefined, {
      args: ['ingest-server', '--keys', join(this.folder, 'public.pem')],
      cwd: this.folder,
    });
  }

  async killService(): Promise<void> {
    await kill(this.#service);
  }

  async killBackend(): Promise<void> {
    await kill(this.#backend);
  }

  async ready(): Promise<void> {
    const isReady = async (url: string) => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;
    for (const program of [this.#service, this.#backend])
      if (program !== null && program.process.exitCode !== null)
        throw new Error(`a program ended: ${program.errors()}`);
    await until('the service', () => isReady(this.api));
    await until('the backend', () => isReady(`http://127.0.0.1:${this.#ports.ingest}`));
  }

  /** Summaries that the service has not delivered. */
  async waiting(): Promise<number> {
    return (await this.#service?.metric('aggregator_trades_outbox_summaries')) ?? Number.NaN;
  }

  /** Requests that met a fault; from now on none does. */
  endFaults(): number {
    if (this.#way === null) return 0;
    this.#way.isFaulty = false;
    return this.#way.faults;
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    await this.#backend?.stop();
    await this.#way?.stop();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function kill(program: Aggregator | null): Promise<void> {
  program?.process.kill('SIGKILL');
  await program?.exit;
}

/** Digests that clients were told, how many jobs there were, and whether clients stop. */
interface Told {
  readonly digests: Set<string>;
  jobs: number;
  isOver: boolean;
}

/** Opens one job, sends trades and has it processed; whatever fails because a program was killed is over then. */
async function useJob(api: string, clientId: string, random: Random, told: Told): Promise<void> {
  const opened = await ask(`${api}/jobs`, JSON.stringify({ client_id: clientId }));
  if (opened === null) return;
  told.jobs += 1;
  const trades = someTrades(random);
  const answers = await sendTrades(String(opened['ws_url']), trades);
  if (answers.length < trades.length || !answers.every((answer) => answer.includes('"ack"'))) return;
  const processed = await ask(`${api}/jobs/${String(opened['job_id'])}/process`, '');
  const digest = processed?.['digest'];
  if (typeof digest === 'string') told.digests.add(digest);
}

async function ask(url: string, body: string): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const answer = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(40_000) });
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}

function someTrades(random: Random): readonly object[] {
  const startMs = Date.parse('2025-03-01T00:00:00Z') + random.below(1_000) * 3_600_000;
  return Array.from({ length: 1 + random.below(20) }, (_, index) => ({
    symbol: random.pick(['BTCUSDT', 'ETHUSDT']),
    price: `${100 + random.below(100_000)}.${random.below(100)}`,
    size: `0.${1 + random.below(1_000_000)}`,
    side: random.pick(['buy', 'sell']),
    timestamp: startMs + random.below(7_200_000),
    fee: random.below(100) / 100,
    trade_id: `t${index}`,
  }));
}

/** Kills one of the programs, at moments of the seed, and starts it again after a pause. */
async function torment(
  programs: Programs,
  random: Random,
  which: 'service' | 'backend',
  options: TrialOptions,
) {
  for (let count = 0; count < options.kills; count++) {
    await delay((0.2 + 0.8 * random.next()) * (options.durationMs / options.kills));
    await (which === 'service' ? programs.killService() : programs.killBackend());
    await delay(random.below(1_000));
    if (which === 'service') programs.startService();
    else programs.startBackend();
  }
}

/** Makes one run. The folder is kept if something differs. */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const programs = new Programs();
  try {
    return await runWith(programs, options);
  } finally {
    // Without effect after an orderly end.
    await Promise.all([programs.killService(), programs.killBackend()]);
  }
}

async function runWith(programs: Programs, options: TrialOptions): Promise<TrialResult> {
  await programs.start(options);
  const told: Told = { digests: new Set(), jobs: 0, isOver: false };
  const clients = Array.from({ length: options.clients }, async (_, index) => {
    const random = createRandom(options.seed, `client ${index}`);
    while (!told.isOver) {
      await useJob(programs.api, `client-${index}`, random, told);
      await delay(random.below(50));
    }
  });
  await Promise.all([
    torment(programs, createRandom(options.seed, 'service'), 'service', options),
    torment(programs, createRandom(options.seed, 'backend'), 'backend', options),
  ]);
  told.isOver = true;
  const faults = programs.endFaults();
  await programs.ready();
  await Promise.all(clients);
  await until('an empty outbox', async () => (await programs.waiting()) === 0, 600_000);
  await programs.stop();
  const { differences, ingested } = compare(programs.folder, told.digests);
  if (differences.length === 0) programs.remove();
  return {
    seed: options.seed,
    jobs: told.jobs,
    promised: told.digests.size,
    ingested,
    serviceKills: options.kills,
    backendKills: options.kills,
    faults,
    differences: differences.length === 0 ? [] : [...differences, `everything is kept in ${programs.folder}`],
  };
}

/** Compares what clients were told and what the service sealed with what the backend has. */
function compare(folder: string, promised: ReadonlySet<string>) {
  const outbox = rowsOf(join(folder, 'trades.db'), OUTBOX);
  const received = rowsOf(join(folder, 'ingest.db'), INGESTED);
  const differences: string[] = [];
  const counts = new Map<string, number>();
  for (const { digest } of received) counts.set(String(digest), (counts.get(String(digest)) ?? 0) + 1);
  for (const [digest, count] of counts)
    if (count > 1) differences.push(`${digest} is in the backend ${count} times`);
  for (const digest of promised)
    if (!counts.has(digest)) differences.push(`${digest} was promised and is not in the backend`);
  const sealed = new Set(outbox.map(({ digest }) => String(digest)));
  for (const digest of counts.keys())
    if (!sealed.has(digest)) differences.push(`${digest} is in the backend and was not sealed`);
  for (const { digest, state } of outbox) {
    if (state !== 'delivered') differences.push(`${String(digest)} is ${String(state)} in the outbox`);
    if (!counts.has(String(digest)))
      differences.push(`${String(digest)} was sealed and is not in the backend`);
  }
  for (const client of new Set(outbox.map(({ client_id: id }) => String(id)))) {
    const of = (rows: typeof outbox) =>
      [
        ...new Set(rows.filter(({ client_id: id }) => id === client).map(({ digest }) => String(digest))),
      ].join();
    if (of(outbox) !== of(received))
      differences.push(`${client}: the backend has its summaries in another order`);
  }
  return { differences, ingested: received.length };
}

const OUTBOX = 'SELECT digest, client_id, state FROM outbox ORDER BY id';
const INGESTED =
  'SELECT s.digest, c.client_id FROM summaries s JOIN ingest_clients c ON c.number = s.client ORDER BY s.number';
