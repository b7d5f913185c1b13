// Which events a process tells its receivers: in a cluster, after a start, and in a storm.

import { describe, expect, it, onTestFinished } from 'vitest';
import { ownEvent } from '../../../src/federation/domain/events.ts';
import { makeNotifications } from '../../../src/federation/threads/notifications.ts';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import type { ReceiverConfig } from '../../../src/notify/receivers.ts';
import { receiverConfig, receivingServer } from '../../support/receivers.ts';
import { until } from '../../support/until.ts';

const AT_MS = Date.UTC(2026, 0, 15, 10, 30);

function offline(nodeId: string): NodeTransition {
  return { nodeId, atMs: AT_MS, observedMs: AT_MS, from: 'stale', to: 'offline', cause: 'silence' };
}

async function start(config: ReceiverConfig, replica: string | null = null) {
  const link = { isPublisher: false };
  const silent = { info: () => undefined, warn: () => undefined };
  const notifications = makeNotifications(
    { cluster: replica === null ? null : ({ replica } as never) },
    { log: silent, receivers: [config] },
    { aggregatorId: 'agg-1' },
    () => (replica === null ? null : { link }),
  );
  await notifications.start();
  onTestFinished(() => notifications.stop());
  return { notifications, link };
}

describe('which events are told', () => {
  it('notifications - nodes are told of only once a start knows them, and own troubles from the beginning', async () => {
    const server = await receivingServer();
    const { notifications } = await start(
      receiverConfig(server.url, { minIntervalMs: 0, events: ['node_offline', 'ready'] }),
    );
    notifications.changed([offline('before')]);
    notifications.tell(ownEvent('ready', AT_MS));
    notifications.tell(ownEvent('not_ready', AT_MS));
    notifications.knowsNodes();
    notifications.changed([offline('after')]);
    await until('both to be told', () => server.seen.length === 2);
    expect(server.bodies()).toMatchObject([
      { type: 'ready' },
      { type: 'node_offline', details: { nodeId: 'after', from: 'stale', cause: 'silence' } },
    ]);
  });

  it('notifications - in a cluster the replica that publishes tells of nodes, and each of its own troubles', async () => {
    const server = await receivingServer();
    const { notifications, link } = await start(
      receiverConfig(server.url, { minIntervalMs: 0, events: ['node_offline', 'broker_away'] }),
      'two',
    );
    notifications.knowsNodes();
    notifications.changed([offline('a')]);
    notifications.tell(ownEvent('broker_away', AT_MS));
    link.isPublisher = true;
    notifications.changed([offline('b')]);
    await until('both to be told', () => server.seen.length === 2);
    expect(server.bodies()).toMatchObject([
      { type: 'broker_away', details: { replica: 'two' } },
      { type: 'node_offline', details: { nodeId: 'b' } },
    ]);
  });

  it('notifications - a storm of 100,000 changes is one message', async () => {
    const server = await receivingServer();
    const { notifications } = await start(receiverConfig(server.url, { minIntervalMs: 1_000 }));
    notifications.knowsNodes();
    const storm = Array.from({ length: 100_000 }, (_, index) => offline(`n${index}`));
    notifications.changed(storm);
    await until('the storm to be told', () => server.seen.length === 1);
    expect(server.bodies()[0]).toMatchObject({ type: 'several', details: { count: 100_000 } });
    expect(server.seen[0]?.body.length).toBeLessThan(50_000);
  });
});
