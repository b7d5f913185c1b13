// Opening envelopes: the vector of RFC 9180's suite, a second implementation, and everything altered that can be.

import { createPrivateKey, createPublicKey, type webcrypto } from 'node:crypto';
import { inspect } from 'node:util';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import * as second from 'hpke';
import { describe, expect, it } from 'vitest';
import {
  type Envelope,
  ENVELOPE_INFO,
  ENVELOPE_PLAIN_BYTES_MAX,
  envelopeAad,
} from '../../../../src/trades/domain/envelope.ts';
import { EnvelopeKey } from '../../../../src/trades/enclave/keys/envelope-key.ts';
import { openSealed } from '../../../../src/trades/enclave/keys/hpke.ts';
import { sealEnvelope } from './seal-envelope.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

/** test-vectors.json of RFC 9180: mode 0, kem 32, kdf 1, aead 2, the first encryption. */
const VECTOR = {
  info: '4f6465206f6e2061204772656369616e2055726e',
  skRm: '497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d',
  pkRm: '430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c',
  enc: '6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256',
  aad: '436f756e742d30',
  pt: '4265617574792069732074727574682c20747275746820626561757479',
  ct: 'e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a',
} as const;

async function pairOf(privateHex: string, publicHex: string): Promise<webcrypto.CryptoKeyPair> {
  const [x, d] = [hex(publicHex).toString('base64url'), hex(privateHex).toString('base64url')];
  const jwk = { kty: 'OKP', crv: 'X25519', x };
  return {
    privateKey: createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }).toCryptoKey('X25519', false, [
      'deriveBits',
    ]),
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }).toCryptoKey('X25519', true, []),
  };
}

describe('hpke', () => {
  it('hpke - opens the vector of RFC 9180 for its suite', async () => {
    const pair = await pairOf(VECTOR.skRm, VECTOR.pkRm);
    const [enc, ct, info, aad] = [hex(VECTOR.enc), hex(VECTOR.ct), hex(VECTOR.info), hex(VECTOR.aad)];
    const opened = await openSealed(pair, { enc, ct, info, aad });
    expect(Buffer.from(opened ?? []).toString('hex')).toBe(VECTOR.pt);
    expect(await openSealed(pair, { enc, ct, info, aad: hex(`${VECTOR.aad}00`) })).toBeNull();
    expect(await openSealed(pair, { enc, ct, info: hex('00'), aad })).toBeNull();
  });

  it('hpke - what the library seals, the second implementation opens', async () => {
    const suite = new second.CipherSuite(
      second.KEM_DHKEM_X25519_HKDF_SHA256,
      second.KDF_HKDF_SHA256,
      second.AEAD_AES_256_GCM,
    );
    const pair = await suite.GenerateKeyPair(true);
    const raw = await suite.SerializePublicKey(pair.publicKey);
    const ours = new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Aes256Gcm(),
    });
    const recipientPublicKey = await ours.kem.deserializePublicKey(raw);
    const [info, aad, plain] = [Buffer.from(ENVELOPE_INFO), Buffer.from('{}'), Buffer.from('plain')];
    const { enc, ct } = await ours.seal({ recipientPublicKey, info }, plain, aad);
    const opened = await suite.Open(pair, new Uint8Array(enc), new Uint8Array(ct), { info, aad });
    expect(Buffer.from(opened).toString()).toBe('plain');
  });
});

const METADATA = { exchange: 'binance', label: 'me', ttl: 86_400, challenge: 'c'.repeat(51) };

const bytesOf = (text: string) => Buffer.from(text, 'base64url');
const flipped = (text: string, at: number) => {
  const bytes = bytesOf(text);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString('base64url');
};

describe('envelope key', () => {
  it('envelope key - opens what the second implementation sealed', async () => {
    const key = await EnvelopeKey.create();
    const envelope = await sealEnvelope(key, METADATA, '{"apiKey":"é"}');
    const opened = await key.open(envelope);
    expect(typeof opened === 'string' ? opened : Buffer.from(opened).toString()).toBe('{"apiKey":"é"}');
  });

  it('envelope key - its id is the thumbprint of its public half, and each process has another', async () => {
    const [one, other] = [await EnvelopeKey.create(), await EnvelopeKey.create()];
    expect(bytesOf(one.publicKey)).toHaveLength(32);
    expect(one.kid).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(one.kid).not.toBe(other.kid);
    expect(await other.open(await sealEnvelope(one, METADATA, 'x'))).toBe('unknown_kid');
  });

  it.each<[string, (envelope: Envelope) => Envelope]>([
    ['enc', (envelope) => ({ ...envelope, enc: flipped(envelope.enc, 3) })],
    ['enc of small order', (envelope) => ({ ...envelope, enc: Buffer.alloc(32).toString('base64url') })],
    ['enc that is cut', (envelope) => ({ ...envelope, enc: envelope.enc.slice(0, 20) })],
    ['ct', (envelope) => ({ ...envelope, ct: flipped(envelope.ct, 0) })],
    ['the tag', (envelope) => ({ ...envelope, ct: flipped(envelope.ct, bytesOf(envelope.ct).length - 1) })],
    ['ct that is cut', (envelope) => ({ ...envelope, ct: envelope.ct.slice(0, 10) })],
    ['exchange', (envelope) => ({ ...envelope, metadata: { ...envelope.metadata, exchange: 'kraken' } })],
    ['label', (envelope) => ({ ...envelope, metadata: { ...envelope.metadata, label: '' } })],
    ['ttl', (envelope) => ({ ...envelope, metadata: { ...envelope.metadata, ttl: 604_800 } })],
    [
      'challenge',
      (envelope) => ({ ...envelope, metadata: { ...envelope.metadata, challenge: 'd'.repeat(51) } }),
    ],
  ])('envelope key - refuses an envelope with another %s', async (_what, alter) => {
    const key = await EnvelopeKey.create();
    const envelope = await sealEnvelope(key, METADATA, 'plain');
    expect(await key.open(alter(envelope))).toBe('not_opened');
    expect(await key.open(envelope)).toBeInstanceOf(Uint8Array);
  });

  it('envelope key - refuses one that was sealed for other bound text', async () => {
    const key = await EnvelopeKey.create();
    const aad = envelopeAad({ v: 1, kid: key.kid, metadata: METADATA });
    for (const [info, bound] of [
      ['perf-aggregator/credentials/v2', aad],
      [ENVELOPE_INFO, ''],
      [ENVELOPE_INFO, `${aad} `],
    ] as const)
      expect(await key.open(await sealEnvelope(key, METADATA, 'x', { info, aad: bound }))).toBe('not_opened');
  });

  it.each([
    [ENVELOPE_PLAIN_BYTES_MAX, true],
    [ENVELOPE_PLAIN_BYTES_MAX + 1, false],
  ])('envelope key - a plain text of %i bytes is opened: %s', async (length, isOpened) => {
    const key = await EnvelopeKey.create();
    const opened = await key.open(await sealEnvelope(key, METADATA, 'x'.repeat(length)));
    expect(opened instanceof Uint8Array).toBe(isOpened);
  });

  it('envelope key - shows only its public half', async () => {
    const key = await EnvelopeKey.create();
    const shown = JSON.parse(JSON.stringify(key)) as object;
    expect(shown).toEqual({ publicKey: key.publicKey, kid: key.kid });
    expect(inspect(key, { showHidden: true, depth: 9 })).not.toContain('CryptoKey');
  });
});
