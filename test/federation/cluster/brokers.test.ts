// What a process says of the nats-servers of its cluster, from what the streams report of their leaders and replicas.

import { expect, test } from 'vitest';
import { BrokerWatch } from '../../../src/federation/cluster/brokers.ts';
import type { NatsConnection } from '../../../src/io/nats.ts';
import type { JetStreamManager } from '../../../src/io/streams.ts';

/** A broker whose one stream reports this of its servers. */
function reporting(leader: string, offline: Readonly<Record<string, boolean>>): JetStreamManager {
  const replicas = Object.entries(offline).map(([name, isOffline]) => ({
    name,
    offline: isOffline,
    current: !isOffline,
    active: 0,
  }));
  const streams = { info: () => Promise.resolve({ cluster: { leader, replicas } }) };
  return { streams } as unknown as JetStreamManager;
}

const connectionTo = (name: string) =>
  ({ info: { server_name: name, version: '2.15.3' } }) as unknown as NatsConnection;

test('a server that a leader missed stays away while no stream has a leader, and the connected one is there', async () => {
  const watch = new BrokerWatch(['TRUEBIT_LOG_0']);
  const away = () => watch.sights.flatMap(({ name, isAway }) => (isAway ? [name] : []));
  watch.connected(connectionTo('three'));
  await watch.look(reporting('two', { one: true, three: true }));
  expect(away()).toEqual(['one']);
  await watch.look(reporting('', { one: false, two: false }));
  expect(away()).toEqual(['one']);
  await watch.look(reporting('three', { one: false, two: true }));
  expect(away()).toEqual(['two']);
});
