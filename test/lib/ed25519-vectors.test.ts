// Signatures without a written form: the vectors of RFC 8032, 7.1 (all but the one of 1,023 bytes), the one spelling of a
// signature, and keys of other kinds.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isBase64Signature, publicJwk, publicJwkOf, signInPool } from '../../src/lib/ed25519.ts';

const VECTORS = [
  {
    name: '1',
    d: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    x: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: '2',
    d: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    x: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: '3',
    d: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    x: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'SHA(abc)',
    d: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    x: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message: createHash('sha512').update('abc').digest('hex'),
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');

describe('Ed25519', () => {
  it.each(VECTORS)('Ed25519 - RFC 8032 test $name', async ({ d, x, message, signature }) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64url(x), d: base64url(d) };
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    const payload = Buffer.from(message, 'hex');
    const signed = await signInPool(key, payload);
    expect(Buffer.from(signed, 'base64').toString('hex')).toBe(signature);
    expect(signed).toHaveLength(88);
    expect(publicJwkOf(key)).toEqual(publicJwk(jwk.x));
    expect(publicJwkOf(createPublicKey(key))).toEqual(publicJwk(jwk.x));
    expect(isBase64Signature(jwk.x, payload, signed)).toBe(true);
    expect(isBase64Signature(jwk.x, Buffer.from([...payload, 0]), signed)).toBe(false);
  });

  it('Ed25519 - 64 bytes have one spelling in base64', () => {
    const [{ x, signature }] = VECTORS as [(typeof VECTORS)[0]];
    const right = Buffer.from(signature, 'hex').toString('base64');
    const accepts = (text: string) => isBase64Signature(base64url(x), Buffer.alloc(0), text);
    expect(accepts(right)).toBe(true);
    const last = right.charCodeAt(85);
    for (let bits = 1; bits < 16; bits++) {
      expect(accepts(`${right.slice(0, 85)}${String.fromCharCode(last + bits)}==`)).toBe(false);
    }
    for (const text of [
      right.slice(0, 86),
      `${right} `,
      `${right}\n`,
      Buffer.from(right, 'base64').toString('base64url'),
    ])
      expect(accepts(text)).toBe(false);
  });

  it('Ed25519 - a signature whose S is not reduced is refused (RFC 8032, 5.1.7)', () => {
    const [{ x, signature }] = VECTORS as [(typeof VECTORS)[0]];
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const bytes = Buffer.from(signature, 'hex');
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32).toReversed()).toString('hex')}`) + order;
    bytes.set(Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed(), 32);
    expect(isBase64Signature(base64url(x), Buffer.alloc(0), bytes.toString('base64'))).toBe(false);
  });

  it('Ed25519 - a key of another kind has no published form', () => {
    expect(publicJwkOf(generateKeyPairSync('ed448').privateKey)).toBeNull();
    expect(publicJwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)).toBeNull();
  });
});
