// Reading aggregator_config.yaml in all its forms: what it means, and every mistake with its place.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/environment.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { applied, compare } from '../../../src/mining/config/compare.ts';
import { KEY_ROWS } from '../../../src/mining/config/keys.ts';
import { readConfigText } from '../../../src/mining/config/read-config.ts';

const MACHINE = { isTerminal: false, canRead: (path: string) => !path.includes('missing') };
const UPSTREAM = 'upstream: { name: a, url: "http://pool/" }\n';

function read(text: string, env: Environment = {}) {
  return readConfigText(env, text, '/etc/aggregator_config.yaml', MACHINE);
}

/** The mistakes, each beginning with its line and column. */
function mistakes(text: string, env: Environment = {}): readonly string[] {
  try {
    read(text, env);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
    return error.message
      .split('\n  ')
      .slice(1)
      .map((line) => line.replace(/^line (\d+), column (\d+): /, '$1:$2 '));
  }
  return [];
}

const FLAT = `listen_address: "0.0.0.0:8080"
block_time_secs: 120
upstream:    { name: primary-pool, url: "http://pool.example.com:8080/pocx", auth_token: "…", submission_mode: pool }   # auth_token: Bearer
cache:       { mining_info_ttl_secs: 5, pool_timeout_secs: 30 }
database:    { path: aggregator.db, retention_days: 7 }        # 0 = keep for ever
dashboard:   { enabled: true, listen_address: "0.0.0.0:8081" }
logging:     { level: info, file: aggregator.log }             # both really work
`;

const NESTED = `server:      { listen_address: "0.0.0.0:8080", auth: { enabled: false, basic_auth: { username: u, password: p } } }
upstream:    { name: primary-pool, rpc_transport: http, rpc_host: 127.0.0.1, rpc_port: 8080,
               rpc_auth: { type: none }, submission_mode: pool, block_time_secs: 120 }
`;

const HYBRID = `server:
  listen_address: "0.0.0.0:8080"
  auth:
    enabled: false
    # basic_auth:
    #   username: "aggregator"
block_time_secs: 240
upstream:
  name: "primary_pool"
  rpc_transport: https
  rpc_host: "pool.example.com"
  rpc_port: 443
  rpc_auth:
    type: user_pass
    username: "aggregator"
    password: "your-password"
  submission_mode: wallet
`;

describe('the three layouts', () => {
  it('config - the flat layout', () => {
    const { config } = read(FLAT);
    expect(config).toEqual({
      listen: { host: '0.0.0.0', port: 8080 },
      listenKey: 'listen_address',
      auth: null,
      tls: null,
      trustedProxies: [],
      blockTimeSecs: 120,
      upstreams: [
        {
          name: 'primary-pool',
          url: 'http://pool.example.com:8080/pocx',
          auth: { type: 'bearer', token: '\u00e2\u0080\u00a6' },
          mode: 'pool',
        },
      ],
      choose: 'order',
      verify: 'best',
      cache: { informationTtlMs: 5_000, requestTimeoutMs: 30_000 },
      database: { path: 'aggregator.db', link: null, retentionDays: 7 },
      dashboard: { listen: { host: '0.0.0.0', port: 8081 } },
      logging: { level: 'info', format: 'json', file: 'aggregator.log', maxSizeMib: 20, maxFiles: 10 },
      webhook: null,
      receivers: [],
    });
  });

  it('config - the layout with server and rpc keys; without a dashboard block there is none', () => {
    const { config } = read(NESTED);
    expect(config).toMatchObject({
      listen: { host: '0.0.0.0', port: 8080 },
      listenKey: 'server.listen_address',
      auth: null,
      blockTimeSecs: 120,
      upstreams: [{ name: 'primary-pool', url: 'http://127.0.0.1:8080/', auth: { type: 'none' } }],
      dashboard: null,
    });
  });

  it('config - the hybrid of rc.5 to rc.8, with its block time at the top', () => {
    expect(read(HYBRID).config).toMatchObject({
      blockTimeSecs: 240,
      upstreams: [
        {
          url: 'https://pool.example.com:443/',
          auth: { type: 'basic', username: 'aggregator', password: 'your-password' },
          mode: 'wallet',
        },
      ],
    });
  });
});

