import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import { FEDERATION_RIGHTS } from '../../../src/federation/broker/subjects.ts';
import {
  type ConfigurationValues,
  configurationText,
  quoted,
} from '../../../src/io/embedded-broker/configuration.ts';
import { installConfiguration } from '../../../src/io/embedded-broker/configuration-file.ts';
import { readVersion, type Version } from '../../../src/io/embedded-broker/version.ts';
import { binary, temporaryFolder, testBroker } from '../../io/broker-fixtures.ts';

const textFor = (values: ConfigurationValues) => configurationText(values, FEDERATION_RIGHTS);

function valuesFor(version: Version, changes: Partial<ConfigurationValues> = {}): ConfigurationValues {
  return {
    version,
    serverName: 'truebit-aggregator-0123abcd',
    host: '127.0.0.1',
    port: 4222,
    websocket: { port: 9086, tls: null },
    pidFile: '/data/broker/nats-server.pid',
    storeFolder: '/data/broker/jetstream',
    aggregatorPassword: 'a-secret',
    monitorPassword: 'm-secret',
    systemPassword: 's-secret',
    ...changes,
  };
}

const tls = { cert: '/tls/cert.pem', key: '/tls/key.pem' };

describe('broker configuration', () => {
  test.each([
    { version: [2, 9, 10], syncs: false, minVersion: false },
    { version: [2, 10, 0], syncs: true, minVersion: false },
    { version: [2, 10, 20], syncs: true, minVersion: false },
    { version: [2, 10, 21], syncs: true, minVersion: true },
    { version: [2, 12, 0], syncs: true, minVersion: true },
    { version: [3, 0, 0], syncs: true, minVersion: true },
  ] as const)('broker configuration - $version gets what it knows', ({ version, syncs, minVersion }) => {
    const text = textFor(valuesFor(version, { websocket: { port: 9086, tls } }));
    expect(text.includes('sync_interval: "1s"')).toBe(syncs);
    expect(text.includes('min_version: "1.2"')).toBe(minVersion);
  });

  test('broker configuration - it contains everything that deployed monitors need', () => {
    const text = textFor(valuesFor([2, 9, 10]));
    for (const part of [
      'max_payload: 1048576',
      'authorization { timeout: 30 }',
      'write_deadline: "10s"',
      'max_connections: 65536',
      'no_auth_user: "monitor"',
      'system_account: "SYSTEM"',
      'no_tls: true',
      '"truebit.nodes.left": "ingest.nodes.left"',
      'deny: ["truebit.federation.>"]',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('broker configuration - port 0 means no WebSocket listener', () => {
    expect(textFor(valuesFor([2, 9, 10], { websocket: null }))).not.toContain('websocket');
  });

  test('broker configuration - TLS replaces the plain WebSocket', () => {
    const text = textFor(valuesFor([2, 9, 10], { websocket: { port: 9086, tls } }));
    expect(text).toContain('tls { cert_file: "/tls/cert.pem", key_file: "/tls/key.pem" }');
    expect(text).not.toContain('no_tls');
  });

  test.each([
    ['plain', '"plain"'],
    ['say "no"', '"say \\"no\\""'],
    ['back\\slash', '"back\\\\slash"'],
    ['line\nbreak', '"line\\x0abreak"'],
    ['$HOME #{}', '"$HOME #{}"'],
  ])('broker configuration - the value %j is quoted', (value, expected) => {
    expect(quoted(value)).toBe(expected);
  });

  test('broker configuration - the installed nats-server accepts the written text', async () => {
    const file = join(temporaryFolder(), 'nats-server.conf');
    const password = 'a "quoted" \\ \'word\' $HOME #{x} é\t';
    writeFileSync(file, textFor(valuesFor(await readVersion(binary), { monitorPassword: password })));
    expect(() => execFileSync(binary, ['-t', '-c', file], { stdio: 'pipe' })).not.toThrow();
  });

  test('broker configuration - a text that nats-server refuses is reported and not put in place', async () => {
    const file = join(temporaryFolder(), 'nats-server.conf');
    await expect(installConfiguration(binary, file, 'max_payload: many\n')).rejects.toMatchObject({
      code: 'broker_start_failed',
    });
    expect(existsSync(file)).toBe(false);
  });

  test('broker configuration - a monitor password with every awkward character logs in', async () => {
    const monitorPassword = 'a "quoted" \\ \'word\' $HOME #{x} é\t';
    const { broker } = await testBroker({ monitorPassword });
    const { url } = await broker.start();
    const connection = await connect({
      servers: url,
      user: 'monitor',
      pass: monitorPassword,
      reconnect: false,
    });
    await connection.close();
    const wrong = connect({ servers: url, user: 'monitor', pass: 'wrong', reconnect: false });
    await expect(wrong).rejects.toThrow(/authorization violation/i);
  });
});
