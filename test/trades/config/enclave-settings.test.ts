// The settings of the enclave, and their table in docs/enclave.md.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SOCKET_PATH_BYTES_MAX } from '../../../src/io/socket-path.ts';
import { ENCLAVE_SETTINGS } from '../../../src/trades/config/enclave-setting-table.ts';
import { readEnclaveSettings } from '../../../src/trades/config/enclave-settings.ts';
import { tableRows } from '../../support/metric-docs.ts';

const read = (env: Readonly<Record<string, string>>) => readEnclaveSettings(env, false);

function fault(env: Readonly<Record<string, string>>): string {
  try {
    read(env);
  } catch (error) {
    return String(error);
  }
  return '';
}

describe('settings of the enclave', () => {
  it('have their defaults', () => {
    expect(read({ ENCLAVE_PORT: '' }).settings).toEqual({
      listen: { host: '127.0.0.1', port: 3000 },
      socketPath: 'data/enclave.sock',
      sealKey: { file: 'enclave_seal.key' },
      attestation: { source: 'none', url: 'http://127.0.0.1:1350/attestation/raw' },
      keepsSessions: false,
      accountsMax: 10_000,
      graceMs: 120_000,
      exchangeUrls: new Map(),
      canonical: 'rfc8785',
      withMetadata: true,
      returnBasis: 'realized_fifo',
      configDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      log: { level: 'info', format: 'json' },
    });
  });

  it('ENCLAVE_SOCKET is not longer than a socket may be', () => {
    const path = `/${'s'.repeat(SOCKET_PATH_BYTES_MAX - 1)}`;
    expect(read({ ENCLAVE_SOCKET: path }).settings.socketPath).toBe(path);
    expect(fault({ ENCLAVE_SOCKET: `${path}s` })).toContain(`of at most ${SOCKET_PATH_BYTES_MAX} bytes`);
  });

  it('EXCHANGE_URLS names each exchange once, with an address of this machine', () => {
    const { exchangeUrls } = read({
      EXCHANGE_URLS: 'binance=http://127.0.0.1:9101/, kraken=http://[::1]:9103,bybit=http://localhost:9102',
    }).settings;
    expect([...exchangeUrls]).toEqual([
      ['binance', 'http://127.0.0.1:9101'],
      ['kraken', 'http://[::1]:9103'],
      ['bybit', 'http://localhost:9102'],
    ]);
  });

  it.each([
    ['binance=http://10.0.0.1:9101', /an address of another machine/],
    ['binance=https://api.binance.com', /an address of another machine/],
    ['binance=http://127.0.0.1.example.com:80', /an address of another machine/],
    ['binance=http://127.0.0.1', /allowed is exchanges and addresses of this machine/],
    ['binance=http://127.0.0.1:1/path', /allowed is/],
    ['binance=http://127.0.0.1:1,binance=http://127.0.0.1:2', /allowed is/],
    ['__proto__=http://127.0.0.1:1', /allowed is/],
    ['http://127.0.0.1:9101', /allowed is/],
    ['binance=http://user:geheim@127.0.0.1:9101', /\(not shown\)/],
  ])('EXCHANGE_URLS=%s is a mistake', (text, sentence) => {
    expect(fault({ EXCHANGE_URLS: text })).toMatch(sentence);
    expect(fault({ EXCHANGE_URLS: text })).not.toContain('geheim');
  });

  it('a seal key command is never shown, and stands before the file', () => {
    const { settings } = read({ ENCLAVE_SEAL_KEY_COMMAND: 'kms decrypt', ENCLAVE_SEAL_KEY: '/keys/k' });
    expect(settings.sealKey).toEqual({ command: 'kms decrypt' });
    expect(read({ ENCLAVE_ATTESTATION: 'nitro' }).settings.sealKey).toBeNull();
    expect(read({ ENCLAVE_ATTESTATION: 'tsm', ENCLAVE_SEAL_KEY: '/k' }).settings.sealKey).toEqual({
      file: '/k',
    });
    expect(ENCLAVE_SETTINGS.find(({ name }) => name === 'ENCLAVE_SEAL_KEY_COMMAND')?.secret).toBe(true);
  });

  it('the digest tells settings apart that change what the enclave does, and no others', () => {
    const digest = (env: Readonly<Record<string, string>>) => read(env).settings.configDigest;
    const usual = digest({});
    expect(digest({ LOG_LEVEL: 'debug', ENCLAVE_PORT: '3001', MAX_ACCOUNTS: '5' })).toBe(usual);
    const changed = [
      digest({ EXCHANGE_URLS: 'binance=http://127.0.0.1:9101' }),
      digest({ ENCLAVE_PERSIST_SESSIONS: 'true' }),
      digest({ SUMMARY_GRACE_MS: '1000' }),
      digest({ RETURN_BASIS: 'price_move' }),
      digest({ INGEST_CANONICAL: 'plain' }),
      digest({ INGEST_METADATA: 'off' }),
    ];
    expect(new Set([usual, ...changed]).size).toBe(7);
  });

  it('stand in docs/enclave.md as they are', () => {
    const page = readFileSync(new URL('../../../docs/enclave.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('\n## Settings\n');
    const plain = (text = '') => text.replaceAll('`', '');
    const rows = tableRows(section.slice(0, section.indexOf('\n## ')));
    expect(rows.map(([name, unset, meaning]) => [plain(name), plain(unset), meaning])).toEqual(
      ENCLAVE_SETTINGS.map((setting) => [setting.name, plain(setting.default), setting.meaning]),
    );
  });
});
