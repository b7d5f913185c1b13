// Verdicts on bodies of any origin: what is genuine, and every way in which one is not.

import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, withSignature } from '../../../src/trades/domain/canonical.ts';
import { BODY_BYTES_MAX, readSummary } from '../../../src/trades/domain/read-summary.ts';
import type { Canonical } from '../../../src/trades/domain/summary.ts';
import { readVerificationKeys, type VerificationKeys } from '../../../src/trades/domain/verification-key.ts';
import { verifySummary } from '../../../src/trades/domain/verify-summary.ts';
import { publicJwkOf } from '../../../src/lib/ed25519.ts';
import { FIRST, KEYS, KID, SECOND, SIGNING_KEY, X } from './check-values.ts';

type Json = Readonly<Record<string, unknown>>;
const first = JSON.parse(FIRST.text) as Json;
const second = JSON.parse(SECOND.text) as Json;
const metadata = second['metadata'] as Json;

/** The body of a payload of any shape, signed with the key of the check values. */
function signed(payload: Json, canonical: Canonical = 'rfc8785'): string {
  const text = canonicalText(payload, canonical);
  const signature = sign(null, Buffer.from(text), SIGNING_KEY.privateKey).toString('base64');
  return JSON.stringify({ ...payload, signature });
}

const verdictOf = (payload: Json) => verifySummary(signed(payload), KEYS);
const bodyOf = ({ text, signature }: typeof FIRST) => withSignature(text, signature);
const bucket = {
  t: '2025-01-01T00:00:00.000Z',
  return_pct: 0,
  trades: 0,
  volume_base: 0,
  volume_quote: 0,
  fees_usd: 0,
};

describe('genuine summary', () => {
  it('genuine summary - the order of members, white space and zeros at an end do not matter', () => {
    const shuffled = Object.fromEntries(Object.entries(JSON.parse(bodyOf(SECOND)) as Json).toReversed());
    for (const text of [
      JSON.stringify(shuffled, null, 2),
      `\n${bodyOf(SECOND)}\n`,
      bodyOf(SECOND).replace('"volume_base":5e-7', '"volume_base":0.00000050'),
      bodyOf(SECOND).replace('"exchange"', '"exch\\u0061nge"'),
    ]) {
      expect(verifySummary(text, KEYS)).toMatchObject({ kind: 'ok', digest: SECOND.digest });
    }
  });

  it('genuine summary - the plain form needs no mark, and with the mark only it counts', () => {
    expect(verifySummary(signed(second, 'plain'), KEYS)).toMatchObject({
      kind: 'ok',
      canonical: 'plain',
      digest: SECOND.plain.digest,
    });
    const { metadata: _without, ...bare } = second;
    expect(verifySummary(signed(bare, 'plain'), KEYS)).toMatchObject({ kind: 'ok', canonical: 'plain' });
    const marked = { ...second, metadata: { ...metadata, canonical: 'plain' } };
    expect(verifySummary(signed(marked, 'plain'), KEYS)).toMatchObject({ kind: 'ok', canonical: 'plain' });
    expect(verifySummary(signed(marked), KEYS)).toMatchObject({ kind: 'signature' });
  });

  it('genuine summary - metadata may have members of a later version, which the signature covers', () => {
    const later = { ...second, metadata: { ...metadata, later: { a: [1, null] } } };
    expect(verdictOf(later)).toMatchObject({ kind: 'ok' });
    expect(verifySummary(signed(later).replace('null', 'true'), KEYS)).toMatchObject({ kind: 'signature' });
  });

  it('genuine summary - one without trades and without hours', () => {
    const at = '2025-01-01T00:10:00.123Z';
    expect(verdictOf({ ...first, hourly_buckets: [], period_start: at, period_end: at })).toMatchObject({
      kind: 'ok',
    });
  });

  it('genuine summary - an hour that start or flush has cut', () => {
    const cut = { period_start: '2025-01-01T00:59:59.999Z', period_end: '2025-01-01T01:00:00.001Z' };
    expect(verdictOf({ ...first, ...cut })).toMatchObject({ kind: 'ok' });
  });
});