const RPC = '  name: a\n  rpc_host: pool\n  rpc_port: 1\n';

describe('what a file means', () => {
  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    [
      'an empty dashboard block is on',
      'dashboard:\n',
      { dashboard: { listen: { host: '0.0.0.0', port: 8081 } } },
    ],
    [
      'a dashboard block without enabled is on',
      'dashboard: {listen_address: "127.0.0.1:9"}\n',
      { dashboard: { listen: { host: '127.0.0.1', port: 9 } } },
    ],
    ['a dashboard that is not enabled', 'dashboard: {enabled: false}\n', { dashboard: null }],
    [
      'zero days are for ever',
      'database: {retention_days: 0}\n',
      { database: { path: 'aggregator.db', link: null, retentionDays: 0 } },
    ],
    [
      'no log file',
      'logging: {file: null}\n',
      { logging: { level: 'info', format: 'json', file: null, maxSizeMib: 20, maxFiles: 10 } },
    ],
    [
      'the level trace is debug',
      'logging: {level: trace}\n',
      { logging: { level: 'debug', format: 'json', file: 'aggregator.log', maxSizeMib: 20, maxFiles: 10 } },
    ],
    ['verify: off is a word', 'verify: off\n', { verify: 'off' }],
    [
      'both layouts in one file',
      'listen_address: "[::1]:9"\nserver: {trusted_proxies: ["::1", 10.0.0.0/8]}\n',
      { listen: { host: '::1', port: 9 }, trustedProxies: ['::1', '10.0.0.0/8'] },
    ],
    [
      'a login for miners',
      'server: {auth: {enabled: true, basic_auth: {username: u, password: "p:w"}}}\n',
      { auth: { username: 'u', password: 'p:w' } },
    ],
    ['TLS', 'server: {tls: {cert: c.pem, key: k.pem}}\n', { tls: { certFile: 'c.pem', keyFile: 'k.pem' } }],
    ['a webhook', 'alarms: {webhook: "https://hooks/x?token=1"}\n', { webhook: 'https://hooks/x?token=1' }],
    [
      'receivers',
      'alarms:\n  receivers:\n  - {name: ops, url: "https://h/x", form: slack, events: [operator], nodes: [a, "b*"], min_interval: 5m}\n  - {name: all, url: "https://h/y", nodes: all}\n',
      {
        receivers: [
          {
            name: 'ops',
            url: 'https://h/x',
            form: 'slack',
            events: ['operator'],
            nodes: ['a', 'b*'],
            minIntervalMs: 300_000,
          },
          {
            name: 'all',
            form: 'json',
            events: ['upstream_state', 'upstream_changed', 'operator', 'not_assigned'],
            nodes: ['*'],
            minIntervalMs: 60_000,
          },
        ],
      },
    ],
  ])('config - %s', (_name, text, meant) => {
    expect(read(UPSTREAM + text).config).toMatchObject(meant);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    [
      '  name: a\n  url: "http://u:p%40@pool/x?y=1"\n',
      { url: 'http://pool/x?y=1', auth: { type: 'basic', username: 'u', password: 'p@' } },
    ],
    ['  name: a\n  url: https://[::1]:8443\n', { url: 'https://[::1]:8443/' }],
    ['  name: a\n  rpc_host: ::1\n  rpc_port: 8\n', { url: 'http://[::1]:8/' }],
    [`${RPC}  rpc_transport: https\n`, { url: 'https://pool:1/' }],
    [
      `${RPC}  rpc_auth: {type: cookie, cookie_path: /n/.cookie}\n`,
      { auth: { type: 'cookie', path: '/n/.cookie' } },
    ],
    [`${RPC}  auth_token: abc\n`, { auth: { type: 'bearer', token: 'abc' } }],
    [`${RPC}  submission_mode: wallet\n`, { mode: 'wallet' }],
    ['  name: "Größter Pool 1"\n  url: http://x\n', { name: 'Größter Pool 1' }],
  ])('config - the upstream %j', (text, meant) => {
    expect(read(`upstream:\n${text}`).config.upstreams[0]).toMatchObject(meant);
  });

  it('config - fallbacks have the same forms, in their order', () => {
    const { config } = read(
      `${UPSTREAM.replace(' }\n', '')}, choose: newest, fallbacks: [{name: b, url: "http://b"}, {name: c, rpc_host: c, rpc_port: 2, block_time_secs: 120}] }\n`,
    );
    expect(config.choose).toBe('newest');
    expect(config.upstreams.map(({ name, url }) => `${name} ${url}`)).toEqual([
      'a http://pool/',
      'b http://b/',
      'c http://c:2/',
    ]);
  });

  it('config - a file of JSON is read too', () => {
    expect(
      read(JSON.stringify({ upstream: { name: 'a', url: 'http://x/' }, verify: 'all' }, null, 2)).config,
    ).toMatchObject({ verify: 'all' });
  });

  it('config - relative paths are found from the folder of the caller', () => {
    const { config } = read(`${UPSTREAM}database: {path: x/a.db}\n`, {
      AGGREGATOR_CALLED_FROM: '/srv/miner',
    });
    expect([config.database.path, config.logging.file]).toEqual([
      '/srv/miner/x/a.db',
      '/srv/miner/aggregator.log',
    ]);
  });

  it.each<[Environment, string, string]>([
    [{}, 'warn', 'line 2'],
    [{ LOG_LEVEL: 'ERROR' }, 'error', 'the environment, LOG_LEVEL'],
    [{ RUST_LOG: 'debug' }, 'debug', 'the environment, RUST_LOG'],
    [{ RUST_LOG: 'trace', LOG_LEVEL: 'info' }, 'info', 'the environment, LOG_LEVEL'],
    [{ RUST_LOG: 'info,hyper=warn' }, 'warn', 'line 2'],
    [{ RUST_LOG: ' ', LOG_LEVEL: '' }, 'warn', 'line 2'],
  ])('config - the level of the log with %j', (env, level, from) => {
    const { config, meaning, warnings } = read(`${UPSTREAM}logging: {level: warn}\n`, env);
    expect(config.logging.level).toBe(level);
    expect(meaning).toContainEqual({ name: 'logging.level', value: level, from });
    expect(warnings).toEqual(
      env['RUST_LOG']?.includes('=') === true
        ? [
            'RUST_LOG: ignored, because it is no plain level: allowed is `error`, `warn`, `info`, `debug` or `trace` (which is `debug`)',
          ]
        : [],
    );
  });

  it('config - both layouts are shown in the same way, and no secret is shown', () => {
    const [flat, nested] = [
      `listen_address: 127.0.0.1:1\nblock_time_secs: 60\nupstream: {name: a, url: "http://u:geheim@pool:8080/"}\nalarms: {webhook: "http://h/geheim"}\n`,
      `server: {listen_address: 127.0.0.1:1}\nupstream:\n  name: a\n  rpc_host: pool\n  rpc_port: 8080\n  block_time_secs: 60\n  rpc_auth: {type: user_pass, username: u, password: geheim}\nalarms: {webhook: "http://h/geheim"}\n`,
    ].map((text) => read(text).meaning);
    const shown = (rows: typeof flat) =>
      rows?.filter(({ name }) => name !== 'upstream.rpc_auth').map(({ name, value }) => `${name} ${value}`);
    expect(shown(nested)).toEqual(shown(flat));
    expect(JSON.stringify([flat, nested])).not.toContain('geheim');
    expect(flat?.find(({ name }) => name === 'upstream.url')).toEqual({
      name: 'upstream.url',
      value: 'http://pool:8080/',
      from: 'line 3',
    });
    expect(nested?.find(({ name }) => name === 'upstream.url')).toEqual({
      name: 'upstream.url',
      value: 'http://pool:8080/',
      from: 'line 4: rpc_host; line 5: rpc_port',
    });
  });

  it.each<[string, string]>([
    [
      'upstream: {name: a, url: "http://127.0.0.1:8080/"}\n',
      'line 1, column 1: upstream "a" is at port 8080 of this machine, where miners connect: the aggregator would ask itself',
    ],
    [
      `${UPSTREAM}server: {auth: {basic_auth: {username: u, password: p}}}\n`,
      'line 2, column 30: server.auth.basic_auth.username: not used, because server.auth.enabled is not given: miners need no login',
    ],
    [
      `upstream:\n${RPC}  rpc_auth: {type: cookie, cookie_path: /missing}\n`,
      'line 5, column 28: upstream.rpc_auth.cookie_path "/missing": no file that this user may read is there now',
    ],
    [
      `upstream:\n${RPC}  rpc_auth: {type: none, username: u}\n`,
      'line 5, column 26: upstream.rpc_auth.username: not used, because upstream.rpc_auth.type (line 5) is none',
    ],
    [
      'upstream: {name: a, url: "http://x", choose: newest}\n',
      'line 1, column 38: upstream.choose: not used, because there are no upstream.fallbacks',
    ],
    [`${UPSTREAM}cache:\n`, 'line 2, column 1: cache: nothing stands in this block: its defaults hold'],
  ])('config - %j is right, with a warning', (text, warning) => {
    expect(read(text).warnings).toEqual([warning]);
  });
});

