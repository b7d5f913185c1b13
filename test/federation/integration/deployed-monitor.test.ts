// A monitor as deployed, at the program's own broker: it hears statistics and no other monitor, the broker complains of
// nothing, and its places are published only together with enough others.

import { join } from 'node:path';
import { connect, type NatsConnection, wsconnect } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, send, shown } from '../../support/federation.ts';
import { heartbeat, nodeJoined, type Publication, taskReceived } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** What deployed monitors subscribe to (docs/federation.md#subjects). */
const SUBSCRIPTIONS = [...SUBJECTS, 'truebit.stats.aggregated', 'truebit.>', 'truebit.stats.*'];
const PUBLISHED = ['aggregated', 'period.1h', 'period.24h', 'period.7d'].map(
  (name) => `truebit.stats.${name}`,
);

/**
 * Subscribes as a deployed monitor does; returns the messages by subscription and subject, and the errors of the
 * server.
 */
async function monitorAt(connecting: Promise<NatsConnection>) {
  const connection = await connecting;
  onTestFinished(() => connection.close());
  const heard = new Map<string, Set<string>>();
  const complaints: unknown[] = [];
  const types = new Set<unknown>();
  void (async () => {
    for await (const status of connection.status())
      if (status.type === 'error') complaints.push(status.error);
  })();
  for (const subscription of SUBSCRIPTIONS) {
    heard.set(subscription, new Set());
    connection.subscribe(subscription, {
      callback(error, message) {
        if (error !== null) complaints.push(error);
        else {
          heard.get(subscription)?.add(message.subject);
          types.add(message.json<{ type: unknown }>().type);
        }
      },
    });
  }
  await connection.flush();
  return { connection, heard, complaints, types };
}

function placed(nodeId: string, continentBucket: string): Publication {
  const envelope = { version: '1.0', type: 'heartbeat', nodeId, timestamp: '2026-01-15T10:30:00.000Z' };
  return {
    subject: 'truebit.heartbeat',
    payload: JSON.stringify({ ...envelope, data: { status: 'online', continentBucket } }),
  };
}

describe('deployed monitor', () => {
  it.each(['TCP', 'WebSocket'] as const)(
    'deployed monitor - over %s at the embedded broker it hears statistics, no other monitor, and no complaint',
    async (transport) => {
      const own = await testFolder('monitor');
      const program = launch({ ...own.env, PUBLISH_INTERVAL: '200' });
      await program.ready();
      const join = () =>
        transport === 'TCP'
          ? connect({ servers: own.natsUrl })
          : wsconnect({ servers: `ws://127.0.0.1:${own.wsPort}` });
      const monitor = await monitorAt(join());
      const other = await monitorAt(join());
      const messages = [nodeJoined('node-0001'), heartbeat('node-0001'), taskReceived(1)];
      await send(other.connection, messages);
      await send(monitor.connection, [heartbeat('node-0002')]);
      await counted(program, messages.length + 1);
      await shown(program, { totalNodes: 2, totalTasks: 1 });
      await until(
        'two ticks with all four subjects',
        () => monitor.heard.get('truebit.>')?.size === PUBLISHED.length,
      );
      await monitor.connection.flush();
      const heard = Object.fromEntries(
        [...monitor.heard].map(([name, subjects]) => [name, [...subjects].toSorted()]),
      );
      expect(heard).toEqual({
        ...Object.fromEntries(SUBJECTS.map((subject) => [subject, []])),
        'truebit.stats.aggregated': ['truebit.stats.aggregated'],
        'truebit.>': PUBLISHED.toSorted(),
        // Older monitors store every message on this subject in a one-row cache.
        'truebit.stats.*': ['truebit.stats.aggregated'],
      });
      expect(monitor.types).toEqual(new Set(['network_stats', 'network_stats_period']));
      expect([...monitor.complaints, ...other.complaints]).toEqual([]);
      await expectConserved(program, own.databasePath);
      expect(await program.stop()).toBe(0);
    },
  );

  it('deployed monitor - its continent is counted once the program has caught up, and small continents are folded', async () => {
    const own = await testFolder('places');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const first = launch(at(broker.url, own));
    await first.ready();
    expect(await first.stop()).toBe(0);
    // While the program is down: five, three and two nodes. Two are too few, and `other` with only these two is too
    // small.
    const continents = { EU: 5, AF: 3, NA: 2 };
    const beats = Object.entries(continents).flatMap(([continent, nodes]) =>
      Array.from({ length: nodes }, (_, node) => placed(`node-${continent}-${node}`, continent)),
    );
    await send(await connectTo(broker.url), beats);
    const next = launch(at(broker.url, own));
    await next.ready();
    await shown(next, { onlineNodes: beats.length });
    const { body } = await next.get('/api/federation/network-stats');
    expect(body['continentDistribution']).toEqual({ EU: 5, other: 5 });
    await expectConserved(next, own.databasePath);
    expect(await next.stop()).toBe(0);
  });
});
