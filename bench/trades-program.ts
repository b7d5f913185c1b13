// The trades program as a child process for a bench, and beside it the reference backend, also as a process of its own.

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Aggregator, startAggregator } from '../test/support/aggregator.ts';
import { freePort } from '../test/support/free-port.ts';
import { until } from '../test/support/until.ts';

/** A job as its client knows it. */
export interface OpenJob {
  readonly id: string;
  readonly wsUrl: string;
}

export interface RunningTrades {
  readonly pid: number;
  readonly backendPid: number;
  /** Address of the jobs API. */
  readonly api: string;
  openJob(): Promise<OpenJob>;
  /** Asks for the summary, and waits until the backend has it. Throws at any other answer than 200. */
  process(job: OpenJob): Promise<{ readonly trades: number; readonly buckets: number }>;
  /** A metric summed over its series whose labels contain `labels`; 0 if there is none. */
  metric(name: string, labels?: string): Promise<number>;
  end(): Promise<void>;
}

/**
 * Starts both as a start does that is not the first one: without compiled code, every thread has the compiler of TypeScript
 * in memory, some 50 MB in all.
 */
export async function startAgain(env: Readonly<Record<string, string>> = {}): Promise<RunningTrades> {
  await (await startTradesProgram(env)).end();
  return startTradesProgram(env);
}

/** Starts both with these settings of the program, and waits until it can be used. */
export async function startTradesProgram(env: Readonly<Record<string, string>> = {}): Promise<RunningTrades> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-trades-'));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const keyFile = join(folder, 'ed25519_private.key');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(folder, 'public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const common = { LOG_LEVEL: 'info', HTTP_PORT: '' };
  const backend = startAggregator({ ...common, INGEST_PORT: String(await freePort()) }, undefined, {
    args: ['ingest-server', '--keys', join(folder, 'public.pem')],
    cwd: folder,
    urlLine: 'ingest: takes summaries at ',
  });
  const settings = {
    ...common,
    AGGREGATOR_PORT: '0',
    AGGREGATOR_WS_PORT: '0',
    AGGREGATOR_BACKEND_URL: new URL(await backend.url()).origin,
    ...env,
  };
  const program = startAggregator(settings, undefined, {
    args: ['trades'],
    cwd: folder,
    urlLine: 'jobs API: ',
  });
  const api = await program.url();
  await until('the service', async () => {
    if (program.process.exitCode !== null) throw new Error(`the program ended: ${program.errors()}`);
    return (await fetch(`${api}/readyz`).catch(() => null))?.status === 200;
  });
  return {
    pid: pidOf(program),
    backendPid: pidOf(backend),
    api,
    async openJob() {
      const opened = await post(`${api}/jobs`);
      return { id: String(opened['job_id']), wsUrl: String(opened['ws_url']) };
    },
    async process({ id }) {
      const done = await post(`${api}/jobs/${id}/process`);
      return { trades: Number(done['trades_processed']), buckets: Number(done['buckets_count']) };
    },
    metric: program.metric,
    async end() {
      await program.stop();
      await backend.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function pidOf({ process }: Aggregator): number {
  return process.pid ?? 0;
}

async function post(url: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(url, { method: 'POST' });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`POST ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}
