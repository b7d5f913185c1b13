// The sealed text of a registration: every member, every limit, and that a fault repeats nothing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeAccountRegistration,
  NAMED_SYMBOLS_MAX,
  SINCE_AHEAD_MAX_MS,
} from '../../../src/trades/domain/account-registration.ts';
import { ENVELOPE_PLAIN_BYTES_MAX } from '../../../src/trades/domain/envelope.ts';

const NOW_MS = Date.UTC(2026, 10, 30);
const METADATA = { exchange: 'binance', label: '', ttl: 3_600, challenge: 'c' };
const KEYS = { apiKey: 'planted-key-0123', secret: 'planted-secret-0123' };

const decodeText = (text: string, metadata = METADATA) =>
  decodeAccountRegistration(Buffer.from(text), metadata, NOW_MS);
const decode = (more: object, metadata = METADATA) =>
  decodeText(JSON.stringify({ ...KEYS, ...more }), metadata);

const USUAL = {
  label: '',
  options: {
    exchange: 'binance',
    accountType: 'spot',
    isSandbox: false,
    apiIntervalMs: 60_000,
    retriesMax: 3,
    sinceMs: null,
    symbols: [],
  },
  credentials: KEYS,
  ttlSeconds: 3_600,
};

describe('sealed registration', () => {
  it('sealed registration - key and secret are enough', () => {
    expect(decode({})).toEqual(USUAL);
    const absent = { userId: null, password: null, symbols: null, since: null, sandbox: null };
    expect(decode(absent)).toEqual(USUAL);
  });

  it('sealed registration - every member is read', () => {
    const more = {
      userId: 'me',
      password: 'p',
      uid: '77',
      walletAddress: '0xabc',
      privateKey: '0x0123456789',
      accountType: 'futures',
      sandbox: true,
      symbols: ['BTC/USDT:USDT', 'ETH/BTC', 'ETH/BTC'],
      apiInterval: 1_000,
      maxRetries: 0,
      since: 1_700_000_000_000,
    };
    expect(decode(more)).toEqual({
      label: 'me',
      options: {
        exchange: 'binance',
        accountType: 'futures',
        isSandbox: true,
        apiIntervalMs: 1_000,
        retriesMax: 0,
        sinceMs: 1_700_000_000_000,
        symbols: ['BTC/USDT:USDT', 'ETH/BTC'],
      },
      credentials: { ...KEYS, password: 'p', uid: '77', walletAddress: '0xabc', privateKey: '0x0123456789' },
      ttlSeconds: 3_600,
    });
  });

  it('sealed registration - the name for people is the open label, else the sealed user id', () => {
    const labelled = { ...METADATA, label: 'a label' };
    expect(decode({ userId: 'me' }, labelled)).toMatchObject({ label: 'a label' });
    expect(decode({ userId: 'me' })).toMatchObject({ label: 'me' });
  });

  it.each<[object, RegExp]>([
    [{ planted: 1 }, /none of apiKey, secret/],
    [{ __proto__x: 1 }, /none of/],
    [{ exchange: 'kraken' }, /none of/],
    [{ userId: 'plan ted' }, /^userId/],
    [{ userId: 'x'.repeat(65) }, /^userId/],
    [{ apiKey: null }, /^apiKey .* 10 characters/],
    [{ apiKey: 'planted-1' }, /^apiKey/],
    [{ secret: 'planted-1' }, /^secret/],
    [{ secret: 1_234_567_890 }, /^secret/],
    [{ secret: 'x'.repeat(8_001) }, /^secret/],
    [{ secret: 'planted-secret\0' }, /^secret/],
    [{ password: '' }, /^password/],
    [{ uid: 'plan ted' }, /^uid/],
    [{ walletAddress: ['planted'] }, /^walletAddress/],
    [{ privateKey: 'planted' }, /^privateKey/],
    [{ accountType: 'planted' }, /^accountType must be one of spot, margin, futures/],
    [{ sandbox: 'planted' }, /^sandbox/],
    [{ symbols: 'planted' }, /^symbols/],
    [{ symbols: ['plan ted'] }, /^symbols/],
    [{ symbols: [1] }, /^symbols/],
    [{ symbols: Array.from({ length: NAMED_SYMBOLS_MAX + 1 }, () => 'A/B') }, /^symbols/],
    [{ apiInterval: 999 }, /^apiInterval.*1000 to 3600000/],
    [{ apiInterval: 3_600_001 }, /^apiInterval/],
    [{ maxRetries: 11 }, /^maxRetries/],
    [{ maxRetries: -1 }, /^maxRetries/],
    [{ since: 1_700_000_000_000.5 }, /^since/],
    [{ since: '1700000000000' }, /^since/],
    [{ since: 1_700_000_000 }, /^since/],
    [{ since: NOW_MS + SINCE_AHEAD_MAX_MS + 1 }, /^since/],
  ])('sealed registration - %j is refused by its member', (more, fault) => {
    const refused = decode(more);
    expect(refused).toEqual({ fault: expect.stringMatching(fault) });
    expect(JSON.stringify(refused)).not.toMatch(/plan ?ted/);
  });

  it.each<[object]>([
    [{ apiKey: 'x'.repeat(10) }],
    [{ secret: 'x'.repeat(8_000) }],
    [{ secret: '-----BEGIN KEY-----\r\nabc\n-----END KEY-----\n' }],
    [{ symbols: Array.from({ length: NAMED_SYMBOLS_MAX }, (_each, index) => `A${index}/B`) }],
    [{ apiInterval: 3_600_000, maxRetries: 10 }],
    [{ since: NOW_MS + SINCE_AHEAD_MAX_MS }],
    [{ sandbox: { IsPresent: true } }],
  ])('sealed registration - a limit itself is taken: %#', (more) => {
    expect(decode(more)).toHaveProperty('credentials');
  });

  it.each([
    '',
    'planted',
    '[]',
    `{"apiKey":"planted-key-0123","apiKey":"planted-key-4567","secret":"planted-secret-0123"}`,
    JSON.stringify(KEYS).padEnd(ENVELOPE_PLAIN_BYTES_MAX + 1),
    '{"symbols":[[[[[]]]]]}',
  ])('sealed registration - text that is no object of single members is refused: %#', (text) => {
    expect(decodeText(text)).toEqual({ fault: expect.stringMatching(/^the sealed text must be/) });
  });

  it('sealed registration - bytes that are no UTF-8 are refused', () => {
    expect(decodeAccountRegistration(Buffer.from([0xff]), METADATA, NOW_MS)).toHaveProperty('fault');
    expect(decodeText(JSON.stringify(KEYS).padEnd(ENVELOPE_PLAIN_BYTES_MAX))).toEqual(USUAL);
  });

  it('sealed registration - never throws, and no fault holds what was sent', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (more) => {
        const decoded = decode({ ...more, secret: 'planted-secret-zqxj' });
        expect('fault' in decoded ? decoded.fault : '').not.toContain('planted');
      }),
    );
  });
});