describe('mistakes', () => {
  it.each<[string, ...string[]]>([
    ['verify: best\n', 'upstream: the block is missing: it must name the pool or wallet (name, url)'],
    [
      'upstream: {}\n',
      '1:1 upstream.name: must be given: pages, log and metrics show it',
      '1:1 upstream.url: must be given: it is the address of the pool or wallet (or write rpc_host and rpc_port)',
    ],
    [
      'upstream: {name: "", url: "http://x"}\n',
      '1:18 upstream.name "": the text is empty: allowed is 1 to 64 printable characters',
    ],
    [
      'upstream: {name: a, rpc_host: b}\n',
      '1:1 upstream.rpc_port: must be given: rpc_host names the host only',
    ],
    [
      'upstream: {name: a, rpc_port: 0, rpc_host: b}\n',
      '1:31 upstream.rpc_port 0: allowed is a whole number from 1 to 65535',
    ],
    [
      'upstream: {name: a, rpc_host: "http://b", rpc_port: 1}\n',
      '1:31 upstream.rpc_host "http://b": allowed is a host name or an IP address, without scheme, brackets and port',
    ],
    [
      `upstream:\n${RPC}  url: http://x\n`,
      "5:3 upstream.url and upstream.rpc_host (line 3) both give the upstream's address: write one of them",
    ],
    [
      `upstream:\n${RPC}  rpc_transport: ipc\n`,
      '5:18 upstream.rpc_transport "ipc": the transport ipc of rc.5 and rc.6 is not supported: write http, with rpc_host and rpc_port of the node',
    ],
    [
      `upstream:\n${RPC}  block_time_secs: 120\nblock_time_secs: 120\n`,
      '6:1 block_time_secs and upstream.block_time_secs (line 5) both give the block time: write one of them',
    ],
    [
      `listen_address: 1.2.3.4:5\n${UPSTREAM}server: {listen_address: 1.2.3.4:5}\n`,
      '3:10 server.listen_address and listen_address (line 1) both give where miners connect: write one of them',
    ],
    [
      `upstream:\n${RPC}  rpc_auth: {type: user_pass, username: u, password: p}\n  auth_token: x\n`,
      '6:3 upstream.auth_token and upstream.rpc_auth.type (line 5) both give how to log in at the upstream: write one of them',
    ],
    [
      'upstream: {name: a, url: "http://u:p@x", auth_token: x}\n',
      '1:42 upstream.auth_token and upstream.url (line 1) both give how to log in at the upstream: write one of them',
    ],
    [
      `upstream:\n${RPC}  rpc_auth: {type: user_pass, username: u}\n`,
      '1:1 upstream.rpc_auth.password: must be given: rpc_auth.type is user_pass',
    ],
    [
      `upstream:\n${RPC}  rpc_auth: {type: cookie}\n`,
      '1:1 upstream.rpc_auth.cookie_path: must be given: rpc_auth.type is cookie',
    ],
    [
      `upstream:\n${RPC}  rpc_auth: {username: u}\n`,
      '5:14 upstream.rpc_auth.username: upstream.rpc_auth.type must be given with it: allowed is `none` or `user_pass` or `cookie`',
    ],
    [
      `upstream:\n${RPC}  fallbacks: [{name: a, url: "http://b"}]\n`,
      '5:16 upstream.fallbacks[0].name "a": upstream.name (line 2) is the same, and no two upstreams may have one name',
    ],
    [
      `upstream:\n${RPC}  fallbacks: [{name: b, url: "http://b", block_time_secs: 60}]\n`,
      '5:42 upstream.fallbacks[0].block_time_secs 60: the default is 120, and all upstreams have one block time',
    ],
    [
      `upstream:\n${RPC}  fallbacks: {name: b}\n`,
      '5:14 upstream.fallbacks: a block of keys stands here, and a list is needed',
    ],
    [
      `${UPSTREAM}server: {auth: {enabled: true}}\n`,
      '2:17 server.auth.basic_auth.username: must be given: server.auth.enabled is true',
      '2:17 server.auth.basic_auth.password: must be given: server.auth.enabled is true',
    ],
    [
      `${UPSTREAM}server: {auth: {enabled: true, basic_auth: {username: u, password: ""}}}\n`,
      '2:68 server.auth.basic_auth.password (not shown): the text is empty: allowed is any text',
    ],
    [
      `${UPSTREAM}server: {tls: {cert: missing.pem}}\n`,
      '2:10 server.tls.key: must be given with server.tls',
      '2:16 server.tls.cert "missing.pem": no file that this user may read is there',
    ],
    [
      `${UPSTREAM}cache: {mining_info_ttl_secs: 0, pool_timeout_secs: 0}\n`,
      '2:31 cache.mining_info_ttl_secs 0: allowed is a duration such as 30s or 5m, or a whole number of seconds, from 1 to 31536000 (365d)',
      '2:53 cache.pool_timeout_secs 0: allowed is a duration such as 30s or 5m, or a whole number of seconds, from 1 to 3600 (1h)',
    ],
    [
      `block_time_secs: 0\n${UPSTREAM}`,
      '1:18 block_time_secs 0: allowed is a duration such as 30s or 5m, or a whole number of seconds, from 1 to 31536000 (365d)',
    ],
    [
      `listen_address: 0.0.0.0:0\n${UPSTREAM}`,
      '1:17 listen_address "0.0.0.0:0": port 0: allowed is 1 to 65535',
    ],
    [
      `${UPSTREAM}dashboard: {listen_address: 127.0.0.1:8080}\n`,
      '2:13 dashboard.listen_address 127.0.0.1:8080: miners connect at 0.0.0.0:8080: give another port',
    ],
    [
      `${UPSTREAM}database: {path: ":memory:"}\n`,
      '2:18 database.path ":memory:": allowed is the path of a file (`:memory:` and `file:` URIs cannot be shared between threads)',
    ],
    [
      `${UPSTREAM}alarms: {webhook: hooks.example.com/geheim}\n`,
      '2:19 alarms.webhook (not shown): allowed is an address that begins with `http://` or `https://`',
    ],
    [
      `${UPSTREAM}alarms:\n  webhook: http://h/geheim\n  receivers:\n  - {name: webhook, url: "http://h/geheim"}\n`,
      '3:3 alarms.webhook: a receiver of alarms.receivers has the name webhook: rename it',
    ],
    [`${UPSTREAM}listen_adress: x\n`, '2:1 listen_adress: no key has this name; is listen_address meant?'],
    [`${UPSTREAM}rpc_port: 5\n`, '2:1 rpc_port: no key has this name; is upstream.rpc_port meant?'],
    [
      `choose: order\nupstream:\n${RPC}  choose: order\n  fallbacks: []\n`,
      '6:3 upstream.choose and choose (line 1) both give how an upstream is chosen: write one of them',
    ],
  ])('config - %j', (text, ...sentences) => {
    expect(mistakes(text)).toEqual(sentences);
  });

  it('config - all of them at once, in the order of the file, with those of the environment', () => {
    expect(
      mistakes('listen_address: 8080\nupstream:\n  name: a\n  rpc_prot: 1\n  url: ftp://x\n', {
        LOG_LEVEL: 'loud',
        LOG_FORMAT: 'xml',
      }),
    ).toEqual([
      '1:17 listen_address 8080: a port without a host: write 0.0.0.0 and a colon before it',
      '4:3 upstream.rpc_prot: no key has this name; is upstream.rpc_port meant?',
      '5:8 upstream.url "ftp://x": allowed is an address that begins with `http://` or `https://`',
      'LOG_LEVEL "loud": allowed is `error`, `warn`, `info`, `debug` or `trace` (which is `debug`)',
      'LOG_FORMAT "xml": allowed is `json` or `text`',
    ]);
  });
});

