import { describe, expect, it } from 'vitest';
import { openSalt, sealSalt } from '../../../src/federation/domain/sealed-salt.ts';

const SECRET = Buffer.from('ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0', 'hex');
const SALT = 'ab'.repeat(32);
// Sealed with Python's cryptography and an HKDF by hand: nonce 00 01 … 0b, aggregator `aggregator-1`.
const SEALED =
  'AAECAwQFBgcICQoLleuLNHvDm+TRDSbFzWLLC/gVcUfeew0LwWTxkPrZMwBYFefAy84HBpi8lgsvG0IB3weRIDLLCG5qFyeIhBrnFV7cFQE2R2rGZJ7xuXRQC3M=';

describe('sealed salt', () => {
  it('sealed salt - a salt that another implementation sealed is opened', () => {
    expect(openSalt(SEALED, SECRET, 'aggregator-1')).toBe(SALT);
  });

  it('sealed salt - opening gives the salt that was sealed, and two seals of it differ', () => {
    const sealed = [1, 2].map(() => sealSalt(SALT, SECRET, 'aggregator-2'));
    expect(sealed.map((each) => openSalt(each, SECRET, 'aggregator-2'))).toEqual([SALT, SALT]);
    expect(sealed[0]).not.toBe(sealed[1]);
    expect(Buffer.from(sealed[0] ?? '', 'base64')).toHaveLength(12 + 64 + 16);
  });

  it.each([
    ['another key', SEALED, Buffer.alloc(32), 'aggregator-1'],
    ['another aggregator', SEALED, SECRET, 'aggregator-2'],
    ['changed', SEALED.replace('leuL', 'leuM'), SECRET, 'aggregator-1'],
    ['cut', SEALED.slice(0, 20), SECRET, 'aggregator-1'],
    ['nothing', '', SECRET, 'aggregator-1'],
  ])('sealed salt - a damaged or foreign seal is not opened: %s', (_what, sealed, secret, aggregatorId) => {
    expect(() => openSalt(sealed, secret, aggregatorId)).toThrow(/unable to authenticate|too short/);
  });
});
