// The whole service in this process, with an enclave that makes a summary an hour: jobs and accounts side by side.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../../src/io/log.ts';
import { readKeyFile } from '../../../src/io/key-file.ts';
import { readSettings } from '../../../src/trades/config/settings.ts';
import { readVerificationKeys } from '../../../src/trades/domain/verification-key.ts';
import { verifySummary } from '../../../src/trades/domain/verify-summary.ts';
import { SummarySigner } from '../../../src/trades/sinks/signer.ts';
import { createTrades } from '../../../src/trades/threads/main.ts';
import { SAMPLES, startTestBackend, TestJob, tradesPlace } from '../../support/trades.ts';
import { until } from '../../support/until.ts';

const ENCLAVE = fileURLToPath(new URL('enclave-program.ts', import.meta.url));
const PATH = process.env['PATH'] ?? '';

async function startService(name: string) {
  const place = tradesPlace(name);
  const backend = await startTestBackend();
  const socketPath = join(place.folder, 'e.sock');
  const plan = join(place.folder, 'plan');
  const { settings } = readSettings({
    AGGREGATOR_PORT: '0',
    AGGREGATOR_WS_PORT: '0',
    AGGREGATOR_BACKEND_URL: backend.url,
    AGGREGATOR_PRIVATE_KEY: place.keyFile,
    DB_PATH: join(place.folder, 'trades.db'),
    ALLOW_PLAINTEXT_REGISTRATION: 'true',
  });
  const key = readKeyFile(place.keyFile);
  if (key === null) throw new Error('no key');
  const app = createTrades(settings, {
    log: createLog({ level: 'error', format: 'json', write: () => undefined }),
    signer: new SummarySigner(key),
    fatal: (error) => {
      throw error;
    },
    isDemonstration: false,
    enclave: {
      socketPath,
      process: { main: ENCLAVE, nodeFlags: [], env: { PATH, ENCLAVE_SOCKET: socketPath, PLAN: plan } },
    },
  });
  const { apiUrl } = await app.start();
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await app.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  const get = async (path: string) => {
    const answer = await fetch(`${apiUrl}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  const want = (summaries: number) => writeFileSync(plan, `${summaries}`);
  return { apiUrl, backend, stop, get, want };
}

describe('trades with an enclave', () => {
  it('trades with an enclave - summaries of jobs and of accounts are delivered, each under its own key', async () => {
    const { apiUrl, backend, get, want, stop } = await startService('both');
    want(4);
    for (let round = 0; round < 3; round++) {
      const job = await TestJob.open(apiUrl, { client_id: `job-${round}` });
      await job.send(SAMPLES);
      expect((await job.process()).status).toBe(200);
    }
    await until('all', () => backend.digests.length === 15);
    const keys = readVerificationKeys((await get('/.well-known/aggregator/keys')).text);
    const provenances = backend.received.map(({ body }) => {
      const verdict = verifySummary(body, keys);
      return verdict.kind === 'ok' ? verdict.provenance : verdict.reason;
    });
    const count = (provenance: string) => provenances.filter((each) => each === provenance).length;
    expect([count('client_reported'), count('polled'), provenances.length]).toEqual([3, 12, 15]);
    const listed = (
      JSON.parse((await get('/.well-known/aggregator/keys')).text) as { keys: { provenance: string }[] }
    ).keys;
    expect(listed.map(({ provenance }) => provenance)).toEqual(['client_reported', 'polled']);
    const metrics = (await get('/metrics')).text;
    expect(metrics).toContain('aggregator_trades_accounts{state="online"} 3');
    expect(metrics).toContain('aggregator_trades_polled_stored_total 12');
    expect(metrics).toContain('aggregator_enclave_fills_total 8');
    await stop();
  });

  it('trades with an enclave - is not ready while the enclave of its accounts is away', async () => {
    const { apiUrl, get, want } = await startService('away');
    want(1);
    await until('the accounts', async () =>
      (await get('/metrics')).text.includes('aggregator_trades_accounts{state="online"} 3'),
    );
    expect((await get('/readyz')).status).toBe(200);
    const user = { userId: 'u', exchange: 'binance', apiKey: '0123456789', secret: '0123456789' };
    const register = async () => {
      const answer = await fetch(`${apiUrl}/users`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(user),
      });
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    expect(await register()).toEqual([403, 'over_powered']);
    const { pid } = enclaveProcess();
    process.kill(pid, 'SIGKILL');
    const away = await until('the 503', async () => {
      const answer = await get('/readyz');
      return answer.status === 503 ? answer.text : null;
    });
    expect(away).toContain('the enclave that polls the accounts is not linked');
    expect(await register()).toEqual([503, 'enclave_away']);
    await until('another one', async () => (await get('/readyz')).status === 200);
    expect(await register()).toEqual([403, 'over_powered']);
  });
});

/** The enclave that was started, found by its command line. */
function enclaveProcess(): { readonly pid: number } {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const [status, command] = ['status', 'cmdline'].map((file) =>
        readFileSync(`/proc/${name}/${file}`, 'utf8'),
      );
      if (command?.includes(ENCLAVE) === true && status?.includes(`PPid:\t${process.pid}\n`) === true)
        return { pid: Number(name) };
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error('no enclave runs');
}