describe('changed summary', () => {
  it.each([
    ['1', FIRST],
    ['2', SECOND],
    ['2, plain', { ...SECOND.plain, text: canonicalText(second, 'plain') }],
  ])('changed summary - law: no byte of check value %s can be another one', (_name, value) => {
    const body = Buffer.from(bodyOf(value));
    const verdicts = new Set<string>();
    for (let at = 0; at < body.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] ?? 0) ^ mask;
        verdicts.add(verifySummary(changed, KEYS).kind);
      }
    }
    expect(verdicts).not.toContain('ok');
    expect(verdicts).toContain('signature');
  });

  it('changed summary - law: whatever the bytes are, there is a verdict', () => {
    const body = Buffer.from(bodyOf(SECOND));
    fc.assert(
      fc.property(
        fc.nat(body.length),
        fc.nat(body.length),
        fc.uint8Array({ maxLength: 20 }),
        (from, to, bytes) => {
          const spliced = Buffer.concat([body.subarray(0, from), bytes, body.subarray(to)]);
          const { kind } = verifySummary(spliced, KEYS);
          const isSame = spliced.equals(body);
          // White space at either end is no change.
          if (isSame) expect(kind).toBe('ok');
          else if (spliced.toString().trim() !== body.toString()) expect(kind).not.toBe('ok');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('changed summary - long numbers and long texts get a verdict without a pattern that grows with their square', () => {
    const body = bodyOf(SECOND);
    const zeros = body.replace('0.025', `0.02${'0'.repeat(1_000_000)}1`);
    expect(verifySummary(zeros, KEYS)).toMatchObject({ kind: 'shape' });
    const quotes = body.replace('"schema"', `"later":"${'\\"'.repeat(10_000_000)}","schema"`);
    expect(verifySummary(quotes, KEYS)).toMatchObject({ kind: 'signature' });
  });

  it('changed summary - bytes that are not UTF-8, a byte order mark, and a body over the limit are no summary', () => {
    const invalid = Buffer.from(bodyOf(FIRST).replace('test-client-1', 'test-client-\ufffd'));
    invalid[invalid.indexOf(0xef)] = 0xf0;
    expect(readSummary(invalid)).toEqual({ type: 'not_summary', reason: 'it is not UTF-8' });
    for (const body of [`\ufeff${bodyOf(FIRST)}`, Buffer.from(`\ufeff${bodyOf(FIRST)}`)]) {
      expect(readSummary(body)).toEqual({ type: 'not_summary', reason: 'it is not JSON' });
    }
    expect(readSummary(bodyOf(FIRST).padEnd(BODY_BYTES_MAX))).toMatchObject({ type: 'summary' });
    expect(readSummary(bodyOf(FIRST).padEnd(BODY_BYTES_MAX + 1))).toMatchObject({
      type: 'not_summary',
      reason: 'it is longer than 33554432 bytes',
    });
  });

  it.each([
    ['a member twice', bodyOf(FIRST).replace('"exchange"', '"exchange":"mock","exchange"')],
    ['a member twice, in a bucket', bodyOf(FIRST).replace('"fees_usd":3', '"fees_usd":0,"fees_usd":3')],
    ['a number beyond doubles', bodyOf(FIRST).replace('10050', '1e999')],
    ['a number that a double changes', bodyOf(FIRST).replace('10050', '10050.000000000000000001')],
    ['NaN', bodyOf(FIRST).replace('10050', 'NaN')],
    ['-0', bodyOf(FIRST).replace('"return_pct":0', '"return_pct":-0')],
    ['a deep text', `${'['.repeat(17)}${']'.repeat(17)}`],
    ['nothing', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['no signature', FIRST.text],
  ])('changed summary - %s is no summary', (_name, body) => {
    expect(verifySummary(body, KEYS)).toMatchObject({ kind: 'shape' });
  });
});

describe('shape of a summary', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['an unknown member', { ...first, more: 1 }],
    ['a client that is a number', { ...first, client_id: 1 }],
    ['a client without a name', { ...first, client_id: '' }],
    ['a client with a control character', { ...first, client_id: 'a\u001f' }],
    ['a client with a long name', { ...first, client_id: 'a'.repeat(257) }],
    ['a time without milliseconds', { ...first, period_end: '2025-01-01T02:00:00Z' }],
    ['a time that does not exist', { ...first, period_end: '2025-02-30T02:00:00.000Z' }],
    ['a period that ends before it starts', { ...first, period_start: '2025-01-01T03:00:00.000Z' }],
    ['hours that are no array', { ...first, hourly_buckets: {} }],
    ['an hour that is null', { ...first, hourly_buckets: [null] }],
    ['an hour that is none', { ...first, hourly_buckets: [{ ...bucket, t: '2025-01-01T00:30:00.000Z' }] }],
    ['an hour twice', { ...first, hourly_buckets: [bucket, bucket] }],
    [
      'an hour before the period',
      { ...first, period_start: '2025-01-01T01:00:00.000Z', hourly_buckets: [bucket] },
    ],
    ['an hour after the period', { ...first, period_end: '2025-01-01T01:00:00.000Z' }],
    ['an hour with another member', { ...first, hourly_buckets: [{ ...bucket, price: 1 }] }],
    ['an hour without a return', { ...first, hourly_buckets: [{ ...bucket, return_pct: undefined }] }],
    ['a return that is a text', { ...first, hourly_buckets: [{ ...bucket, return_pct: '1' }] }],
    ['half a trade', { ...first, hourly_buckets: [{ ...bucket, trades: 0.5 }] }],
    ['a negative volume', { ...first, hourly_buckets: [{ ...bucket, volume_base: -1 }] }],
    ['totals with another member', { ...first, totals: { ...(first['totals'] as Json), price: 1 } }],
    ['totals that are null', { ...first, totals: null }],
    ['metadata that is null', { ...first, metadata: null }],
    ['another schema', { ...second, metadata: { ...metadata, schema: 2 } }],
    ['metadata without a key', { ...second, metadata: { schema: 1, provenance: 'polled' } }],
    ['another provenance', { ...second, metadata: { ...metadata, provenance: 'guessed' } }],
    ['another canonical form', { ...second, metadata: { ...metadata, canonical: 'rfc8785' } }],
    ['a digest that is none', { ...second, metadata: { ...metadata, prev: 'x' } }],
    ['a control character in a later member', { ...second, metadata: { ...metadata, later: 'a\\\u0001' } }],
  ];

  it.each(cases)('shape of a summary - %s', (_name, payload) => {
    const json = JSON.parse(JSON.stringify(payload)) as Json;
    const verdict = verdictOf(json);
    expect(verdict).toMatchObject({ kind: 'shape' });
  });

  it.each(Object.keys(first))('shape of a summary - %s must not be absent', (name) => {
    const { [name]: _left, ...others } = first;
    expect(verdictOf(others)).toMatchObject({ kind: 'shape' });
  });
});

describe('keys of summaries', () => {
  const other = publicJwkOf(generateKeyPairSync('ed25519').publicKey);
  if (other === null) throw new Error('an Ed25519 key was made');
  const ring = (...keys: readonly object[]) => readVerificationKeys(JSON.stringify({ keys }));
  const jwk = SIGNING_KEY.publicKey;

  it.each<readonly [string, string, VerificationKeys, string]>([
    ['a key that is not listed', bodyOf(SECOND), ring(other), 'unknown_key'],
    ['no key', bodyOf(FIRST), new Map(), 'unknown_key'],
    ['without metadata, another key', bodyOf(FIRST), ring(other), 'signature'],
    ['without metadata, one of two', bodyOf(FIRST), ring(other, jwk), 'ok'],
    ['the key of the claimed provenance', bodyOf(SECOND), ring({ ...jwk, provenance: 'polled' }), 'ok'],
    ['a retired key', bodyOf(SECOND), ring({ ...jwk, provenance: 'polled', retired: true }), 'ok'],
    [
      'a key of clients for what claims to be polled',
      bodyOf(SECOND),
      ring({ ...jwk, provenance: 'client_reported' }),
      'unknown_key',
    ],
    ['a set that gives a key the id of another', bodyOf(SECOND), ring({ ...other, kid: KID }), 'unknown_key'],
  ])('keys of summaries - %s', (_name, body, keys, kind) => {
    expect(verifySummary(body, keys)).toMatchObject({ kind });
  });

  it('keys of summaries - without metadata the key tells the provenance', () => {
    expect(verifySummary(bodyOf(FIRST), ring({ ...jwk, provenance: 'client_reported' }))).toMatchObject({
      kind: 'ok',
      keyId: KID,
      provenance: 'client_reported',
    });
    expect(verifySummary(bodyOf(FIRST), KEYS)).toMatchObject({ kind: 'ok', provenance: null });
  });

  it('keys of summaries - they are read from a set, one JWK, and PEM, public or private', () => {
    const pemOf = (key: typeof SIGNING_KEY.privateKey, type: 'pkcs8' | 'spki') =>
      key.export({ type, format: 'pem' }).toString();
    const { publicKey } = generateKeyPairSync('ed25519');
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const expected = [[KID, { x: X, provenance: null }]];
    const privatePem = pemOf(SIGNING_KEY.privateKey, 'pkcs8');
    expect([...readVerificationKeys(JSON.stringify(jwk))]).toEqual(expected);
    expect([...readVerificationKeys(privatePem)]).toEqual(expected);
    const all = readVerificationKeys(
      `# keys\n${privatePem}${pemOf(p256, 'spki')}${pemOf(publicKey, 'spki')}`,
    );
    expect([...all.keys()]).toEqual([KID, publicJwkOf(publicKey)?.kid]);
  });

  it.each([
    '',
    'x',
    '[]',
    'null',
    '{"keys":1}',
    JSON.stringify({ crv: 'Ed25519', x: X.replace(/o$/, 'p') }),
    '{"keys":[null,{"crv":"Ed25519"},{"crv":"Ed25519","x":"AAAA"}]}',
    '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----',
  ])('keys of summaries - %j has none', (text) => {
    expect(readVerificationKeys(text).size).toBe(0);
  });

  it('keys of summaries - of one source 100 are taken', () => {
    const many = Array.from({ length: 101 }, (_, index) => ({
      crv: 'Ed25519',
      x: Buffer.alloc(32, index).toString('base64url'),
    }));
    expect(ring(...many).size).toBe(100);
  });
});
