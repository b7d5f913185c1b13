import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isApiKey,
  isMessageSignature,
  isSameHash,
  keyHashOf,
  keyIdOf,
  MALFORMED_CREDENTIAL,
  newApiKey,
  readCredential,
  secretOf,
  signMessage,
  toCredential,
} from '../../../src/federation/domain/message-signature.ts';

// Computed with Python's hashlib and hmac.
const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const HASH = 'ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0';
const PAYLOAD = Buffer.from('{"version":"1.0"}');
const SIGNATURE = '3iEe8DMTKpoetas8T9ufYH3AT5UQPz8TdZRUuYc8puk=';
const SECRET = secretOf(HASH);

describe('API keys', () => {
  it('API keys - a key is 256 random bits in 43 characters, and never made twice', () => {
    const keys = Array.from({ length: 100 }, newApiKey);
    for (const key of keys) {
      expect(isApiKey(key)).toBe(true);
      expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    }
    expect(new Set(keys).size).toBe(100);
  });

  it('API keys - hash, id and signature equal those of another implementation', () => {
    expect(keyHashOf(KEY)).toBe(HASH);
    expect(keyIdOf(HASH)).toBe(HASH.slice(0, 16));
    expect(signMessage(SECRET, 'truebit.heartbeat', PAYLOAD)).toBe(SIGNATURE);
  });

  it.each([
    ['itself', SECRET, 'truebit.heartbeat', PAYLOAD, SIGNATURE, true],
    ['another key', secretOf('0'.repeat(64)), 'truebit.heartbeat', PAYLOAD, SIGNATURE, false],
    ['another subject', SECRET, 'truebit.nodes.left', PAYLOAD, SIGNATURE, false],
    ['the mapped subject', SECRET, 'ingest.heartbeat', PAYLOAD, SIGNATURE, false],
    ['another payload', SECRET, 'truebit.heartbeat', Buffer.from('{"version":"1.1"}'), SIGNATURE, false],
    ['the newline moved', SECRET, 'truebit.heartbeat\n', PAYLOAD.subarray(1), SIGNATURE, false],
    ['a signature cut short', SECRET, 'truebit.heartbeat', PAYLOAD, SIGNATURE.slice(0, 40), false],
    ['no signature', SECRET, 'truebit.heartbeat', PAYLOAD, '', false],
  ])(
    'API keys - a signature fits only what was signed: %s',
    (_what, secret, subject, payload, signature, fits) => {
      expect(isMessageSignature(secret, subject, payload, signature)).toBe(fits);
    },
  );

  it('API keys - equal hashes compare as equal, different ones as different', () => {
    expect([
      isSameHash(HASH, HASH),
      isSameHash(HASH, HASH.slice(1)),
      isSameHash(HASH, `0${HASH.slice(1)}`),
    ]).toEqual([true, false, false]);
  });
});

describe('credential', () => {
  const keyId = HASH.slice(0, 16);

  it('credential - it takes both headers, each given once, and reads them back', () => {
    const credential = toCredential([keyId], [SIGNATURE]);
    expect(credential).toHaveLength(60);
    expect(readCredential(credential ?? '')).toEqual({ keyId, signature: SIGNATURE });
  });

  it.each([
    ['none', [], [], null],
    ['one alone', [keyId], [], MALFORMED_CREDENTIAL],
    ['the other alone', [], [SIGNATURE], MALFORMED_CREDENTIAL],
    ['one twice', [keyId, keyId], [SIGNATURE], MALFORMED_CREDENTIAL],
    ['the other twice', [keyId], [SIGNATURE, SIGNATURE], MALFORMED_CREDENTIAL],
    ['an id too long', [`${keyId}0`], [SIGNATURE], MALFORMED_CREDENTIAL],
    ['a signature of statistics', [keyId], [`ed25519=${'A'.repeat(86)}==`], MALFORMED_CREDENTIAL],
    ['empty', [''], [''], MALFORMED_CREDENTIAL],
  ])('credential - %s', (_what, keyIds, signatures, credential) => {
    expect(toCredential(keyIds, signatures)).toBe(credential);
  });

  it('credential - whatever the headers hold, it is at most 60 ASCII characters', () => {
    const text = fc.array(fc.string({ unit: 'binary', maxLength: 80 }), { maxLength: 3 });
    fc.assert(
      fc.property(text, text, (keyIds, signatures) => {
        const credential = toCredential(keyIds, signatures) ?? '';
        expect(credential).toMatch(/^[\x20-\x7e]{0,60}$/);
      }),
    );
  });
});
