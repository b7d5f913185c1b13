// The settings of the agent: defaults, every mistake with its name, and nothing secret in a sentence.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAnythingSet, readSettings, SETTINGS } from '../../../src/agent/config/settings.ts';

const machine = { isTerminal: false, canRead: (path: string) => path === '/readable' };
const read = (env: Readonly<Record<string, string>>) => readSettings(env, machine);
const fault = (env: Readonly<Record<string, string>>): string => {
  try {
    read(env);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'none';
};
const X = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
const WALLET = `0x${'a1'.repeat(20)}`;

describe('settings of the agent', () => {
  it('settings of the agent - without a setting everything has its default', () => {
    const { settings, warnings } = read({});
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      nats: {
        servers: ['nats://127.0.0.1:4222'],
        user: null,
        password: null,
        token: null,
        inboxPrefix: null,
      },
      isBrokerNamed: false,
      salt: null,
      apiKey: null,
      statsKey: null,
      continent: null,
      location: null,
      sources: {
        events: ['/app/build/datadb/*-eventDB.json'],
        logs: ['/app/logs/@truebit/worker-runner-node-*/debug'],
        logTimeZone: 'UTC',
        history: 'all',
        pollIntervalMs: 1_000,
        rescanIntervalMs: 3_600_000,
        outcomeWaitMs: 10_000,
      },
      ratePerMinute: null,
      queueMax: 10_000,
      http: {
        host: '127.0.0.1',
        port: 8090,
        allowedOrigins: [],
        webSocketsMax: 100,
        webSocketsPerAddressMax: 5,
      },
    });
    expect(settings.databasePath).toMatch(/data\/agent\.db$/);
  });

  it('settings of the agent - an empty value of AGENT_EVENTS or AGENT_LOGS means none', () => {
    expect(read({ AGENT_EVENTS: '' }).settings.sources).toMatchObject({
      events: [],
      logs: ['/app/logs/@truebit/worker-runner-node-*/debug'],
    });
    expect(read({ AGENT_LOGS: ' ' }).settings.sources.logs).toEqual([]);
    expect(fault({ AGENT_EVENTS: '', AGENT_LOGS: '' })).toMatch(/both empty: allowed is at most one/);
  });

  it.each([
    ['AGENT_EVENTS', (number: number) => `/node/${number}-eventDB.json`],
    ['AGENT_LOGS', (number: number) => `/node/${number}/debug`],
    ['ALLOWED_ORIGINS', (number: number) => `https://m${number}.example`],
  ])('settings of the agent - %s has at most 32 values', (name, valueOf) => {
    const values = (count: number) => Array.from({ length: count }, (_, number) => valueOf(number)).join(',');
    expect(fault({ [name]: values(32) })).toBe('none');
    expect(fault({ [name]: values(33) })).toMatch(/allowed is 1 to 32/);
  });

  it('settings of the agent - several patterns are read', () => {
    const { events } = read({ AGENT_EVENTS: '/a/*-eventDB.json, /b/x.json' }).settings.sources;
    expect(events).toEqual(['/a/*-eventDB.json', '/b/x.json']);
  });

  it('settings of the agent - a user without password is nobody, and a warning says so', () => {
    const { settings, warnings } = read({ FEDERATION_NATS_USER: 'node' });
    expect(settings.nats.user).toBeNull();
    expect(warnings).toEqual([
      'FEDERATION_NATS_USER: without FEDERATION_NATS_PASSWORD the agent logs in as nobody',
    ]);
    const both = read({ FEDERATION_NATS_USER: 'node', FEDERATION_NATS_PASSWORD: 'p:@/ %$#' }).settings.nats;
    expect(both).toMatchObject({ user: 'node', password: 'p:@/ %$#' });
  });

  it('settings of the agent - a login in the address counts', () => {
    expect(read({ FEDERATION_NATS_URL: 'ws://node:pw@broker:9086' }).settings.nats).toMatchObject({
      servers: ['ws://broker:9086'],
      user: 'node',
      password: 'pw',
    });
  });

  it('settings of the agent - the key of the statistics is a JWK or its x', () => {
    const kid = read({ FEDERATION_STATS_KEY: X }).settings.statsKey?.kid;
    expect(kid).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const jwk = JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: X });
    expect(read({ FEDERATION_STATS_KEY: jwk }).settings.statsKey?.kid).toBe(kid);
  });

  it.each([
    [
      { AGENT_POLL_INTERVAL: '199' },
      /AGENT_POLL_INTERVAL "199": allowed is a duration such as 30s or 5m, or a whole number of milliseconds, from 200 to 86400000 \(1d\)/,
    ],
    [{ AGENT_LOG_TZ: 'Mars/Phobos' }, /AGENT_LOG_TZ "Mars\/Phobos": allowed is an IANA time zone/],
    [{ AGENT_LOG_TZ: '+02:00' }, /AGENT_LOG_TZ "\+02:00": allowed is an IANA time zone/],
    [{ NODE_LOCATION: '91,0' }, /NODE_LOCATION "91,0": allowed is `latitude,longitude`/],
    [{ NODE_LOCATION: 'Berlin' }, /NODE_LOCATION "Berlin": allowed is/],
    [{ NODE_CONTINENT: 'Europe' }, /NODE_CONTINENT "Europe": allowed is/],
    [{ FEDERATION_API_KEY: 'geheim' }, /FEDERATION_API_KEY \(not shown\): allowed is 43 letters/],
    [
      { FEDERATION_STATS_KEY: '{"kty":"EC"}' },
      /FEDERATION_STATS_KEY "\{\\"kty\\":\\"EC\\"\}": allowed is an Ed25519/,
    ],
    [{ FEDERATION_NATS_PASSWORD: 'geheim' }, /\(not shown\): FEDERATION_NATS_USER is missing/],
    [
      { FEDERATION_NATS_TOKEN: 'geheim', FEDERATION_NATS_CREDS: '/readable' },
      /\(not shown\): allowed is one way/,
    ],
    [{ FEDERATION_NATS_URL: 'nats://a:geheim@b', FEDERATION_NATS_TOKEN: 'geheim' }, /holds a login/],
    [{ FEDERATION_NATS_CERT: '/readable' }, /FEDERATION_NATS_CERT is set without FEDERATION_NATS_KEY/],
    [{ FEDERATION_NATS_CA: '/none' }, /FEDERATION_NATS_CA "\/none": allowed is a file that exists/],
    [{ ALLOWED_ORIGINS: 'monitor.example' }, /ALLOWED_ORIGINS "monitor.example": allowed is/],
    [{ AGENT_LOGS: `/logs/node-${WALLET}/debug,` }, /AGENT_LOGS \(not shown\): allowed is/],
    [{ FEDERATION_SALT: 'geheim' }, /FEDERATION_SALT \(not shown\): allowed is 64 hex digits/],
  ])('settings of the agent - %o is a mistake that is explained', (env, sentence) => {
    const said = fault(env);
    expect(said).toMatch(sentence);
    expect(said).not.toContain('geheim');
    expect(said).not.toContain(WALLET);
  });

  it('settings of the agent - names of deployed monitors get one line each', () => {
    const { warnings } = read({ CONTAINER_NAME: 'x', DOCKER_SOCKET_PATH: 'y', TASK_DATA_PASSWORD: 'z' });
    const why =
      'of another monitor, and without meaning for the agent: it reads files, and keeps no raw data';
    expect(warnings).toEqual(
      ['CONTAINER_NAME', 'DOCKER_SOCKET_PATH', 'TASK_DATA_PASSWORD'].map((name) => `${name}: ${why}`),
    );
  });

  it.each([
    [{}, false],
    [{ DB_PATH: 'x.db', PORT: '1' }, false],
    // An empty value of these two is a value.
    [{ AGENT_EVENTS: '' }, true],
    [{ AGENT_RATE: '' }, false],
    [{ AGENT_EVENTS: '/x' }, true],
    [{ FEDERATION_NATS_URL: 'nats://x' }, true],
  ])('settings of the agent - %o decides about the demonstration: %s', (env, isSet) => {
    expect(isAnythingSet(env)).toBe(isSet);
  });

  it('settings of the agent - every setting that holds a secret is one', () => {
    const named = SETTINGS.filter(({ name }) => /PASSWORD|TOKEN|CREDS|NATS_KEY|SALT|API_KEY/.test(name));
    expect(named.filter(({ secret }) => !secret)).toEqual([]);
  });

  it('settings of the agent - stand in docs/agent.md as they are, in their order', () => {
    const page = readFileSync(new URL('../../../docs/agent.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('\n## Settings\n');
    const rows = [
      ...section.slice(0, section.indexOf('\n## ')).matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$/gm),
    ];
    const plain = (text = '') => text.replaceAll('`', '');
    expect(rows.map(([, name, unset, meaning]) => [name, plain(unset), meaning])).toEqual(
      SETTINGS.map((row) => [row.name, plain(row.default), row.meaning]),
    );
  });
});