describe('the examples and the page', () => {
  it.each(['mining-config-flat.yaml', 'mining-config.yaml'])('config - examples/%s is right', (name) => {
    const text = readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8');
    expect(read(text).warnings).toEqual([]);
  });

  it('config - docs/mining.md lists every key with default, allowed values and meaning, and the examples have each', () => {
    const page = readFileSync(new URL('../../../docs/mining.md', import.meta.url), 'utf8');
    const rows = Array.from(page.matchAll(/^\| `([a-z_.[\]]+)` \| (.+?) \| (.+?) \| (.+?) \|$/gm), (row) =>
      row.slice(1),
    );
    const examples = ['mining-config-flat.yaml', 'mining-config.yaml'].map((name) =>
      readFileSync(new URL(`../../../examples/${name}`, import.meta.url), 'utf8'),
    );
    for (const { name } of KEY_ROWS) {
      expect(examples.join('\n'), name).toContain(`${name.replaceAll('[]', '').split('.').at(-1) ?? ''}:`);
    }
    const shown = (text: string) => text.replaceAll('|', '\\|');
    expect(rows).toEqual(
      KEY_ROWS.filter(({ name }) => !name.startsWith('upstream.fallbacks[].')).map(
        ({ name, default: standard, allowed, meaning }) => [
          name,
          shown(standard),
          shown(allowed),
          shown(meaning),
        ],
      ),
    );
  });
});

