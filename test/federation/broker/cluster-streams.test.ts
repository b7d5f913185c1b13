// The streams of a cluster on real nats-servers: one on its own, three, and what happens to streams under way.

import { jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import {
  isInCluster,
  keepClusterStreams,
  makeInputStreams,
  wantedClusterStreams,
} from '../../../src/federation/broker/cluster-streams.ts';
import { INPUT_STREAM_PREFIX } from '../../../src/federation/domain/cluster.ts';
import { streamNames } from '../../../src/io/streams.ts';
import { connectTo, launchNatsCluster } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const WANTED = wantedClusterStreams(1, { logMaxAgeMs: 86_400_000, maxBytes: 67_108_864 });
const NAMES = WANTED.map(({ name }) => name);

async function world(servers: 1 | 3) {
  const cluster = await launchNatsCluster({ servers });
  const connection = await connectTo(cluster.urls[0] ?? '', cluster.login);
  const manager = await jetstreamManager(connection);
  const inCluster = isInCluster(connection);
  const keep = () => keepClusterStreams(manager, WANTED, inCluster);
  const makeInputs = async () =>
    makeInputStreams(manager, await streamNames(manager, INPUT_STREAM_PREFIX), 67_108_864, inCluster);
  return { cluster, connection, manager, keep, makeInputs };
}

describe('streams of a cluster', () => {
  test('are made on one server, kept, repaired, and made anew when deleted', async () => {
    const { manager, connection, cluster, keep, makeInputs } = await world(1);
    const first = await keep();
    expect(first).toEqual({ made: NAMES, faults: [], unreplicated: NAMES });
    expect(await keep()).toEqual({ made: [], faults: [], unreplicated: NAMES });
    await manager.streams.update('TRUEBIT_LOG_0', { max_age: 1_000_000_000 });
    await manager.streams.delete('TRUEBIT_STATS');
    const { made, faults } = await keep();
    expect([made, faults]).toEqual([['TRUEBIT_STATS'], []]);
    expect((await manager.streams.info('TRUEBIT_LOG_0')).config.max_age).toBe(86_400_000_000_000);

    expect(await makeInputs()).toEqual(['TRUEBIT_INGEST_1']);

    // What is stored there reaches monitors.
    const monitor = await connectTo(cluster.urls[0] ?? '');
    const heard: string[] = [];
    monitor.subscribe('truebit.stats.>', { callback: (_error, { subject }) => void heard.push(subject) });
    await monitor.flush();
    await jetstream(connection).publish('tbstats.aggregated', '{}');
    await until('the republished message', () => heard.includes('truebit.stats.aggregated'));
  });

  test('of which one cannot be changed are told in a sentence', async () => {
    const { manager, keep } = await world(1);
    await manager.streams.add({
      name: 'TRUEBIT_LOG_0',
      subjects: ['tblog.0.>'],
      retention: RetentionPolicy.Workqueue,
    });
    const { faults } = await keep();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('TRUEBIT_LOG_0: retention is workqueue, should be limits');
  });

  test('are replicated on three servers, and each server gets its own input stream', async () => {
    const { manager, keep, makeInputs } = await world(3);
    // Made before all servers were there.
    await manager.streams.add({ name: 'TRUEBIT_LOG_0', subjects: ['tblog.0.>'], num_replicas: 1 });
    await until('all streams on three servers', async () => (await keep()).unreplicated.length === 0);
    for (const name of NAMES) expect((await manager.streams.info(name)).config.num_replicas).toBe(3);
    const inputs = ['TRUEBIT_INGEST_1', 'TRUEBIT_INGEST_2', 'TRUEBIT_INGEST_3'];
    expect(await makeInputs()).toEqual(inputs);
    // A server may list a new stream a moment after it was made; until then it is asked for again, which changes nothing.
    await until('no input stream to be missing', async () => (await makeInputs()).length === 0);
    const leaders = await Promise.all(
      inputs.map(async (name) => (await manager.streams.info(name)).cluster?.leader),
    );
    expect(leaders).toEqual(['truebit-1', 'truebit-2', 'truebit-3']);
  });
});
