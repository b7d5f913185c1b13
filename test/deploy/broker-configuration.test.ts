// The shipped broker configuration, run as it stands but for ports and folder, which are the test's own.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { configurationText } from '../../src/io/embedded-broker/configuration.ts';
import { freePort } from '../support/free-port.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { heartbeat } from '../support/messages.ts';
import { at, connectTo, launch, testFolder } from '../support/program.ts';
import { until } from '../support/until.ts';

const SHIPPED = readFileSync(new URL('../../deploy/nats/nats.conf', import.meta.url), 'utf8');
const SHIPPED_LEAF = readFileSync(new URL('../../deploy/nats/leaf.conf', import.meta.url), 'utf8');
const PASSWORDS = {
  NATS_AGGREGATOR_PASSWORD: 'aggregatorSecret',
  NATS_MONITOR_PASSWORD: 'monitorSecret',
  NATS_SYSTEM_PASSWORD: 'systemSecret',
};

beforeAll(() => Object.assign(process.env, PASSWORDS));
afterAll(() => {
  for (const name of Object.keys(PASSWORDS)) Reflect.deleteProperty(process.env, name);
});

/** The words of the configuration from the first mapping to the user of the anonymous, whatever their layout. */
function rightsOf(text: string): string[] {
  const uncommented = text.replace(/^\s*#.*$/gm, '');
  const section = uncommented.slice(uncommented.indexOf('mappings {'), uncommented.indexOf('websocket {'));
  return section.replace(/[",]/g, ' ').trim().split(/\s+/);
}

describe('shipped broker configuration', () => {
  it('shipped broker configuration - gives the rights that the embedded broker gives', () => {
    const generated = configurationText({
      version: [2, 14, 5],
      serverName: 'any',
      host: '0.0.0.0',
      port: 4222,
      websocket: { port: 9086, tls: null },
      pidFile: 'any',
      storeFolder: '/data',
      aggregatorPassword: '$NATS_AGGREGATOR_PASSWORD',
      monitorPassword: '$NATS_MONITOR_PASSWORD',
      systemPassword: '$NATS_SYSTEM_PASSWORD',
    });
    expect(rightsOf(SHIPPED)).toEqual(rightsOf(generated));
    expect(rightsOf(generated).length).toBeGreaterThan(50);
    expect(SHIPPED_LEAF).toContain(/^mappings .*$/m.exec(generated)?.[0]);
    // What else the specification fixes stands in both.
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

  it('shipped broker configuration - monitors are counted, hear statistics and no other monitor', async () => {
    const own = await testFolder('shipped-broker');
    const file = join(own.folder, 'nats.conf');
    const port = await freePort();
    const text = SHIPPED.replace('"/data"', JSON.stringify(join(own.folder, 'jetstream')))
      .replace('port: 9086', `port: ${await freePort()}`)
      .replace('127.0.0.1:8222', `127.0.0.1:${await freePort()}`)
      // The nats-server of Debian 12 is older than this setting.
      .replace(/^ *sync_interval.*$/m, '');
    writeFileSync(file, text);
    const broker = await startNatsServer({ port, configurationFile: file });
    onTestFinished(() => broker.stop());

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

  it('shipped broker configuration - monitors behind the shipped leaf node: counted, and still hear no other monitor', async () => {
    const own = await testFolder('shipped-leaf');
    const leafPort = await freePort();
    const [hubFile, leafFile] = [join(own.folder, 'nats.conf'), join(own.folder, 'leaf.conf')];
    const hubText = SHIPPED.replace('"/data"', JSON.stringify(join(own.folder, 'jetstream')))
      .replace('port: 9086', `port: ${await freePort()}`)
      .replace('127.0.0.1:8222', `127.0.0.1:${await freePort()}`)
      .replace(/^ *sync_interval.*$/m, '');
    writeFileSync(
      hubFile,
      hubText.replace('# leafnodes { host: "0.0.0.0", port: 7422 }', `leafnodes { port: ${leafPort} }`),
    );
    const address = `monitor:${PASSWORDS.NATS_MONITOR_PASSWORD}@127.0.0.1:${leafPort}`;
    writeFileSync(leafFile, SHIPPED_LEAF.replace('monitor:PASSWORD@broker.example:7422', address));
    const hub = await startNatsServer({ port: await freePort(), configurationFile: hubFile });
    onTestFinished(() => hub.stop());
    const leaf = await startNatsServer({ port: await freePort(), configurationFile: leafFile });
    onTestFinished(() => leaf.stop());
    const program = launch(
      at(hub.url, own, { NATS_PASSWORD: PASSWORDS.NATS_AGGREGATOR_PASSWORD, PUBLISH_INTERVAL: '1000' }),
    );
    await program.ready();

    const heard = new Set<string>();
    const listener = await connectTo(leaf.url);
    listener.subscribe('>', { callback: () => undefined });
    listener.subscribe('truebit.>', { callback: (_error, message) => void heard.add(message.subject) });
    await listener.flush();
    const monitor = await connectTo(leaf.url);
    const { subject, payload } = heartbeat('node-behind-a-leaf');
    // What is published before the leaf knows that somebody listens is nobody's.
    await until('the node', async () => {
      monitor.publish(subject, payload);
      return (await program.get('/api/federation/network-stats')).body['onlineNodes'] === 1;
    });
    await until('statistics at the leaf', () => heard.has('truebit.stats.period.1h'));
    expect([...heard].filter((each) => !each.startsWith('truebit.stats.'))).toEqual([]);
    // As docs/operations.md says.
    await expect(monitor.request('truebit.federation.join', '', { timeout: 30_000 })).rejects.toThrow(
      'no responders',
    );
    // The leaf's operator has a monitor's rights at the broker.
    monitor.publish('truebit.stats.aggregated', 'forged');
    await expect(monitor.request('$JS.API.STREAM.NAMES', '', { timeout: 1000 })).rejects.toThrow();
  });

  it('shipped broker configuration - a broker without JetStream that maps the inputs is read under the mapped names', async () => {
    const own = await testFolder('shipped-broker-core');
    const file = join(own.folder, 'nats.conf');
    writeFileSync(
      file,
      SHIPPED.replace(/jetstream \{[^}]*\}/, '')
        .replace('jetstream: enabled', '')
        .replace('port: 9086', `port: ${await freePort()}`)
        .replace('127.0.0.1:8222', `127.0.0.1:${await freePort()}`),
    );
    const broker = await startNatsServer({ port: await freePort(), configurationFile: file });
    onTestFinished(() => broker.stop());
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