describe('a new reading while the program runs', () => {
  it('config - a file with the address of a receiver is read again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mining-config-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'address');
    const text = `${UPSTREAM}alarms: {receivers: [{name: a, url_file: ${file}}]}\n`;
    writeFileSync(file, 'http://one\n', { mode: 0o600 });
    const before = read(text).config;
    expect(compare(before, read(text).config)).toEqual({ now: [], restart: [] });
    writeFileSync(file, 'http://two\n');
    expect(compare(before, read(text).config)).toEqual({ now: ['alarms.receivers'], restart: [] });
  });

  const base = `${UPSTREAM.replace(' }\n', '')}, fallbacks: [{name: b, url: "http://b"}] }\n`;
  const withServer = (text: string) => `${base}${text}`;

  it.each<[string, readonly string[], readonly string[]]>([
    [base, [], []],
    [`# a comment\n${base}`, [], []],
    [withServer('verify: all\n'), ['verify'], []],
    [
      withServer('server: {auth: {enabled: true, basic_auth: {username: u, password: p}}}\n'),
      ['server.auth'],
      [],
    ],
    [
      withServer('logging: {level: debug}\nalarms: {webhook: "http://x"}\n'),
      ['logging', 'alarms.webhook'],
      [],
    ],
    [withServer('alarms: {receivers: [{name: a, url: "http://x"}]}\n'), ['alarms.receivers'], []],
    [base.replace('http://b', 'http://c'), ['upstream.fallbacks'], []],
    [base.replace('http://pool', 'http://u:p@pool'), ['upstream.rpc_auth'], []],
    [base.replace('http://pool', 'http://other'), [], ['upstream.url']],
    [
      base.replace('name: b', 'name: a').replace('name: a', 'name: z'),
      [],
      ['upstream.name', 'upstream.fallbacks'],
    ],
    [
      withServer(
        'verify: off\nlisten_address: 1.1.1.1:1\nblock_time_secs: 60\ndashboard:\ncache: {pool_timeout_secs: 9}\ndatabase: {path: b, retention_days: 1}\n',
      ),
      ['verify'],
      [
        'listen_address',
        'block_time_secs',
        'cache.pool_timeout_secs',
        'database.path',
        'database.retention_days',
        'dashboard',
      ],
    ],
  ])('reading again - %j', (text, now, restart) => {
    const [before, after] = [read(base).config, read(text).config];
    expect(compare(before, after)).toEqual({ now, restart });
    // What only a restart changes is named again at the next reading; the rest holds now.
    expect(compare(applied(before, after), after)).toEqual({ now: [], restart });
  });
});
