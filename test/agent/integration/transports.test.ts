// Every way to a broker: nats, tls, ws and wss, with each kind of login; and the shipped configuration.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import type { NatsOptions } from '../../../src/io/nats.ts';
import { type Authority, type Certificate, makeAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { createOperator } from '../../support/nats-jwt.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { PASSWORDS, SHIPPED, writeBroker } from '../../support/shipped-broker.ts';
import { until } from '../../support/until.ts';
import { addFacts, makeLink, type TestLink } from './link-fixture.ts';

const PASSWORD = 'any characters: @/%"# ö';
let folder = '';
let authority: Authority;
let server: Certificate;
let client: Certificate;

beforeAll(async () => {
  Object.assign(process.env, PASSWORDS);
  folder = await mkdtemp(join(tmpdir(), 'sinks-'));
  authority = makeAuthority(folder, 'authority');
  server = authority.sign('server', { server: 'IP:127.0.0.1' });
  client = authority.sign('client', 'client');
});

afterAll(async () => {
  for (const name of Object.keys(PASSWORDS)) Reflect.deleteProperty(process.env, name);
  await rm(folder, { recursive: true, force: true });
});

async function serve(configuration: string) {
  const configurationFile = join(folder, `${await freePort()}.conf`);
  writeFileSync(configurationFile, configuration);
  const broker = await startNatsServer({ configurationFile });
  onTestFinished(() => broker.stop());
  return broker;
}

function tls(isVerified: boolean): string {
  const verify = isVerified ? `, ca_file: "${authority.caFile}", verify: true` : '';
  return `tls { cert_file: "${server.certFile}", key_file: "${server.keyFile}"${verify} }`;
}

/** Starts the link, and waits until its three facts were confirmed. */
async function expectSent(test: TestLink): Promise<void> {
  addFacts(test.outbox, 3);
  await test.link.start();
  await until('the facts', () => test.outbox.waiting.size === 0);
  expect(test.link.view()).toMatchObject({ isConnected: true, reason: null, forbidden: [] });
  expect(JSON.stringify([test.lines, test.link.view()])).not.toMatch(/any characters|\bann\b/);
}

describe('transports', () => {
  it('transports - nats:// with user and password', async () => {
    const { url } = await serve(`authorization { user: ann, password: ${JSON.stringify(PASSWORD)} }`);
    await expectSent(makeLink({ url, nats: { user: 'ann', password: PASSWORD } }));
  });

  it('transports - nats:// with a credentials file; one that is missing is waited for, and its path is not told', async () => {
    const operator = createOperator();
    const user = operator.createUser('ann');
    const { url } = await serve(operator.configuration());
    const credsFile = join(folder, 'ann.creds');
    const test = makeLink({ url, nats: { credsFile } });
    await test.link.start();
    await until('the reason', () => test.link.view().reason !== null);
    expect(test.link.view().reason).toBe('a file that FEDERATION_NATS_… names cannot be read (ENOENT)');
    writeFileSync(credsFile, user.credentials);
    await expectSent(test);
  });

  it('transports - tls:// with an authority and a client certificate', async () => {
    const broker = await serve(tls(true));
    const url = `tls://127.0.0.1:${broker.port}`;
    const { caFile } = authority;
    const without = makeLink({ url, nats: { caFile } });
    await without.link.start();
    await until('the reason', () => without.link.view().reason !== null);
    expect(without.link.view().isConnected).toBe(false);
    await expectSent(makeLink({ url, nats: { caFile, ...client } }));
  });

  it.each<[string, boolean, Partial<NatsOptions>]>([
    ['ws://, a token', false, { token: PASSWORD }],
    ['wss://, a token and a client certificate', true, { token: PASSWORD }],
  ])('transports - %s', async (_what, isSecure, nats) => {
    const wsPort = await freePort();
    const listener = isSecure ? tls(true) : 'no_tls: true';
    await serve(
      `websocket { listen: "127.0.0.1:${wsPort}", ${listener} }
       authorization { token: ${JSON.stringify(PASSWORD)} }`,
    );
    const files = isSecure ? { caFile: authority.caFile, ...client } : {};
    const url = `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${wsPort}`;
    await expectSent(makeLink({ url, nats: { ...nats, ...files } }));
  });

  it('transports - of several brokers the next one that answers', async () => {
    const { url } = await serve('');
    await expectSent(makeLink({ url, nats: { servers: ['nats://127.0.0.1:1', url] } }));
  });

  it('transports - the shipped configuration takes every message of an agent without a password', async () => {
    const { file } = await writeBroker(folder, SHIPPED);
    const broker = await startNatsServer({ configurationFile: file });
    onTestFinished(() => broker.stop());
    const aggregator = await connect({
      servers: broker.url,
      user: 'aggregator',
      pass: PASSWORDS.NATS_AGGREGATOR_PASSWORD,
    });
    onTestFinished(() => aggregator.close());
    const heard: string[] = [];
    aggregator.subscribe('ingest.>', { callback: (_error, { subject }) => void heard.push(subject) });
    await aggregator.flush();
    const test = makeLink({ url: broker.url });
    await expectSent(test);
    await test.link.stop();
    await until('the last message', () => heard.includes('ingest.nodes.left'));
    expect([...new Set(heard)].toSorted()).toEqual(
      SUBJECTS.map((subject) => subject.replace('truebit', 'ingest')).toSorted(),
    );
    const again = makeLink({ url: broker.url });
    await again.link.start();
    await until('the subscription', () => again.link.view().subscriptions === 1);
    aggregator.publish(
      'truebit.stats.aggregated',
      JSON.stringify({
        version: '1.0',
        type: 'network_stats',
        timestamp: new Date().toISOString(),
        data: { activeNodes: 1, totalTasks: 2 },
      }),
    );
    await until('the statistics', () => again.rows.length === 1);
  });
});
