// The library's client with a real broker: what it queues, sends, confirms, keeps and refuses.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FederationClient, type FederationMessage } from '../../../src/agent/library/index.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { connectTo, launchBroker } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import {
  clientFor,
  EXECUTION,
  EXECUTION_HASH,
  NODE_ID,
  ownFolder,
  recorded,
  SALT,
} from './client-fixture.ts';

const task = (execution_id: string) => ({ execution_id, chain_id: '1', task_type: 'wasm' });
const envelope = (type: string, data: object): FederationMessage => ({
  version: '1.0',
  type,
  nodeId: NODE_ID,
  timestamp: '2026-01-15T10:30:00.000Z',
  data: { ...data },
});

describe('publish', () => {
  it('queues without a connection, sends what a monitor keeps, and flush waits for the broker', async () => {
    const port = await freePort();
    const { client, errors, events, published } = clientFor(`nats://127.0.0.1:${port}`);
    expect(await client.connect()).toBe(false);
    expect(
      await client.publishTaskReceived({ ...task(EXECUTION), received_at: '2026-01-15T10:12:00Z' }),
    ).toBe(true);
    expect(await client.publishHeartbeat({ connected: true })).toBe(false);
    expect(await client.publishNodeJoined()).toBe(true);
    expect(client.getStats()).toMatchObject({ connected: false, queued: 1, messagesSent: 0 });
    expect(await client.flush(50)).toBe(false);

    const broker = await launchBroker({ port });
    const messages = await recorded(await connectTo(broker.url));
    await until('the connection', () => client.connected);
    expect(await client.connect()).toBe(true);
    const completed = { status: 'completed', exit_code: 0, elapsed_ms: 100, gas_used: '1000000', cached: 1 };
    expect(
      await client.publishTaskCompleted({ ...task(EXECUTION), ...completed, completed_at: 1_768_471_920 }),
    ).toBe(true);
    const details = JSON.stringify({
      invoiceId: 'inv-123',
      executionId: EXECUTION,
      lineItem: [{ operation: 'charge' }],
    });
    expect(await client.publishInvoice({ timestamp: '2026-01-15T10:12:00Z', details })).toBe(true);
    expect(await client.publishHeartbeat({ connected: true, activeTasks: 2, totalTasks: 51 })).toBe(true);
    expect(await client.flush()).toBe(true);

    const byType = new Map<unknown, Record<string, unknown>>(
      published.map(({ data }) => [data.type, { ...data }]),
    );
    expect(published).toHaveLength(5);
    expect(byType.get('task_received')).toEqual({
      version: '1.0',
      type: 'task_received',
      nodeId: NODE_ID,
      timestamp: '2026-01-15T10:10:00.000Z',
      data: { chainId: '1', taskType: 'wasm', taskIdHash: EXECUTION_HASH },
    });
    expect(byType.get('task_completed')?.['data']).toEqual({
      chainId: '1',
      taskIdHash: EXECUTION_HASH,
      status: 'completed',
      success: true,
      executionTimeBucket: '100-500ms',
      gasUsedBucket: '1M-10M',
      cached: true,
    });
    expect(byType.get('invoice_created')?.['data']).toMatchObject({
      taskIdHash: EXECUTION_HASH,
      operation: 'charge',
    });
    expect(byType.get('heartbeat')?.['data']).toEqual({
      status: 'online',
      activeTasksBucket: '2-3',
      totalTasksBucket: '50-100',
    });
    expect(byType.has('node_joined')).toBe(true);
    expect(client.getStats()).toMatchObject({
      connected: true,
      queued: 0,
      messagesSent: 5,
      circuitOpen: false,
    });
    expect(client.isHealthy()).toBe(true);
    expect(client.getCredentials()).toEqual({ nodeId: NODE_ID, salt: SALT });
    expect(published.every(({ subject }) => subject.startsWith('truebit.'))).toBe(true);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['broker']));

    expect(await client.publishNodeLeft()).toBe(true);
    await client.disconnect();
    await until('the node to leave', () => messages.some(({ data }) => data['type'] === 'node_left'));
    expect(events).toEqual(['connected', 'disconnected']);
    expect([client.connected, client.isHealthy()]).toEqual([false, false]);
  });

  it('refuses what it does not understand, what is personal and what has no salt, and says so without the value', async () => {
    const broker = await launchBroker({});
    const { client, errors } = clientFor(broker.url, { salt: null });
    await client.connect();
    const address = `0x${'ab'.repeat(20)}`;
    const last = () => errors.at(-1)?.code;
    expect([await client.publishTaskReceived({}), last()]).toEqual([false, 'invalid_message']);
    expect([await client.publishTaskReceived({ execution_id: 2 ** 60 }), last()]).toEqual([
      false,
      'invalid_message',
    ]);
    expect([await client.publishInvoice({ details: '{' }), last()]).toEqual([false, 'invalid_message']);
    expect([await client.publishTaskCompleted(task(address)), last()]).toEqual([false, 'no_salt']);
    const received = envelope('task_received', { taskIdHash: EXECUTION_HASH });
    const subject = 'truebit.tasks.received';
    for (const data of [
      { ...received, data: { ...received.data, blockNumber: 5 } },
      { ...received, data: { ...received.data, chainId: null } },
      { ...received, nodeId: address },
      { ...received, nodeId: 'node-another' },
      { ...received, wallet: address },
    ]) {
      expect([await client.publish(subject, data), last()]).toEqual([false, 'refused']);
    }
    expect([await client.publish('truebit.heartbeat', received), last()]).toEqual([false, 'refused']);
    expect(await client.publish(subject, received)).toBe(true);
    expect(await client.publish('truebit.heartbeat', envelope('heartbeat', { status: 'online' }))).toBe(true);
    expect(await client.flush()).toBe(true);
    const said = errors.map(({ message }) => message).join('\n');
    for (const canary of [address, '1152921504606846', EXECUTION_HASH, 'node-another'])
      expect(said).not.toContain(canary);
    expect(client.getStats().messagesSent).toBe(2);
  });

  it('ids keep their digits, as text, as bigint, and as a number in a JSON text', async () => {
    const broker = await launchBroker({});
    const { client, published } = clientFor(broker.url);
    await client.connect();
    await client.publishTaskReceived({ execution_id: '1792917253851031498' });
    await client.publishTaskReceived({ execution_id: 1_792_917_253_851_031_498n });
    await client.publishInvoice({ details: '{"invoiceId":1,"executionId":1792917253851031498}' });
    expect(await client.flush()).toBe(true);
    const hash = '1ed252c0986b083c171320beba7338f0a70c4b8b5bf4252c3fd6e7a2707277ad';
    expect(published).toHaveLength(3);
    for (const { data } of published) expect(JSON.stringify(data)).toContain(hash);
  });

  it('a full queue takes nothing more, and says so', async () => {
    const { client, errors } = clientFor('nats://127.0.0.1:9', { queueMax: 2 });
    const queued = [];
    for (const id of ['a', 'b', 'c']) queued.push(await client.publishTaskReceived(task(id)));
    expect(queued).toEqual([true, true, false]);
    expect(errors.map(({ code }) => code)).toEqual(['queue_full']);
    expect(await client.flush()).toBe(false);
  });

  it('an error without a listener never throws, nor does a listener that throws', async () => {
    const client = new FederationClient({ servers: 'nats://127.0.0.1:9', salt: SALT });
    expect(await client.publishTaskReceived({})).toBe(false);
    expect(client.emit('error', new Error('mine') as never)).toBe(true);
    client.removeAllListeners('error');
    expect(await client.publishTaskReceived({})).toBe(false);
    expect(client.getStats().errors).toBe(2);
  });

  it('a subject that the broker forbids: its messages wait, and the others go on', async () => {
    const folder = ownFolder();
    const configurationFile = join(folder, 'broker.conf');
    writeFileSync(
      configurationFile,
      'authorization { users = [{ user: m, password: p, permissions: { publish: { deny: "truebit.invoices.created" } } }] }',
    );
    const broker = await launchBroker({ configurationFile });
    const { client, errors } = clientFor(broker.url, { user: 'm', pass: 'p' });
    expect(await client.connect()).toBe(true);
    await client.publishInvoice({ id: 'inv-123' });
    for (const id of ['a', 'b', 'c']) await client.publishTaskReceived(task(id));
    expect(await client.flush()).toBe(false);
    expect(client.getStats()).toMatchObject({ queued: 1, messagesSent: 3 });
    expect(errors.filter(({ message }) => message.includes('invoice_created'))).toHaveLength(1);
  });
});

