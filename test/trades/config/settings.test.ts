// The settings of trades: defaults, every mistake with its name, and nothing secret in a sentence.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSettings, SETTINGS } from '../../../src/trades/config/settings.ts';

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

describe('settings of trades', () => {
  it('settings of trades - without a setting everything has its default', () => {
    const { settings, warnings } = read({});
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      listen: { host: '127.0.0.1', port: 5000, wsPort: 5010 },
      backend: { url: 'http://localhost:3010', isSet: false, tokenFile: null },
      key: { file: 'ed25519_private.key', isSet: false },
      clientId: 'test-client-1',
      canonical: 'rfc8785',
      withMetadata: true,
      returnBasis: 'realized_fifo',
      jobs: { hasTokens: false, ttlMs: 600_000, tradesMax: 100_000, jobsMax: 1_000 },
      allowsPlainRegistration: false,
      retentionDays: 30,
    });
    expect(settings.databasePath).toMatch(/data\/trades\.db$/);
  });

  it('settings of trades - AGGREGATOR_HOST goes before HTTP_HOST', () => {
    expect(read({ HTTP_HOST: '0.0.0.0' }).settings.listen.host).toBe('0.0.0.0');
    expect(read({ HTTP_HOST: '0.0.0.0', AGGREGATOR_HOST: '::1' }).settings.listen.host).toBe('::1');
  });

  it.each([
    ['http://backend:3010', 'http://backend:3010'],
    ['http://backend:3010/', 'http://backend:3010'],
    ['https://api.example.com/v1/', 'https://api.example.com/v1'],
    ['HTTPS://API.example.com/v1//', 'https://api.example.com/v1'],
    ['http://[::1]:3010', 'http://[::1]:3010'],
  ])('settings of trades - the backend %s is %s', (written, url) => {
    expect(read({ AGGREGATOR_BACKEND_URL: written }).settings.backend.url).toBe(url);
  });

  it.each([
    [
      { AGGREGATOR_BACKEND_URL: 'backend:3010' },
      /AGGREGATOR_BACKEND_URL "backend:3010": allowed is an address/,
    ],
    [
      { AGGREGATOR_BACKEND_URL: 'http://u:geheim@backend' },
      /\(not shown\): credentials stand in the address/,
    ],
    [{ AGGREGATOR_BACKEND_URL: 'http://backend/?token=geheim' }, /\(not shown\): a query or a #/],
    [{ AGGREGATOR_BACKEND_URL: 'http://backend:0' }, /port 0/],
    [{ AGGREGATOR_PORT: '5010' }, /AGGREGATOR_WS_PORT 5010: allowed is another port than AGGREGATOR_PORT/],
    [{ AGGREGATOR_PORT: '70000' }, /AGGREGATOR_PORT "70000": allowed is 0 \(any free port\)/],
    [{ AGGREGATOR_BACKEND_TOKEN_FILE: '/nowhere' }, /AGGREGATOR_BACKEND_TOKEN_FILE: allowed is a file/],
    [{ INGEST_CANONICAL: 'jcs' }, /INGEST_CANONICAL "jcs": allowed is `rfc8785` or `plain`/],
    [{ JOB_TOKENS: 'on' }, /JOB_TOKENS "on": allowed is `off` or `required`/],
    [{ ALLOW_PLAINTEXT_REGISTRATION: 'yes' }, /allowed is `true` or `false`/],
    [{ AGGREGATOR_CLIENT_ID: 'a\u0007b' }, /a control character/],
    [{ JOB_TTL_MS: '10 min' }, /JOB_TTL_MS "10 min": write 10m/],
    [{ DB_PATH: ':memory:' }, /DB_PATH ":memory:"/],
    [
      { ENCLAVE_SOCKET: `/${'s'.repeat(107)}` },
      /ENCLAVE_SOCKET .*: allowed is a path of at most 10[37] bytes/,
    ],
  ])('settings of trades - %j is a mistake that names itself', (env, sentence) => {
    expect(fault(env)).toMatch(sentence);
    expect(fault(env)).not.toContain('geheim');
  });

  it('settings of trades - all mistakes are listed at once, and a near name is a warning', () => {
    expect(fault({ MAX_JOBS: '0', JOB_TTL_MS: '1' })).toMatch(/^2 settings are wrong:/);
    expect(read({ MAX_JOB: '5' }).warnings.join(' ')).toContain('MAX_JOBS');
    expect(read({ AGGREGATOR_BACKEND_TOKEN_FILE: '/readable' }).settings.backend.tokenFile).toBe('/readable');
  });

  it('settings of trades - stand in docs/trades.md as they are, in their order', () => {
    const page = readFileSync(new URL('../../../docs/trades.md', import.meta.url), 'utf8');
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
