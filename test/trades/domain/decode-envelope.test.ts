// The body of a registration at the enclave: what is an envelope, and what is said of everything else.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEnvelope,
  ENVELOPE_BODY_BYTES_MAX,
  SESSION_SECONDS,
  UNENCRYPTED,
} from '../../../src/trades/domain/decode-envelope.ts';
import { ENVELOPE_PLAIN_BYTES_MAX } from '../../../src/trades/domain/envelope.ts';

const KEY = Buffer.alloc(32, 0xfb).toString('base64url');
const METADATA = { exchange: 'binance', label: 'my account', ttl: 86_400, challenge: 'c'.repeat(51) };
const ENVELOPE = { v: 1, kid: KEY, enc: KEY, ct: Buffer.alloc(64).toString('base64url'), metadata: METADATA };

const decode = (value: unknown) => decodeEnvelope(JSON.stringify(value));
const withMetadata = (more: object) => ({ ...ENVELOPE, metadata: { ...METADATA, ...more } });

describe('envelope body', () => {
  it('envelope body - is read as it was sent', () => {
    expect(decode(ENVELOPE)).toEqual(ENVELOPE);
    expect(decode(withMetadata({ label: '' }))).toEqual(withMetadata({ label: '' }));
    for (const ttl of Object.values(SESSION_SECONDS))
      expect(decode(withMetadata({ ttl }))).toEqual(withMetadata({ ttl }));
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [ENVELOPE], /JSON object/],
    ['another version', { ...ENVELOPE, v: 2 }, /^v must/],
    ['a version as text', { ...ENVELOPE, v: '1' }, /^v must/],
    ['another member', { ...ENVELOPE, planted: 1 }, /none of v, kid/],
    ['no kid', { ...ENVELOPE, kid: undefined }, /^kid/],
    ['a kid with padding', { ...ENVELOPE, kid: `${KEY}=` }, /^kid/],
    ['a short enc', { ...ENVELOPE, enc: KEY.slice(2) }, /^enc/],
    ['another spelling of enc', { ...ENVELOPE, enc: `${KEY.slice(0, -1)}9` }, /^enc/],
    ['standard base64', { ...ENVELOPE, enc: KEY.replaceAll('-', '+') }, /^enc/],
    ['no ct', { ...ENVELOPE, ct: '' }, /^ct/],
    [
      'a long ct',
      { ...ENVELOPE, ct: Buffer.alloc(ENVELOPE_PLAIN_BYTES_MAX + 17).toString('base64url') },
      /^ct/,
    ],
    ['no metadata', { ...ENVELOPE, metadata: null }, /^metadata/],
    ['another member of metadata', withMetadata({ planted: 1 }), /^metadata/],
    ['another exchange', withMetadata({ exchange: 'planted!' }), /^metadata\.exchange/],
    ['a long label', withMetadata({ label: 'x'.repeat(65) }), /^metadata\.label/],
    ['a label with a line end', withMetadata({ label: 'planted\n' }), /^metadata\.label/],
    ['a label with half a character', withMetadata({ label: '\ud800' }), /^metadata\.label/],
    ['a short ttl', withMetadata({ ttl: SESSION_SECONDS.least - 1 }), /^metadata\.ttl.*300 to 604800/],
    ['a long ttl', withMetadata({ ttl: SESSION_SECONDS.most + 1 }), /^metadata\.ttl/],
    ['half a second', withMetadata({ ttl: 300.5 }), /^metadata\.ttl/],
    ['a ttl as text', withMetadata({ ttl: '300' }), /^metadata\.ttl/],
    ['no challenge', withMetadata({ challenge: '' }), /^metadata\.challenge/],
  ])('envelope body - %s is refused and not repeated', (_what, body, fault) => {
    const refused = decode(body);
    expect(refused).toEqual({ code: 'bad_request', fault: expect.stringMatching(fault) });
    expect(JSON.stringify(refused)).not.toContain('planted');
  });

  it.each([
    '',
    'planted',
    '{"v":1',
    JSON.stringify(ENVELOPE).replace('{', '{"v":1,'),
    JSON.stringify(ENVELOPE).replace('"ttl":86400', '"ttl":86400,"ttl":300'),
    JSON.stringify(ENVELOPE).padEnd(ENVELOPE_BODY_BYTES_MAX + 1),
    '['.repeat(10_000),
  ])('envelope body - %j is no JSON that is read', (text) => {
    expect(decodeEnvelope(text)).toEqual({
      code: 'bad_request',
      fault: expect.stringMatching(/must be JSON/),
    });
  });

  it.each([
    { ciphertext: 'planted', tag: 'planted' },
    { ...ENVELOPE, ciphertext: { apiKey: 'planted' } },
    { tag: 'planted' },
    { userId: 'me', exchange: 'binance', apiKey: 'planted', secret: 'planted' },
  ])('envelope body - the earlier, unencrypted form is told to revoke the key: %#', (body) => {
    expect(decode(body)).toEqual({ code: 'unencrypted', fault: UNENCRYPTED });
    expect(UNENCRYPTED).toBe('credentials came unencrypted: revoke this key');
  });

  it('envelope body - never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => 'fault' in decodeEnvelope(text)));
  });
});
