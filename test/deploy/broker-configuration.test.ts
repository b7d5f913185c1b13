// The shipped broker configuration, unchanged except for ports and folder, which are the test's own.

import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { configurationText } from '../../src/io/embedded-broker/configuration.ts';
import { FEDERATION_RIGHTS } from '../../src/federation/broker/subjects.ts';
import { SUBJECTS } from '../../src/federation/domain/vocabulary.ts';
import { freePort } from '../support/free-port.ts';
import { leafOverTcp, leafOverWebSocket } from '../support/raw-leaf.ts';
import { heartbeat, tasks } from '../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../support/program.ts';
import {
  PASSWORDS,
  SHIPPED,
  SHIPPED_LEAF,
  SHIPPED_WITH_LEAVES,
  writeBroker,
  writeLeaf,
} from '../support/shipped-broker.ts';
import { until } from '../support/until.ts';

beforeAll(() => Object.assign(process.env, PASSWORDS));
afterAll(() => {
  for (const name of Object.keys(PASSWORDS)) Reflect.deleteProperty(process.env, name);
});

/** The words of the configuration from the first mapping to the user for anonymous clients, whatever their layout. */
function rightsOf(text: string): string[] {
  const uncommented = text.replace(/^\s*#.*$/gm, '');
  const section = uncommented.slice(uncommented.indexOf('mappings {'), uncommented.indexOf('websocket {'));
  return section.replace(/[",]/g, ' ').trim().split(/\s+/);
}

describe('shipped broker configuration', () => {
  it('shipped broker configuration - it gives the rights that the embedded broker gives', () => {
    const generated = configurationText(
      {
        version: [2, 15, 0],
        serverName: 'any',
        host: '0.0.0.0',
        port: 4222,
        websocket: { port: 9086, tls: null },
        pidFile: 'any',
        storeFolder: '/data',
        aggregatorPassword: '$NATS_AGGREGATOR_PASSWORD',
        monitorPassword: '$NATS_MONITOR_PASSWORD',
        systemPassword: '$NATS_SYSTEM_PASSWORD',
      },
      FEDERATION_RIGHTS,
    );
    expect(rightsOf(SHIPPED)).toEqual(rightsOf(generated));
    expect(rightsOf(generated).length).toBeGreaterThan(50);
    expect(SHIPPED_LEAF).toContain(/^mappings .*$/m.exec(generated)?.[0]);
    // Both also contain the other settings that deployed monitors need.
    for (const line of [
      'max_payload: 1048576',
      'max_connections: 65536',
      'max_subscriptions: 100\n',
      'write_deadline: "10s"',
      'authorization { timeout: 30 }',
      'sync_interval: "1s"',
    ]) {
      expect(SHIPPED).toContain(line);
      expect(generated).toContain(line);
    }
  });

  it('shipped broker configuration - monitors are counted, and hear statistics but no other monitor', async () => {
    const own = await testFolder('shipped-broker');
    const { file } = await writeBroker(own.folder, SHIPPED);
    const broker = await launchBroker({ port: await freePort(), configurationFile: file });

    const program = launch(
      at(broker.url, own, {
        NATS_USER: 'aggregator',
        NATS_AGGREGATOR_PASSWORD: PASSWORDS.NATS_AGGREGATOR_PASSWORD,
        PUBLISH_INTERVAL: '1000',
      }),
    );
    await program.ready();
    const { body } = await program.get('/readyz');
    expect(body).toMatchObject({ mode: 'jetstream', status: 'ready' });

    const heard = new Set<string>();
    const listener = await connectTo(broker.url);
    listener.subscribe('truebit.>', { callback: (_error, message) => void heard.add(message.subject) });
    await listener.flush();
    const anonymous = await connectTo(broker.url);
    const { subject, payload } = heartbeat('node-anonymous');
    anonymous.publish(subject, payload);
    const named = await connect({
      servers: broker.url,
      user: 'monitor',
      pass: PASSWORDS.NATS_MONITOR_PASSWORD,
    });
    onTestFinished(() => named.close());
    named.publish(subject, heartbeat('node-named').payload);
    await until('both nodes', async () => {
      const shown = await program.get('/api/federation/network-stats');
      return shown.body['onlineNodes'] === 2;
    });
    await until('statistics at the monitor', () => heard.has('truebit.stats.period.1h'));
    expect([...heard].filter((each) => !each.startsWith('truebit.stats.'))).toEqual([]);
  });

  it('shipped broker configuration - monitors behind the shipped leaf node are counted, and still hear no other monitor', async () => {
    const own = await testFolder('shipped-leaf');
    const { file, leafPort } = await writeBroker(own.folder, SHIPPED_WITH_LEAVES);
    const hub = await launchBroker({ port: await freePort(), configurationFile: file });
    const leafFile = writeLeaf(own.folder, leafPort);
    const leaf = await launchBroker({ port: await freePort(), configurationFile: leafFile });
    const program = launch(
      at(hub.url, own, { NATS_PASSWORD: PASSWORDS.NATS_AGGREGATOR_PASSWORD, PUBLISH_INTERVAL: '1000' }),
    );
    await program.ready();

    const heard = new Set<string>();
    const neighbour = await connectTo(leaf.url);
    const elsewhere = await connectTo(hub.url);
    for (const listener of [neighbour, elsewhere]) {
      for (const subject of ['>', 'truebit.>', 'ingest.>', ...SUBJECTS])
        listener.subscribe(subject, {
          callback: (error, message) => void (error ?? heard.add(message.subject)),
        });
      await listener.flush();
    }
    const monitor = await connectTo(leaf.url);
    const { subject, payload } = heartbeat('node-behind-a-leaf');
    // Messages published before the leaf knows of a subscriber reach no one.
    await until('the node', async () => {
      monitor.publish(subject, payload);
      return (await program.get('/api/federation/network-stats')).body['onlineNodes'] === 1;
    });
    for (const each of tasks(0, 50)) monitor.publish(each.subject, each.payload);
    await monitor.flush();
    await until('the tasks', async () => {
      return (await program.get('/api/federation/network-stats')).body['totalTasks'] === 50;
    });
    // The stream brings each message once.
    expect((await program.get('/readyz')).body).toMatchObject({ mode: 'jetstream' });
    expect(await program.metric('aggregator_messages_total', 'truebit.tasks.received')).toBe(50);
    await until('statistics at the leaf', () => heard.has('truebit.stats.period.1h'));
    await Promise.all([neighbour.flush(), elsewhere.flush()]);
    expect([...heard].filter((each) => !each.startsWith('truebit.stats.'))).toEqual([]);
    // As docs/operations.md says.
    await expect(monitor.request('truebit.federation.join', '', { timeout: 30_000 })).rejects.toThrow(
      'no responders',
    );
  });

  it('shipped broker configuration - leaf nodes are off until they are switched on', async () => {
    const own = await testFolder('shipped-no-leaves');
    const { file, leafPort, wsPort } = await writeBroker(own.folder, SHIPPED);
    await launchBroker({ port: await freePort(), configurationFile: file });
    await expect(leafOverTcp(leafPort)).rejects.toThrow('ECONNREFUSED');
    const leaf = await leafOverWebSocket(wsPort);
    await until('the broker to hang up', () => leaf.isClosed());
    expect(leaf.said()).toBe('');
    // One command switches them on, and leaves no other change in the file.
    expect(SHIPPED_WITH_LEAVES).not.toMatch(/^#leaf/m);
    expect(SHIPPED.match(/^#leaf/gm)?.length).toBeGreaterThan(20);
  });

  it('shipped broker configuration - from a broker without JetStream that maps the inputs, the program reads the mapped names', async () => {
    const own = await testFolder('shipped-broker-core');
    const withoutJetStream = SHIPPED.replace(/jetstream \{[^}]*\}/, '').replace('jetstream: enabled', '');
    const { file } = await writeBroker(own.folder, withoutJetStream);
    const broker = await launchBroker({ port: await freePort(), configurationFile: file });
    const program = launch(at(broker.url, own, { NATS_PASSWORD: PASSWORDS.NATS_AGGREGATOR_PASSWORD }));
    await program.ready();
    expect((await program.get('/readyz')).body).toMatchObject({ mode: 'core' });
    const monitor = await connectTo(broker.url);
    const { subject, payload } = heartbeat('node-plain');
    monitor.publish(subject, payload);
    await until(
      'the heartbeat',
      async () => (await program.metric('aggregator_messages_total', 'applied')) === 1,
    );
  });
});
