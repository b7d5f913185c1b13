// The brokers of the cluster's tests themselves: that what a test does to them is what it believes.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
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

test('of three servers one may be cut off, or stopped by lame duck', async () => {
  const cluster = await launchNatsCluster({ servers: 3 });
  const connection = await connectTo(cluster.urls[0] ?? '', {
    ...cluster.login,
    servers: [...cluster.urls],
  });
  const manager = await jetstreamManager(connection, { timeout: 1_000 });
  await until('a replicated stream', () =>
    manager.streams.add({ name: 'LOG', subjects: ['log.>'], num_replicas: 3 }).catch(() => null),
  );
  const client = jetstream(connection, { timeout: 1_000 });
  const publishes = () =>
    until('a message to be stored', () =>
      client.publish('log.x', 'x').then(
        () => true,
        () => false,
      ),
    );
  const leader = async () => Number((await manager.streams.info('LOG')).cluster?.leader?.slice(-1)) - 1;
  await publishes();

  const first = await leader();
  // A client of a server that is cut off reaches no other one, although its own connection is sound.
  cluster.isolate(first);
  await until('another leader', async () => {
    const now = await leader().catch(() => first);
    if (now === first) await connection.reconnect();
    return now !== first && !Number.isNaN(now);
  });
  await publishes();
  cluster.heal(first);
  await cluster.ready();

  await cluster.lameDuck(first);
  await publishes();
  await cluster.restart(first);
  await cluster.ready();
});