describe('state file', () => {
  it('keeps queue and node id across a restart, and a second client may not use it meanwhile', async () => {
    const statePath = join(ownFolder(), 'monitor.db');
    const first = clientFor('nats://127.0.0.1:9', { statePath, nodeId: null });
    const { nodeId } = first.client.getCredentials();
    expect(nodeId).toMatch(/^node-[0-9a-f-]{36}$/);
    await Promise.all(['a', 'b', 'c'].map((id) => first.client.publishTaskReceived(task(id))));
    const refused = { code: 'state_unusable', message: expect.stringContaining('statePath') as string };
    expect(() => clientFor('nats://127.0.0.1:9', { statePath })).toThrow(expect.objectContaining(refused));
    await first.client.disconnect();
    // The file is opened anew when it is needed.
    expect(await first.client.publishTaskReceived(task('d'))).toBe(true);
    await first.client.disconnect();

    const broker = await launchBroker({});
    const messages = await recorded(await connectTo(broker.url));
    const second = clientFor(broker.url, { statePath, nodeId: null });
    expect(second.client.getStats()).toMatchObject({ nodeId, queued: 4 });
    await second.client.connect();
    expect(await second.client.flush()).toBe(true);
    await until('all messages', () => messages.length === 4);
    expect(messages.map(({ data }) => data['nodeId'])).toEqual([nodeId, nodeId, nodeId, nodeId]);
    await second.client.disconnect();

    const third = clientFor(broker.url, { statePath, nodeId: null });
    expect(third.client.getStats()).toMatchObject({ nodeId, queued: 0 });
  });
});

