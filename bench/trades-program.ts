// The trades service as a child process for a bench, without a backend that answers.

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAggregator } from '../test/support/aggregator.ts';
import { until } from '../test/support/until.ts';
import type { TradeServer } from './trade-server.ts';

export interface TradesProgram extends TradeServer {
  /** A quantile of the delay of the main thread's event loop, in seconds. */
  metric(name: string, labels?: string): Promise<number>;
  /** Asks for a job's summary; resolves with the status of the answer. */
  process(jobId: string): Promise<number>;
}

/** Starts the service with room for this many trades of a job. */
export async function startTradesProgram(tradesMax: number): Promise<TradesProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-trades-'));
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'ed25519_private.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  const env = {
    HTTP_PORT: '',
    AGGREGATOR_PORT: '0',
    AGGREGATOR_WS_PORT: '0',
    AGGREGATOR_BACKEND_URL: 'http://127.0.0.1:9',
    JOB_MAX_TRADES: String(tradesMax),
    LOG_LEVEL: 'info',
  };
  const program = startAggregator(env, undefined, { args: ['trades'], cwd: folder, urlLine: 'jobs API: ' });
  const api = await program.url();
  await until('the service', async () => (await fetch(`${api}/readyz`).catch(() => null))?.status === 200);
  return {
    pid: program.process.pid ?? 0,
    metric: program.metric,
    async openJob() {
      const answer = (await (await fetch(`${api}/jobs`, { method: 'POST' })).json()) as { ws_url: string };
      return answer.ws_url;
    },
    async process(jobId) {
      const answer = await fetch(`${api}/jobs/${jobId}/process`, { method: 'POST' });
      await answer.text();
      return answer.status;
    },
    async end() {
      await program.stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
