// Starting the service: what it needs, and one sentence for each thing that is wrong.

import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAggregator } from '../../support/aggregator.ts';
import {
  startTestBackend,
  startTrades,
  tradesPlace,
  TestJob,
  SAMPLES,
  type TradesPlace,
} from '../../support/trades.ts';

/** Runs the service until it ends by itself; resolves with its exit code and its words. */
async function failedStart(place: TradesPlace, env: Readonly<Record<string, string>>) {
  const program = startAggregator(
    { HTTP_PORT: '', AGGREGATOR_PORT: '0', AGGREGATOR_WS_PORT: '0', ...env },
    undefined,
    {
      args: ['trades'],
      cwd: place.folder,
    },
  );
  const { code } = await program.exit;
  return { code, words: program.errors() + program.log.map(({ msg }) => msg).join('\n') };
}

/** A port of 127.0.0.1 that is taken until the test ends. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('start of trades', () => {
  it.each(['AGGREGATOR_PORT', 'AGGREGATOR_WS_PORT'])(
    'start of trades - a taken %s is one sentence with its name, and exit 1',
    async (name) => {
      const place = tradesPlace('taken');
      const port = await takenPort();
      const { code, words } = await failedStart(place, { [name]: String(port) });
      expect(code).toBe(1);
      expect(words).toContain(name);
      expect(words).toContain(String(port));
      expect(words).not.toContain('    at ');
    },
  );

  it('start of trades - without a key it names the file and the command that makes one', async () => {
    const place = tradesPlace('keyless');
    rmSync(place.keyFile);
    const { code, words } = await failedStart(place, {});
    expect(code).toBe(1);
    expect(words).toContain('ed25519_private.key');
    expect(words).toContain('keygen');
  });

  it('start of trades - a key file that others may write is refused, and one that others may read warns', async () => {
    const place = tradesPlace('mode');
    chmodSync(place.keyFile, 0o666);
    const { code, words } = await failedStart(place, {});
    expect(code).toBe(1);
    expect(words).toContain('chmod 600');
    chmodSync(place.keyFile, 0o644);
    const service = await startTrades(place, {});
    expect(
      service.log.some(({ level, msg }) => level === 'warn' && msg.includes('ed25519_private.key')),
    ).toBe(true);
    expect(await service.stop()).toBe(0);
  });

  it('start of trades - a file that is no key is named, and its content is not shown', async () => {
    const place = tradesPlace('no-key');
    writeFileSync(place.keyFile, 'geheim geheim');
    const { code, words } = await failedStart(place, {});
    expect(code).toBe(1);
    expect(words).toContain('ed25519_private.key');
    expect(words).not.toContain('geheim');
  });

  it('start of trades - a new key retires the old one, which stays in the key set', async () => {
    const place = tradesPlace('retired');
    const backend = await startTestBackend();
    const env = { AGGREGATOR_BACKEND_URL: backend.url };
    const keysOf = async (api: string) =>
      ((await (await fetch(`${api}/.well-known/aggregator/keys`)).json()) as { keys: { kid: string }[] })
        .keys;
    const first = await startTrades(place, env);
    const [old] = await keysOf(first.api);
    await first.stop();
    const other = tradesPlace('retired-new');
    const second = await startTrades(place, { ...env, AGGREGATOR_PRIVATE_KEY: other.keyFile });
    const kids = (await keysOf(second.api)).map(({ kid }) => kid);
    expect(kids).toHaveLength(2);
    expect(kids).toContain(old?.kid);
    const job = await TestJob.open(second.api);
    await job.send(SAMPLES);
    await job.process();
    const metadata = backend.received[0]?.payload['metadata'] as { key_id: string };
    expect(metadata.key_id).not.toBe(old?.kid);
    await second.stop();
  });

  it('start of trades - a backup goes into another place, and the summaries in it are still delivered', async () => {
    const place = tradesPlace('backup');
    const backend = await startTestBackend();
    backend.answer = () => ({ status: 503 });
    const service = await startTrades(place, { AGGREGATOR_BACKEND_URL: backend.url });
    const job = await TestJob.open(service.api);
    await job.send(SAMPLES);
    void job.process().catch(() => null);
    await expect.poll(() => backend.received.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const run = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const program = startAggregator({ HTTP_PORT: '', ...env }, undefined, { args, cwd: place.folder });
      return (await program.exit).code;
    };
    const copy = join(place.folder, 'copy.db');
    expect(await run(['trades', 'backup', copy])).toBe(0);
    service.process.kill('SIGKILL');
    await service.exit;
    expect(await run(['trades', 'restore', copy], { DB_PATH: 'other/trades.db' })).toBe(0);
    backend.answer = () => ({ status: 200 });
    const next = await startTrades(place, {
      AGGREGATOR_BACKEND_URL: backend.url,
      DB_PATH: 'other/trades.db',
    });
    await expect.poll(() => next.metric('aggregator_trades_outbox_summaries'), { timeout: 20_000 }).toBe(0);
    expect(backend.digests).toHaveLength(1);
    await next.stop();
  });
});