describe('connection', () => {
  it('comes back by itself, tells each step, and hears what it heard before', async () => {
    const port = await freePort();
    const broker = await launchBroker({ port });
    const { client, events } = clientFor(broker.url);
    const heard: unknown[] = [];
    await client.connect();
    await client.subscribe('truebit.heartbeat', (data) => heard.push(data));
    await broker.stop();
    await until('the loss', () => !client.connected);
    expect(await client.publishTaskReceived(task('a'))).toBe(true);
    const again = await launchBroker({ port });
    await until('the return', () => client.connected);
    expect(await client.flush()).toBe(true);
    const other = await connectTo(again.url);
    other.publish('truebit.heartbeat', '{"nodeId":"node-0002"}');
    await until('the heartbeat', () => heard.length === 1);
    expect(events.filter((name, index) => name !== events[index - 1])).toEqual([
      'connected',
      'disconnected',
      'reconnecting',
      'reconnected',
    ]);
    expect(client.getStats()).toMatchObject({ reconnections: 1, messagesReceived: 1, subscriptions: 1 });
  });

  it.each(['tls', 'wss'])(
    '%s - certificates are paths or texts, as deployed monitors give them',
    async (scheme) => {
      const folder = ownFolder();
      const authority = makeAuthority(folder, 'authority');
      const server = authority.sign('server', { server: 'IP:127.0.0.1' });
      const own = authority.sign('client', 'client');
      const configurationFile = join(folder, 'broker.conf');
      const port = await freePort();
      const tls = `tls { cert_file: "${server.certFile}", key_file: "${server.keyFile}", ca_file: "${authority.caFile}", verify: true }`;
      writeFileSync(
        configurationFile,
        scheme === 'tls' ? tls : `websocket { host: 127.0.0.1, port: ${port}, ${tls} }`,
      );
      const broker = await launchBroker({ configurationFile });
      const url = `${scheme}://127.0.0.1:${scheme === 'tls' ? broker.port : port}`;
      const files = { tlsCa: authority.caFile, tlsCert: own.certFile, tlsKey: own.keyFile };
      const texts = Object.fromEntries(
        Object.entries(files).map(([name, path]) => [name, readFileSync(path, 'utf8')]),
      );
      for (const options of [files, texts]) {
        const { client } = clientFor(url, options);
        expect(await client.connect()).toBe(true);
        await client.publishHeartbeat({});
        expect(await client.flush()).toBe(true);
        await client.disconnect();
      }
      const { client, errors } = clientFor(url, {
        tlsCa: authority.caFile,
        tlsCert: 'no such file',
        tlsKey: 'no',
      });
      expect(await client.connect()).toBe(false);
      expect(errors.map(({ message }) => message).join()).not.toContain('no such file');
    },
  );

  it.each([
    ['servers', { servers: ['http://127.0.0.1'] }],
    ['nodeId', { nodeId: `0x${'ab'.repeat(20)}` }],
    ['salt', { salt: 'secret-salt' }],
    ['apiKey', { apiKey: 'short' }],
    ['statsKey', { statsKey: '{"kty":"RSA"}' }],
    ['maxMessagesPerMinute', { maxMessagesPerMinute: 0 }],
    ['queueMax', { queueMax: 1.5 }],
  ])('the option %s is checked, and its value is not repeated', (name, options) => {
    const make = () => new FederationClient(options);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    expect(make).toThrow(new RegExp(`option ${name} must be`));
    expect(make).not.toThrow(/secret-salt|abab/);
  });
});
