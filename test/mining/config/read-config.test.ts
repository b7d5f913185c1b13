// Reading aggregator_config.yaml in all its forms: what it means, and every mistake with its place.

import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/config/environment.ts';
import { CodedError } from '../../../src/lib/errors.ts';
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

describe('mistakes', () => {
  it('config - all of them at once, in the order of the file', () => {
    expect(mistakes('listen_address: 8080\nupstream:\n  name: a\n  rpc_prot: 1\n  url: ftp://x\n')).toEqual([
      '1:17 listen_address 8080: a port without a host: write 0.0.0.0 and a colon before it',
      '4:3 upstream.rpc_prot: no key has this name; is upstream.rpc_port meant?',
      '5:8 upstream.url "ftp://x": allowed is an address that begins with `http://` or `https://`',
    ]);
    expect(mistakes(UPSTREAM)).toEqual([]);
  });
});
