// Processes that only split: they make the streams, share the work by leases, and take over from one another.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../../src/federation/config/settings.ts';
import { CLUSTER_STREAM, CLUSTER_SUBJECTS, logStream } from '../../../src/federation/domain/cluster.ts';
import { createSplitterApp } from '../../../src/federation/threads/split-only.ts';
import { createLog } from '../../../src/io/log.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

/** Starts a process that only splits; returns its address and its stop. */
async function startSplitter(url: string, replica: string) {
  const port = await freePort();
  const { settings } = readSettings({
    NATS_URL: url,
    EMBEDDED_NATS: 'off',
    CLUSTER: 'test',
    CLUSTER_UNSAFE_BROKER: 'on',
    REPLICA: replica,
    SPLIT: 'only',
    HTTP_PORT: String(port),
  });
  const log = createLog({ level: 'error', format: 'text' });
  const fatal: unknown[] = [];
  const app = createSplitterApp(settings, { log, logLoss: log.loss, fatal: (error) => fatal.push(error) });
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await app.stop();
    expect(fatal).toEqual([]);
  };
  onTestFinished(stop);
  await app.start();
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  return { stop, get };
}

describe('SPLIT=only', () => {
  it('makes the streams, splits what arrives, and gives its streams to another process when it stops', async () => {
    const storeFolder = mkdtempSync(join(tmpdir(), 'aggregator-split-only-'));
    onTestFinished(() => rmSync(storeFolder, { recursive: true, force: true }));
    const server = await startNatsServer({ storeFolder });
    onTestFinished(() => server.stop());
    const connection = await connect({ servers: server.url });
    onTestFinished(() => connection.close());
    const manager = await jetstreamManager(connection);
    const record = () => {
      const subject = CLUSTER_SUBJECTS.checkpoint('TRUEBIT_INGEST_1');
      return manager.streams.getMessage(CLUSTER_STREAM, { last_by_subj: subject }).catch(() => null);
    };
    const checkpoint = async () => (await record())?.json<{ seq: number }>().seq;

    const one = await startSplitter(server.url, 'one');
    await until('the first to be ready', async () => (await one.get('/readyz')).status === 200);
    await until('it to split', async () =>
      (await one.get('/metrics')).text.includes('aggregator_splitter_active{shard="TRUEBIT_INGEST_1"} 1'),
    );
    for (let message = 0; message < 10; message++) connection.publish('ingest.1.heartbeat', '{"nodeId":"n"}');
    await until('the checkpoint', async () => (await checkpoint()) === 10);
    expect((await one.get('/livez')).status).toBe(200);
    expect((await one.get('/other')).status).toBe(404);

    const other = await startSplitter(server.url, 'other');
    await until('the other to see the holder', async () =>
      (await other.get('/metrics')).text.includes('aggregator_splitter_active{shard="TRUEBIT_INGEST_1"} 0'),
    );
    await one.stop();
    connection.publish('ingest.1.heartbeat', '{"nodeId":"n"}');
    await until('the other to go on', async () => (await checkpoint()) === 11);
    // A log that is deleted is made anew at once.
    await manager.streams.delete(logStream(0));
    connection.publish('ingest.1.heartbeat', '{"nodeId":"n"}');
    await until('the log to be made anew', async () => (await checkpoint()) === 12);
    // So are the records; the replicas say where they are.
    const { source } = (await record())?.json<{ source: object }>() ?? {};
    await manager.streams.delete(CLUSTER_STREAM);
    const deletedMs = performance.now();
    const place = { position: { sources: [{ ...source, upto: 12 }] } };
    const timer = setInterval(() => connection.publish('tbpos.0.r', JSON.stringify(place)), 500);
    onTestFinished(() => clearInterval(timer));
    connection.publish('ingest.1.heartbeat', '{"nodeId":"n"}');
    await until('the records to be made anew', async () => (await checkpoint()) === 13);
    expect(performance.now() - deletedMs).toBeLessThan(20_000);
    await other.stop();
  });
});
