import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, type Subscription, wsconnect } from 'nats';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BrokerEndpoint } from '../../../src/io/embedded-broker/broker.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { testBroker, until } from '../../io/broker-fixtures.ts';

// What deployed monitors subscribe to (docs/federation.md#subjects).
const deployedSubscriptions = [...SUBJECTS, 'truebit.stats.aggregated', 'truebit.>', 'truebit.stats.*'];

/** A connection that keeps the complaints of the server and the messages that arrived. */
async function client(connecting: Promise<NatsConnection>) {
  const connection = await connecting;
  onTestFinished(() => connection.close());
  const complaints: unknown[] = [];
  const heard: string[] = [];
  void (async () => {
    for await (const status of connection.status())
      if (status.type === 'error') complaints.push(status.error);
  })();
  const listen = (subject: string): Subscription =>
    connection.subscribe(subject, {
      callback: (error, message) =>
        void (error === null ? heard.push(message.subject) : complaints.push(error)),
    });
  return { connection, complaints, heard, listen };
}

function asAggregator({ url, user, password, inboxPrefix }: BrokerEndpoint): Promise<NatsConnection> {
  if (user === undefined || password === undefined || inboxPrefix === undefined)
    throw new Error('not our broker');
  return connect({ servers: url, user, pass: password, inboxPrefix });
}

const transports = [
  ['TCP', (endpoint: BrokerEndpoint) => connect({ servers: endpoint.url })],
  ['WebSocket', (endpoint: BrokerEndpoint) => wsconnect({ servers: endpoint.wsUrl ?? '' })],
] as const;

describe('broker rights', () => {
  test.each(transports)(
    'broker rights - a deployed monitor over %s hears statistics and no other monitor',
    async (_, join) => {
      const { broker } = await testBroker();
      const endpoint = await broker.start();
      const monitor = await client(join(endpoint));
      for (const subject of deployedSubscriptions) monitor.listen(subject);
      await monitor.connection.flush();
      const other = await client(join(endpoint));
      const aggregator = await client(asAggregator(endpoint));

      for (const subject of SUBJECTS) other.connection.publish(subject, '{}');
      await other.connection.flush();
      aggregator.connection.publish('truebit.stats.aggregated', '{}');
      aggregator.connection.publish('truebit.stats.period.1h', '{}');
      await aggregator.connection.flush();

      await until(() => monitor.heard.includes('truebit.stats.period.1h'));
      await monitor.connection.flush();
      // Three subscriptions match the first message, only `truebit.>` matches the second.
      expect(monitor.heard.toSorted()).toEqual([
        'truebit.stats.aggregated',
        'truebit.stats.aggregated',
        'truebit.stats.aggregated',
        'truebit.stats.period.1h',
      ]);
      expect([...monitor.complaints, ...other.complaints]).toEqual([]);
    },
  );

  test.each(transports)(
    'broker rights - a message that a monitor publishes over %s is stored in the stream at ingest.>',
    async (_, join) => {
      const { broker } = await testBroker();
      const endpoint = await broker.start();
      const aggregator = await client(asAggregator(endpoint));
      const manager = await jetstreamManager(aggregator.connection);
      await manager.streams.add({ name: 'TRUEBIT_INGEST', subjects: ['ingest.>'] });
      const monitor = await client(join(endpoint));
      for (const subject of SUBJECTS) monitor.connection.publish(subject, subject);
      await monitor.connection.flush();
      await until(
        async () => (await manager.streams.info('TRUEBIT_INGEST')).state.messages === SUBJECTS.length,
      );
      for (const [index, subject] of SUBJECTS.entries()) {
        const message = await manager.streams.getMessage('TRUEBIT_INGEST', { seq: index + 1 });
        expect(message?.subject).toBe(subject.replace('truebit.', 'ingest.'));
        expect(message?.string()).toBe(subject);
      }
      const consumer = await jetstream(aggregator.connection).consumers.get('TRUEBIT_INGEST');
      const first = await consumer.next();
      expect(first?.string()).toBe(SUBJECTS[0]);
      expect(monitor.complaints).toEqual([]);
    },
  );

  test('broker rights - the join request of a monitor reaches the aggregator and its answer comes back', async () => {
    const { broker } = await testBroker();
    const endpoint = await broker.start();
    const aggregator = await client(asAggregator(endpoint));
    aggregator.connection.subscribe('truebit.federation.join', {
      callback: (_, message) => void message.respond('welcome'),
    });
    await aggregator.connection.flush();
    const eavesdropper = await client(connect({ servers: endpoint.url }));
    eavesdropper.listen('truebit.>');
    await eavesdropper.connection.flush();
    const monitor = await client(connect({ servers: endpoint.url }));
    const answer = await monitor.connection.request('truebit.federation.join', '{}', {
      timeout: 30_000,
    });
    expect(answer.string()).toBe('welcome');
    await eavesdropper.connection.flush();
    expect(eavesdropper.heard).toEqual([]);
  });

  test.each([
    'truebit.stats.aggregated',
    'truebit.anything',
    'ingest.other',
    '$JS.API.STREAM.LIST',
    '_AGG.x',
    '$SYS.REQ.SERVER.PING',
  ])('broker rights - a monitor may not publish %s', async (subject) => {
    const { broker } = await testBroker();
    const endpoint = await broker.start();
    const aggregator = await client(asAggregator(endpoint));
    aggregator.listen(subject);
    await aggregator.connection.flush();
    const monitor = await client(connect({ servers: endpoint.url }));
    monitor.connection.publish(subject, '{}');
    await monitor.connection.flush();
    await until(() => monitor.complaints.length > 0);
    expect(String(monitor.complaints[0])).toMatch(/permissions violation/i);
    await aggregator.connection.flush();
    expect(aggregator.heard).toEqual([]);
  });

  test.each(['ingest.>', 'truebit.federation.join', '_AGG.>', '>', '$JS.API.>'])(
    'broker rights - a monitor may not listen to %s',
    async (subject) => {
      const { broker } = await testBroker();
      const endpoint = await broker.start();
      const monitor = await client(connect({ servers: endpoint.url }));
      monitor.listen(subject);
      await monitor.connection.flush();
      await until(() => monitor.complaints.length > 0);
      expect(String(monitor.complaints[0])).toMatch(/permissions violation/i);
    },
  );

  test("broker rights - the aggregator's JetStream deliveries do not reach monitors that listen to every inbox", async () => {
    const { broker } = await testBroker();
    const endpoint = await broker.start();
    const aggregator = await client(asAggregator(endpoint));
    const manager = await jetstreamManager(aggregator.connection);
    await manager.streams.add({ name: 'TRUEBIT_INGEST', subjects: ['ingest.>'] });
    const monitor = await client(connect({ servers: endpoint.url }));
    monitor.listen('_INBOX.>');
    monitor.connection.publish('truebit.heartbeat', 'beat');
    await monitor.connection.flush();
    const consumer = await jetstream(aggregator.connection).consumers.get('TRUEBIT_INGEST');
    expect((await consumer.next())?.string()).toBe('beat');
    await monitor.connection.flush();
    expect(monitor.heard).toEqual([]);
  });

  test('broker rights - the broker refuses the user `aggregator` with a wrong password', async () => {
    const { broker } = await testBroker();
    const { url } = await broker.start();
    await expect(
      connect({ servers: url, user: 'aggregator', pass: 'wrong', reconnect: false }),
    ).rejects.toThrow(/authorization violation/i);
  });
});
