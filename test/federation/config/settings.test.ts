import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SETTINGS, readSettings, type Settings } from '../../../src/federation/config/settings.ts';
import { CodedError } from '../../../src/lib/errors.ts';

const machine = { isTerminal: false, processors: 8, hostName: 'box.example', canRead: () => true };
const SALT = 'Ab'.repeat(32);

function read(env: Record<string, string>): Settings {
  return readSettings(env, machine).settings;
}

function mistakes(env: Record<string, string>, canRead = true): readonly string[] {
  try {
    readSettings(env, { ...machine, canRead: () => canRead });
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe('settings - defaults', () => {
  it('are the defaults in README.md', () => {
    expect(read({})).toEqual({
      nats: {
        urls: null,
        user: null,
        password: null,
        token: null,
        credsFile: null,
        caFile: null,
        certFile: null,
        keyFile: null,
      },
      embedded: {
        mode: 'auto',
        host: '127.0.0.1',
        port: 4222,
        wsPort: 9086,
        dir: 'data/aggregator-nats',
        tlsCertFile: null,
        tlsKeyFile: null,
        monitorPassword: null,
        binary: null,
      },
      aggregatorId: null,
      databasePath: 'data/aggregator.db',
      publish: { intervalMs: 30_000, enabled: true },
      retentionDays: 30,
      lifecycle: { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 },
      ingest: { mode: 'auto', streamMaxAgeMs: 259_200_000, streamMaxBytes: 2_147_483_648 },
      cluster: null,
      http: { host: '127.0.0.1', port: 8080, embedOrigins: [] },
      limits: {
        ratePerMinute: 60,
        rateBurst: 120,
        globalPerSecond: 0,
        newNodesPerMinute: 6_000,
        maxNodes: 200_000,
      },
      authMode: 'open',
      apiAuth: 'open',
      federationSalt: null,
      notifyFile: null,
      privacyMinCell: 3,
      workers: 4,
      log: { level: 'info', format: 'json' },
    });
  });

  it('replace empty and blank values', () => {
    const blank = Object.fromEntries(SETTINGS.map(({ name }, index) => [name, index % 2 === 0 ? '' : ' \t']));
    expect(read(blank)).toEqual(read({}));
  });

  it('can be copied to a thread', () => {
    const settings = read({ NATS_URL: 'nats://u:p@a:4222', FEDERATION_SALT: SALT });
    expect(structuredClone(settings)).toEqual(settings);
  });

  it('choose a text log on a terminal, unless the format is set', () => {
    const terminal = { ...machine, isTerminal: true };
    expect(readSettings({}, terminal).settings.log.format).toBe('text');
    expect(readSettings({ LOG_FORMAT: 'json' }, terminal).settings.log.format).toBe('json');
  });

  it.each([
    [1, 1],
    [2, 1],
    [6, 3],
    [64, 4],
  ])('choose for %i processors %i workers', (processors, workers) => {
    expect(readSettings({}, { ...machine, processors }).settings.workers).toBe(workers);
  });

  it('are valid on this machine', () => {
    expect(readSettings({}).settings.workers).toBeGreaterThanOrEqual(1);
  });
});

describe('settings - reading', () => {
  it('trims values and takes words in any case', () => {
    const settings = read({ HTTP_PORT: ' 0 ', EMBEDDED_NATS: 'OFF', PUBLISH: 'Off', LOG_LEVEL: 'DEBUG' });
    expect(settings.http.port).toBe(0);
    expect(settings.embedded.mode).toBe('off');
    expect(settings.publish.enabled).toBe(false);
    expect(settings.log.level).toBe('debug');
  });

  it('keeps the folder of the broker beside each database', () => {
    expect(read({ DB_PATH: '/data/two.db' }).embedded.dir).toBe('/data/two-nats');
    expect(read({ DB_PATH: 'plain' }).embedded.dir).toBe('plain-nats');
    expect(read({ DB_PATH: '/data/two.db', EMBEDDED_NATS_DIR: '/x' }).embedded.dir).toBe('/x');
  });

  it('takes the password under either name, for the user aggregator', () => {
    expect(read({ NATS_PASSWORD: 'a' }).nats).toMatchObject({ user: 'aggregator', password: 'a' });
    expect(read({ NATS_AGGREGATOR_PASSWORD: 'b' }).nats).toMatchObject({ user: 'aggregator', password: 'b' });
    expect(read({ NATS_AGGREGATOR_PASSWORD: 'b', NATS_USER: 'me' }).nats.user).toBe('me');
  });

  it('keeps the salt in lower case', () => {
    expect(read({ FEDERATION_SALT: SALT }).federationSalt).toBe(SALT.toLowerCase());
  });

  it.each([
    ['nats://a', ['nats://a'], null, null, null],
    ['nats://a:4222, tls://b.example:4443', ['nats://a:4222', 'tls://b.example:4443'], null, null, null],
    ['wss://a/path/b', ['wss://a/path/b'], null, null, null],
    ['ws://[::1]:9086/', ['ws://[::1]:9086'], null, null, null],
    ['nats://me:p%40ss@a:1', ['nats://a:1'], 'me', 'p@ss', null],
    ['nats://tok@a:1,nats://tok@b:1', ['nats://a:1', 'nats://b:1'], null, null, 'tok'],
  ])('reads the address %s', (text, urls, user, password, token) => {
    expect(read({ NATS_URL: text }).nats).toMatchObject({ urls, user, password, token });
  });

  it('takes IPv6 addresses to listen on', () => {
    expect(read({ HTTP_HOST: '::' }).http.host).toBe('::');
  });

  it('turns every limit off with 0', () => {
    const names = [
      'RATE_LIMIT_PER_MINUTE',
      'RATE_LIMIT_BURST',
      'RATE_LIMIT_GLOBAL_PER_SECOND',
      'NEW_NODES_PER_MINUTE',
    ];
    const env = Object.fromEntries([...names, 'MAX_NODES'].map((name) => [name, '0']));
    expect(Object.values(read(env).limits)).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('settings - mistakes', () => {
  it.each([
    ['EMBEDDED_NATS', 'yes'],
    ['EMBEDDED_NATS_HOST', 'http://a'],
    ['EMBEDDED_NATS_PORT', '0'],
    ['EMBEDDED_NATS_PORT', '65536'],
    ['EMBEDDED_NATS_WS_PORT', '-1'],
    ['AGGREGATOR_ID', 'a b'],
    ['DB_PATH', ':memory:'],
    ['DB_PATH', 'folder/'],
    ['DB_PATH', '/data/..'],
    ['DB_PATH', 'file:a.db'],
    ['PUBLISH_INTERVAL', '30x'],
    ['PUBLISH_INTERVAL', '99'],
    ['PUBLISH_INTERVAL', '1e3'],
    ['PUBLISH_INTERVAL', '1000.0'],
    ['PUBLISH_INTERVAL', '01000'],
    ['PUBLISH', 'true'],
    ['RETENTION_DAYS', '7'],
    ['RETENTION_DAYS', '-1'],
    ['STALE_AFTER', '0'],
    ['INGEST_MODE', 'plain'],
    ['STREAM_MAX_AGE', '0'],
    ['STREAM_MAX_BYTES', '9007199254740992'],
    ['HTTP_HOST', 'a:80'],
    ['HTTP_HOST', '[::1]'],
    ['HTTP_PORT', '65536'],
    ['RATE_LIMIT_PER_MINUTE', '-1'],
    ['MAX_NODES', '+5'],
    ['AUTH_MODE', 'closed'],
    ['API_AUTH', 'on'],
    ['PRIVACY_MIN_CELL', '0'],
    ['WORKERS', '0'],
    ['WORKERS', '0x4'],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_FORMAT', 'pretty'],
  ])('%s=%s is named with its value and the allowed values', (name, value) => {
    const [line, ...others] = mistakes({ [name]: value });
    expect(others).toEqual([]);
    expect(line).toBe(
      `${name} ${JSON.stringify(value)}: allowed is ${SETTINGS.find((row) => row.name === name)?.allowed}`,
    );
  });

  it('are all listed in one error', () => {
    expect(
      mistakes({ HTTP_PORT: 'x', WORKERS: 'y', NATS_URL: 'nats://a', EMBEDDED_NATS: 'on' }),
    ).toHaveLength(3);
    expect(() => read({ HTTP_PORT: 'x', WORKERS: 'y' })).toThrow(/^2 settings are wrong:\n/);
    expect(() => read({ HTTP_PORT: 'x' })).toThrow(/^1 setting is wrong:\n/);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['stale after offline', { STALE_AFTER: '300000' }, /^OFFLINE_AFTER 300000: .*STALE_AFTER 300000$/],
    ['offline after forget', { FORGET_AFTER: '300000' }, /^FORGET_AFTER 300000: .*OFFLINE_AFTER 300000$/],
    [
      'stream age at the retention',
      { STREAM_MAX_AGE: '691200000', RETENTION_DAYS: '8' },
      /^STREAM_MAX_AGE 691200000/,
    ],
    ['burst 0 with a rate', { RATE_LIMIT_BURST: '0' }, /^RATE_LIMIT_BURST 0/],
    [
      'an address and the embedded broker',
      { NATS_URL: 'nats://a', EMBEDDED_NATS: 'on' },
      /^EMBEDDED_NATS "on"/,
    ],
    ['both broker ports equal', { EMBEDDED_NATS_WS_PORT: '4222' }, /^EMBEDDED_NATS_WS_PORT 4222/],
    ['HTTP on a broker port', { EMBEDDED_NATS: 'on', HTTP_PORT: '9086' }, /^HTTP_PORT 9086/],
    ['two passwords', { NATS_PASSWORD: 'a', NATS_AGGREGATOR_PASSWORD: 'b' }, /^NATS_PASSWORD and NATS_AGGR/],
    ['token and password', { NATS_PASSWORD: 'a', NATS_TOKEN: 'b' }, /^NATS_PASSWORD, NATS_TOKEN, NATS_CREDS/],
    ['credentials twice', { NATS_URL: 'nats://a:b@c', NATS_PASSWORD: 'b' }, /^NATS_URL \(not shown\)/],
    ['certificate without key', { NATS_CERT: 'c.pem' }, /^NATS_KEY unset/],
    ['key without certificate', { EMBEDDED_NATS_TLS_KEY: 'k.pem' }, /^EMBEDDED_NATS_TLS_CERT unset/],
  ])('are found between settings: %s', (_name, env, expected) => {
    const found = mistakes(env);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it.each<[string, Record<string, string>]>([
    ['a stream older than for ever', { RETENTION_DAYS: '0', STREAM_MAX_AGE: '31536000000' }],
    ['the shortest retention', { RETENTION_DAYS: '8' }],
    ['burst and rate off', { RATE_LIMIT_BURST: '0', RATE_LIMIT_PER_MINUTE: '0' }],
    ['equal passwords', { NATS_PASSWORD: 'a', NATS_AGGREGATOR_PASSWORD: 'a' }],
    ['an address with auto', { NATS_URL: 'nats://a', EMBEDDED_NATS: 'auto' }],
    ['certificate and key', { NATS_CERT: 'c', NATS_KEY: 'k' }],
    ['no WebSocket', { EMBEDDED_NATS_WS_PORT: '0' }],
  ])('are not seen in %s', (_name, env) => {
    expect(mistakes(env)).toEqual([]);
  });

  it('name files that cannot be read', () => {
    expect(mistakes({ NATS_CA: '/no/ca.pem' }, false)).toEqual([
      'NATS_CA "/no/ca.pem": allowed is the path of a file that this user may read',
    ]);
    expect(() => readSettings({ NATS_CA: '/no/such/ca.pem' })).toThrow(/NATS_CA/);
  });

  it('between settings are not reported against a default that replaces a wrong value', () => {
    expect(mistakes({ STALE_AFTER: 'x', OFFLINE_AFTER: '1000' })).toEqual([
      expect.stringMatching(/^STALE_AFTER/),
    ]);
  });

  it('never show a secret', () => {
    const marker = 'hunter2';
    const env: Record<string, string> = {};
    for (const row of SETTINGS) if (row.secret) env[row.name] = `${marker}${row.name}`;
    env['NATS_URL'] = `nats://me:${marker}@a:x,nats://${marker}@b`;
    env['NATS_CA'] = `-----BEGIN CERTIFICATE-----${marker}`;
    const found = mistakes(env, false);
    expect(found.length).toBeGreaterThan(4);
    expect(found.join('\n')).not.toContain(marker);
    expect(mistakes({ ...env, NATS_URL: `nats://me:${marker}@a` }, false).join('\n')).not.toContain(marker);
  });

  it('are quoted, so that a value cannot forge a line, and cut', () => {
    expect(mistakes({ HTTP_PORT: 'a\nHTTP_HOST "b"' })[0]).toContain('"a\\nHTTP_HOST \\"b\\""');
    expect(mistakes({ HTTP_PORT: 'x'.repeat(10_000) })[0]?.length).toBeLessThan(300);
  });
});

describe('settings - warnings', () => {
  it('are absent if no name of the earlier aggregator is set', () => {
    expect(readSettings({ CLEANUP_INTERVAL: ' ' }, machine).warnings).toEqual([]);
  });

  it('are one for all names of the earlier aggregator that are set', () => {
    const { warnings } = readSettings({ RATE_LIMIT_PER_NODE: '5', CLEANUP_INTERVAL: 'x' }, machine);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^RATE_LIMIT_PER_NODE, CLEANUP_INTERVAL: /);
    expect(warnings[0]).not.toContain('GLOBAL_RATE_LIMIT');
  });
});

describe('settings - table', () => {
  it('is the table of README.md, word for word except back quotes and links', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$/gm)];
    const plain = (text = '') => text.replaceAll('`', '').replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
    expect(rows.map(([, name, standard, meaning]) => [name, plain(standard), plain(meaning)])).toEqual(
      SETTINGS.map((row) => [row.name, plain(row.default), plain(row.meaning)]),
    );
  });

  it('has no two names so similar that one is taken for the other', () => {
    const names = new Set<string>(SETTINGS.map(({ name }) => name));
    for (const { name } of SETTINGS) {
      // PARTITION and PARTITIONS are both settings, and names as short as SPLIT are compared with no other.
      if (names.has(`${name}S`) || name.length < 6) continue;
      const { warnings } = readSettings({ [`${name}S`]: '1' }, machine);
      expect(warnings).toEqual([`${name}S: no setting has this name; is ${name} meant?`]);
    }
  });

  it('has a sentence and an allowed text for every setting', () => {
    for (const row of SETTINGS) {
      expect(row.meaning, row.name).toMatch(/^[A-Z`].*\.$/);
      expect(row.allowed, row.name).not.toBe('');
      expect(row.default, row.name).not.toBe('');
    }
  });

  it('has defaults that are allowed values', () => {
    for (const row of SETTINGS) {
      if (/^[\w./-]+$/.test(row.default) && row.default !== 'unset') {
        expect(mistakes({ [row.name]: row.default }), row.name).toEqual([]);
      }
    }
  });
});

describe('settings - cluster', () => {
  const given = { CLUSTER: 'prod', NATS_URL: 'nats://one,nats://two' };

  it('takes the replica name from the machine, in the characters of a subject', () => {
    expect(readSettings(given, machine).settings.cluster).toEqual({
      name: 'prod',
      partitions: 1,
      partition: 0,
      replica: 'box-example',
      inputStreams: null,
      logMaxAgeMs: 86_400_000,
      split: 'auto',
      acceptsUnsafeBroker: false,
    });
  });

  it('reads the names of input streams', () => {
    const { cluster } = readSettings({ ...given, INPUT_STREAMS: 'ONE, TWO' }, machine).settings;
    expect(cluster?.inputStreams).toEqual(['ONE', 'TWO']);
  });

  it.each([
    ['a list with the same stream twice', { ...given, INPUT_STREAMS: 'ONE,ONE' }, 'INPUT_STREAMS'],
    ['a stream name with a dot', { ...given, INPUT_STREAMS: 'ONE.TWO' }, 'INPUT_STREAMS'],
    ['no broker of its own', { CLUSTER: 'prod' }, 'NATS_URL unset'],
    ['another way to read', { ...given, INGEST_MODE: 'core' }, 'INGEST_MODE "core"'],
    ['statistics that are due too often', { ...given, PUBLISH_INTERVAL: '999' }, 'PUBLISH_INTERVAL 999'],
    ['two partitions, which this version has not', { ...given, PARTITIONS: '2' }, 'PARTITIONS'],
    ['a splitter without a cluster', { SPLIT: 'only' }, 'SPLIT "only"'],
    ['a replica name with a dot', { ...given, REPLICA: 'a.b' }, 'REPLICA'],
  ])('refuses %s', (_name, env, named) => {
    expect(() => readSettings(env, machine)).toThrow(named);
  });
});
