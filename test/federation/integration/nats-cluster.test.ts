// The brokers of the cluster's tests themselves: that what a test does to them is what it believes.

import { jetstreamManager } from '@nats-io/jetstream';
import { expect, onTestFinished, test } from 'vitest';
import { connectBroker, type ConnectionParts, type NatsOptions } from '../../../src/io/nats.ts';
import { connectTo, launchNatsCluster } from '../../support/program.ts';
import { until } from '../../support/until.ts';

test('one server keeps a stream of its own tag, and a monitor does not reach the streams of the cluster', async () => {
  const cluster = await launchNatsCluster({ servers: 1 });
  const connection = await connectTo(cluster.urls[0] ?? '', cluster.login);
  const manager = await jetstreamManager(connection, { timeout: 1_000 });
  await manager.streams.add({
    name: 'TRUEBIT_INGEST_1',
    subjects: ['ingest.1.>'],
    placement: { cluster: '', tags: ['ingest-1'] },
  });
  const monitor = await connectTo(cluster.urls[0] ?? '');
  monitor.publish('truebit.heartbeat', '{}');
  monitor.publish('ingest.1.heartbeat', '{}');
  monitor.publish('tblog.0.in.x', '{}');
  await monitor.flush();
  const info = await manager.streams.info('TRUEBIT_INGEST_1', { subjects_filter: '>' });
  expect(info.state.subjects).toEqual({ 'ingest.1.heartbeat': 2 });
  await cluster.kill(0);
  await cluster.restart(0);
  const kept = await until('the connection to be back', () =>
    manager.streams.info('TRUEBIT_INGEST_1').catch(() => null),
  );
  expect(kept.state.messages).toBe(2);
});

test('a wrong password is told at once, and does not make the client dial the servers of a cluster without end', async () => {
  const cluster = await launchNatsCluster({ servers: 3 });
  const reasons: string[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const options: NatsOptions = {
    servers: [cluster.urls[0] ?? ''],
    user: 'aggregator',
    password: 'wrong',
    token: null,
    credsFile: null,
    caFile: null,
    certFile: null,
    keyFile: null,
    inboxPrefix: null,
  };
  const parts: ConnectionParts = {
    onConnected: () => reasons.push('connected'),
    onDisconnected: () => undefined,
    onUnreachable: (reason) => reasons.push(reason),
    onRefused: () => undefined,
  };
  const connecting = connectBroker('test', options, parts, stop.signal);
  await until('the reason', () => reasons.length > 0);
  stop.abort();
  expect(await connecting).toBeNull();
  expect(reasons).toEqual(['Authorization Violation']);
});
