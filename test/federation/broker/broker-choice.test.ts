import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/federation/config/settings.ts';
import { embeddedBrokerFor, natsOptions } from '../../../src/federation/broker/broker-choice.ts';
import { foreignEndpoint, ownEndpoint } from '../../../src/io/embedded-broker/endpoint.ts';

const settingsOf = (env: Readonly<Record<string, string>>) => readSettings(env).settings;
const natsOf = (env: Readonly<Record<string, string>>) => settingsOf(env).nats;
const ANONYMOUS = {
  user: null,
  password: null,
  token: null,
  credsFile: null,
  caFile: null,
  certFile: null,
  keyFile: null,
  inboxPrefix: null,
};
const FOREIGN = foreignEndpoint({ host: 'localhost', port: 4222, name: 'theirs', version: '2.10.1' });
const OURS = ownEndpoint({
  host: '0.0.0.0',
  port: 4300,
  wsPort: 0,
  credentials: {
    serverName: 'ours',
    aggregatorPassword: 'a secret',
    monitorPassword: 'another',
    systemPassword: 'a third',
  },
  version: [2, 10, 1],
  pid: 1,
  adopted: false,
});

describe('broker choice', () => {
  it.each([
    [{}, true],
    [{ EMBEDDED_NATS: 'on' }, true],
    [{ EMBEDDED_NATS: 'off' }, false],
    [{ NATS_URL: 'nats://broker:4222' }, false],
  ])('broker choice - with %j the program starts a broker of its own: %s', (env, isOurs) => {
    const parts = {
      lockFolder: () => ({ release: () => undefined }),
      log: () => undefined,
      onDown: () => undefined,
      onUp: () => undefined,
    };
    expect(embeddedBrokerFor(settingsOf(env), '', parts) !== null).toBe(isOurs);
  });

  it('broker choice - without a named broker the choice is the broker at port 4222', () => {
    expect(natsOptions(natsOf({ EMBEDDED_NATS: 'off' }), null)).toEqual({
      ...ANONYMOUS,
      servers: ['nats://localhost:4222'],
    });
  });

  it('broker choice - NATS_URL is reached as the settings say', () => {
    const nats = natsOf({ NATS_URL: 'tls://broker:4222', NATS_TOKEN: 'a token' });
    expect(natsOptions({ ...nats, caFile: '/etc/ca.pem' }, null)).toEqual({
      ...ANONYMOUS,
      servers: ['tls://broker:4222'],
      token: 'a token',
      caFile: '/etc/ca.pem',
    });
  });

  it('broker choice - the user `aggregator` gets its replies where monitors may not listen', () => {
    const nats = natsOf({ NATS_URL: 'nats://broker:4222', NATS_PASSWORD: 'a secret' });
    expect(natsOptions(nats, null)).toMatchObject({ user: 'aggregator', inboxPrefix: '_AGG' });
  });

  it('broker choice - a broker that already runs is reached at its address, as the settings say', () => {
    expect(natsOptions(natsOf({ NATS_TOKEN: 'a token' }), FOREIGN)).toEqual({
      ...ANONYMOUS,
      servers: ['nats://localhost:4222'],
      token: 'a token',
    });
  });

  it('broker choice - the embedded broker is reached with its own credentials alone', () => {
    const settings = natsOf({});
    const named = { ...settings, user: 'else', password: 'wrong', token: 'wrong', credsFile: '/c' };
    const files = { caFile: '/ca', certFile: '/cert', keyFile: '/key' };
    expect(natsOptions({ ...named, ...files }, OURS)).toEqual({
      ...ANONYMOUS,
      servers: [OURS.url],
      user: 'aggregator',
      password: 'a secret',
      inboxPrefix: '_AGG',
    });
  });
});
