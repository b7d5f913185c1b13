// The three shipped brokers of a cluster on every nats-server of this machine: each gives what its monitors send to its own
// stream, once, and monitors reach nothing else.

import { jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import { FEDERATION_RIGHTS, mappedSubject } from '../../src/federation/broker/subjects.ts';
import { SUBJECTS } from '../../src/federation/domain/vocabulary.ts';
import { freePort } from '../support/free-port.ts';
import { connectTo, launchBroker, testFolder } from '../support/program.ts';
import { PASSWORDS, writeLeaf } from '../support/shipped-broker.ts';
import { BINARIES, startShippedCluster, type ShippedCluster } from '../support/shipped-cluster.ts';
import { until } from '../support/until.ts';
import { readFileSync } from 'node:fs';

const NAMED = {
  user: 'aggregator',
  pass: PASSWORDS.NATS_AGGREGATOR_PASSWORD,
  inboxPrefix: '_AGG',
  waitOnFirstConnect: true,
};

/** What monitors may neither say nor hear. */
const FORBIDDEN = [
  'tbcluster.config',
  'tblog.0.in.TRUEBIT_INGEST_1',
  'tbstats.aggregated',
  'tbcontrol.command',
  'tbask.0',
  'tbpos.0.a',
  'tbgap.TRUEBIT_INGEST_1',
  '$JS.API.INFO',
  '$JS.API.STREAM.PURGE.TRUEBIT_INGEST_1',
  '_AGG.x',
];

/** Makes the input stream of each broker, and one that republishes, as the aggregator does. */
async function makeStreams(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  for (const k of [1, 2, 3]) {
    await until(`the stream of broker ${k}`, () =>
      manager.streams
        .add({
          name: `TRUEBIT_INGEST_${k}`,
          subjects: [`ingest.${k}.>`],
          retention: RetentionPolicy.Limits,
          storage: StorageType.File,
          num_replicas: 1,
          no_ack: true,
          placement: { cluster: 'truebit', tags: [`ingest-${k}`] },
        })
        .then(
          () => true,
          () => false,
        ),
    );
  }
  await manager.streams.add({
    name: 'TRUEBIT_STATS',
    subjects: ['tbstats.>'],
    num_replicas: 3,
    republish: { src: 'tbstats.>', dest: 'truebit.stats.>' },
  });
}

async function storedIn(connection: NatsConnection, k: number): Promise<Record<string, number>> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const info = await manager.streams.info(`TRUEBIT_INGEST_${k}`, { subjects_filter: '>' });
  expect(info.cluster?.leader).toBe(`truebit-${k}`);
  return info.state.subjects ?? {};
}

function everyInput(k: number, count: number): Record<string, number> {
  return Object.fromEntries(
    SUBJECTS.map((subject) => [mappedSubject(subject).replace('ingest.', `ingest.${k}.`), count]),
  );
}

describe('shipped brokers of a cluster', () => {
  it('shipped cluster - rights and limits are those of the shipped single broker', () => {
    const text = (name: string) =>
      readFileSync(new URL(`../../deploy/nats/${name}`, import.meta.url), 'utf8').replace(/^\s*#.*$/gm, '');
    const { monitor } = FEDERATION_RIGHTS;
    const quoted = (part: string | undefined) =>
      [...(part ?? '').matchAll(/"([^"]+)"/g)].map(([, word]) => word);
    const rights = text('cluster/federation.conf');
    expect(quoted(/publish: \{([^}]*)\}/.exec(rights)?.[1])).toEqual(
      monitor.publish.map((subject) => subject.replace(/^ingest\./, 'ingest.*.')),
    );
    expect(quoted(/subscribe: \{([^}]*)\}/.exec(rights)?.[1])).toEqual([
      ...monitor.subscribe,
      ...monitor.subscribeNot,
    ]);
    const common = text('cluster/common.conf');
    for (const name of [
      'max_payload',
      'max_connections',
      'max_subscriptions',
      'write_deadline',
      'authorization \\{ timeout',
      'sync_interval',
      'mappings',
      'no_auth_user',
    ]) {
      const line = new RegExp(`^ *${name}.*$`, 'm');
      expect(line.exec(common)?.[0]).toBe(line.exec(text('nats.conf'))?.[0]);
    }
    for (const k of ['1', '2', '3'])
      expect(text(`cluster/broker-${k}.conf`)).toBe(
        text('cluster/broker-1.conf').replaceAll(/(truebit-|ingest[-.])1/g, `$1${k}`),
      );
  });

  // Together, because an election takes seconds in which all wait.
  it('shipped cluster - on every nats-server each broker stores its own monitors in its own stream, and they hear statistics only', async () => {
    expect(BINARIES.size).toBeGreaterThan(0);
    await Promise.all([...BINARIES].map(([version, binary]) => checkVersion(version, binary)));
  });

  it('shipped cluster - what a site behind the shipped leaf sends is stored once, by the broker to which the leaf is connected', async () => {
    const { folder } = await testFolder('shipped-cluster-leaf');
    const binary = [...BINARIES.values()].at(-1) ?? '';
    const cluster = await startShippedCluster(folder, binary, { withLeaves: true });
    const aggregator = await connectTo(cluster.members[0]?.url ?? '', NAMED);
    await makeStreams(aggregator);
    const monitor = await siteMonitor(folder, cluster);
    const heard: string[] = [];
    monitor.subscribe('truebit.>', { callback: (_error, message) => void heard.push(message.subject) });
    // Messages published before the leaf knows of a subscriber reach no one.
    await until('a heartbeat', async () => {
      monitor.publish('truebit.heartbeat', '{}');
      await monitor.flush();
      return (await storedIn(aggregator, 2))['ingest.2.heartbeat'] !== undefined;
    });
    for (let count = 0; count < 20; count += 1) monitor.publish('truebit.tasks.received', '{}');
    await monitor.flush();
    await until(
      'the tasks',
      async () => ((await storedIn(aggregator, 2))['ingest.2.tasks.received'] ?? 0) >= 20,
    );
    expect(await storedIn(aggregator, 2)).toMatchObject({ 'ingest.2.tasks.received': 20 });
    for (const k of [1, 3]) expect(await storedIn(aggregator, k)).toEqual({});
    await jetstream(aggregator).publish('tbstats.aggregated', '{}');
    await until('the statistics', () => heard.length > 0);
    expect(new Set(heard)).toEqual(new Set(['truebit.stats.aggregated']));
  });
});

/** Three brokers of one version, with everything that the test checks. */
async function checkVersion(version: string, binary: string): Promise<void> {
  const { folder } = await testFolder(`shipped-cluster-${version}`);
  const { members } = await startShippedCluster(folder, binary);
  const urls = members.map(({ url }) => url);
  const aggregator = await connectTo(urls[2] ?? '', NAMED);
  await makeStreams(aggregator);
  const heard: string[] = [];
  for (const subject of ['ingest.>', 'truebit.>'])
    aggregator.subscribe(subject, { callback: (_error, message) => void heard.push(message.subject) });
  await aggregator.flush();

  const monitors = await Promise.all(urls.map((url) => connectTo(url, { waitOnFirstConnect: true })));
  const atMonitors: string[] = [];
  for (const monitor of monitors)
    monitor.subscribe('truebit.>', {
      callback: (_error, message) => void atMonitors.push(message.subject),
    });
  await Promise.all(monitors.map((monitor) => monitor.flush()));
  // Broker k gets k messages of each input.
  for (const [index, monitor] of monitors.entries())
    for (const subject of SUBJECTS)
      for (let count = 0; count <= index; count += 1) monitor.publish(subject, '{}');
  for (const k of [1, 2, 3])
    await until(`what broker ${k} stores`, async () => {
      const stored = await storedIn(aggregator, k);
      return Object.values(stored).reduce((sum, each) => sum + each, 0) === k * SUBJECTS.length;
    });
  for (const k of [1, 2, 3]) expect(await storedIn(aggregator, k)).toEqual(everyInput(k, k));
  // Each was mapped once, by the broker to which its monitor is connected.
  await until('every input once', () => heard.length >= 6 * SUBJECTS.length);
  await aggregator.flush();
  const counts = new Map<string, number>();
  for (const subject of heard) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  expect(Object.fromEntries(counts)).toEqual({
    ...everyInput(1, 1),
    ...everyInput(2, 2),
    ...everyInput(3, 3),
  });

  await jetstream(aggregator).publish('tbstats.aggregated', '{}');
  await until('the statistics at all three', () => atMonitors.length === 3);
  expect(atMonitors).toEqual(Array(3).fill('truebit.stats.aggregated'));
  await expectForbidden(aggregator, monitors[0] as NatsConnection);
  // A monitor learns where the others are.
  const known = monitors[0]?.info?.connect_urls ?? [];
  for (const url of urls) expect(known).toContain(url.replace('nats://', ''));
}

/** A monitor at the broker of a site, which is connected to broker 2. */
async function siteMonitor(folder: string, { members }: ShippedCluster): Promise<NatsConnection> {
  const configurationFile = writeLeaf(folder, members[1]?.leafPort ?? 0);
  const leaf = await launchBroker({ port: await freePort(), configurationFile });
  return connectTo(leaf.url);
}

async function expectForbidden(aggregator: NatsConnection, monitor: NatsConnection): Promise<void> {
  const refused: string[] = [];
  const reached: string[] = [];
  for (const subject of FORBIDDEN) {
    monitor.subscribe(subject, {
      callback: (error) => void (error === null ? reached.push(subject) : refused.push(subject)),
    });
    // JetStream itself listens there.
    if (!subject.startsWith('$'))
      aggregator.subscribe(subject, { callback: () => void reached.push(subject) });
  }
  await aggregator.flush();
  for (const subject of FORBIDDEN) monitor.publish(subject, '{}');
  await until('every refusal', () => refused.length === FORBIDDEN.length);
  await monitor.flush();
  await aggregator.flush();
  expect(refused).toEqual(FORBIDDEN);
  expect(reached).toEqual([]);
}
