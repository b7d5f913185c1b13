// Documents of AWS Nitro Enclaves from a chain of the test's own: one that holds, and one for each thing that may be
// wrong with it.

import { generateKeyPairSync } from 'node:crypto';
import { encode } from 'cborg';
import { expect, it } from 'vitest';
import { NITRO_ROOT } from '../../../src/trades/client/nitro-document.ts';
import { type NitroExpectation, verifyNitro } from '../../../src/trades/client/nitro.ts';
import { ECDSA_SHA256 } from './der-writer.ts';
import {
  AT_MS,
  CHAIN,
  HEADER,
  makeChain,
  makeDocument,
  type Making,
  payloadOf,
  pcr,
  PCRS,
  ROOT,
  rootOf,
} from './nitro-maker.ts';

const NONCE = Buffer.alloc(32, 7);
const USER_DATA = Buffer.alloc(32, 9);
const EXPECTED: NitroExpectation = {
  pcrs: PCRS,
  nonce: NONCE,
  userData: USER_DATA,
  atMs: AT_MS,
  trustedRoots: [ROOT],
};
const BOUND = { user_data: USER_DATA, nonce: NONCE };

const bound = (making: Making = {}) => makeDocument({ ...making, members: { ...BOUND, ...making.members } });
const zeroAt = (number: number) =>
  new Map([0, 1, 2].map((each) => [each, pcr(each === number ? 0 : 0xa0 + each)]));

/** The kind of the refusal, or `holds`. */
function verdict(document: Uint8Array, changes: Partial<NitroExpectation> = {}): unknown {
  try {
    verifyNitro(document, { ...EXPECTED, ...changes });
    return 'holds';
  } catch (error) {
    return error instanceof Error && 'kind' in error ? error.kind : error;
  }
}

it('nitro - a document that holds, tagged or not, up to 5 minutes old or ahead', () => {
  expect(verifyNitro(bound(), EXPECTED)).toEqual(PCRS.map(([value]) => value));
  expect(verdict(bound({ isTagged: true }))).toBe('holds');
  expect(verdict(bound(), { atMs: AT_MS + 300_000 })).toBe('holds');
  expect(verdict(bound(), { atMs: AT_MS - 300_000 })).toBe('holds');
  expect(verdict(bound({ members: { public_key: Buffer.alloc(32) } }))).toBe('holds');
});

it.each<[string, () => unknown, string]>([
  ['the root of AWS is asked for', () => verdict(bound(), { trustedRoots: [NITRO_ROOT] }), 'untrusted_root'],
  ['another nonce', () => verdict(bound(), { nonce: Buffer.alloc(32, 8) }), 'wrong_nonce'],
  ['a nonce that is cut', () => verdict(bound({ members: { nonce: NONCE.subarray(1) } })), 'wrong_nonce'],
  ['no nonce', () => verdict(bound({ members: { nonce: null } })), 'wrong_nonce'],
  ['other keys', () => verdict(bound(), { userData: Buffer.alloc(32, 8) }), 'wrong_keys'],
  [
    'user data of 32 zero bytes',
    () => verdict(bound({ members: { user_data: Buffer.alloc(32) } })),
    'wrong_keys',
  ],
  ['no user data', () => verdict(bound({ members: { user_data: undefined } })), 'wrong_keys'],
  ['more than 5 minutes old', () => verdict(bound(), { atMs: AT_MS + 300_001 }), 'stale'],
  ['more than 5 minutes ahead', () => verdict(bound(), { atMs: AT_MS - 300_001 }), 'stale'],
  ['no expected values', () => verdict(bound(), { pcrs: [] }), 'no_policy'],
  ['PCR0 alone', () => verdict(bound(), { pcrs: [PCRS[0] ?? [], [], []] }), 'no_policy'],
])('nitro - refused: %s', (_what, judged, kind) => {
  expect(judged()).toBe(kind);
});

it.each([0, 1, 2])('nitro - PCR%i must be an expected value, and zero means debug', (number) => {
  const other = PCRS.map((values, each) => (each === number ? ['ff'.repeat(48)] : values));
  expect(verdict(bound(), { pcrs: other })).toBe('wrong_measurement');
  const zero = PCRS.map((values, each) => (each === number ? ['00'.repeat(48)] : values));
  expect(verdict(bound({ members: { pcrs: zeroAt(number) } }), { pcrs: zero })).toBe('debug');
  const missing = zeroAt(-1);
  missing.delete(number);
  expect(verdict(bound({ members: { pcrs: missing } }))).toBe('malformed');
});

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

it.each<[string, Parameters<typeof makeChain>[0], string]>([
  ['a leaf that has expired', { enclave: { notAfterMs: AT_MS - 1_000 } }, 'expired'],
  ['an authority that is not valid yet', { zone: { notBeforeMs: AT_MS + 1_000 } }, 'expired'],
  ['an authority that a stranger signed', { zone: { signingKey: stranger.privateKey } }, 'broken_chain'],
  ['an issuer of another name', { instance: { issuer: 'region' } }, 'broken_chain'],
  ['an authority that is none', { instance: { authority: false, pathLength: undefined } }, 'broken_chain'],
  ['an authority without the right to sign', { region: { keyUsage: 0x80 } }, 'broken_chain'],
  ['an authority without key usage', { region: { keyUsage: null } }, 'broken_chain'],
  ['a path that is too long', { region: { pathLength: 1 } }, 'broken_chain'],
  ['a leaf that is an authority', { enclave: { authority: true } }, 'broken_chain'],
  ['a leaf that may not sign', { enclave: { keyUsage: 0x06 } }, 'broken_chain'],
  ['a leaf without key usage', { enclave: { keyUsage: null } }, 'broken_chain'],
  ['SHA-256 in the chain', { zone: { scheme: ECDSA_SHA256 } }, 'broken_chain'],
  ['another key in the leaf', { enclave: { publicKey: stranger.publicKey } }, 'bad_signature'],
  ['a key on P-256 in the leaf', { enclave: { publicKey: p256.publicKey } }, 'bad_signature'],
  [
    'an unknown critical extension',
    { zone: { extensions: [{ id: '1.2.3.4', isCritical: true, value: Buffer.of(5, 0) }] } },
    'malformed',
  ],
  [
    'an extension twice',
    { zone: { extensions: [0, 0].map(() => ({ id: '1.2.3.4', value: Buffer.of(5, 0) })) } },
    'malformed',
  ],
])('nitro - refused: %s', (_what, changes, kind) => {
  const chain = makeChain(changes);
  expect(verdict(bound({ chain }), { trustedRoots: [rootOf(chain)] })).toBe(kind);
});

it('nitro - refused: a chain without its root, in another order, or with a stranger’s certificate between', () => {
  const [root, region, zone, instance, leaf] = CHAIN as [Buffer, Buffer, Buffer, Buffer, Buffer];
  expect(verdict(bound({ chain: [region, zone, instance, leaf] }))).toBe('untrusted_root');
  expect(verdict(bound({ chain: [root, zone, region, instance, leaf] }))).toBe('broken_chain');
  expect(verdict(bound({ chain: [root, root, region, zone, instance, leaf] }))).toBe('holds');
  expect(verdict(bound({ chain: [root, leaf] }))).toBe('broken_chain');
  expect(verdict(bound({ chain: Array.from({ length: 9 }, () => root) }))).toBe('malformed');
});

const good = bound();
const flipLast = (signature: Buffer) =>
  Buffer.concat([signature.subarray(0, 95), Buffer.of((signature[95] ?? 0) ^ 1)]);

it.each<[string, Uint8Array, string]>([
  ['a signature with one bit changed', bound({ signature: flipLast }), 'bad_signature'],
  ['a signature of zeros', bound({ signature: () => Buffer.alloc(96) }), 'bad_signature'],
  ['a signature in DER', bound({ signature: () => Buffer.alloc(102) }), 'malformed'],
  ['ES256 in the header', bound({ header: encode(new Map([[1, -7]])) }), 'malformed'],
  ['EdDSA in the header', bound({ header: encode(new Map([[1, -8]])) }), 'malformed'],
  ['no algorithm', bound({ header: encode(new Map()) }), 'malformed'],
  [
    'a second header',
    bound({
      header: encode(
        new Map([
          [1, -35],
          [4, 0],
        ]),
      ),
    }),
    'malformed',
  ],
  ['a header twice', bound({ header: Buffer.of(0xa2, 1, 0x38, 0x22, 1, 0x38, 0x22) }), 'malformed'],
  ['a header in a longer form', bound({ header: Buffer.of(0xa1, 0x18, 1, 0x38, 0x22) }), 'malformed'],
  ['nothing', Buffer.alloc(0), 'malformed'],
  ['no CBOR', Buffer.from('{"v":1}'), 'malformed'],
  ['a document that is cut', good.subarray(0, -1), 'malformed'],
  ['a byte behind', Buffer.concat([good, Buffer.of(0)]), 'malformed'],
  ['another tag', Buffer.concat([Buffer.of(0xd1), good]), 'malformed'],
  ['two tags', Buffer.concat([Buffer.of(0xd2, 0xd2), good]), 'malformed'],
  [
    'an array of indefinite length',
    Buffer.concat([Buffer.of(0x9f), good.subarray(1), Buffer.of(0xff)]),
    'malformed',
  ],
  ['more than 16 KiB', bound({ members: { module_id: 'm'.repeat(16_384) } }), 'malformed'],
  ['arrays inside one another', Buffer.alloc(16_000, 0x81), 'malformed'],
])('nitro - refused: %s', (_what, document, kind) => {
  expect(verdict(document)).toBe(kind);
});

it.each<[string, Readonly<Record<string, unknown>>]>([
  ['an unknown member', { other: 1 }],
  ['no module', { module_id: undefined }],
  ['an empty module', { module_id: '' }],
  ['another digest', { digest: 'SHA256' }],
  ['a time in text', { timestamp: String(AT_MS) }],
  ['a time before 1970', { timestamp: -1 }],
  ['no registers', { pcrs: new Map() }],
  ['a register of 32 bytes', { pcrs: new Map([[0, Buffer.alloc(32, 1)]]) }],
  ['register 32', { pcrs: new Map([[32, pcr(1)]]) }],
  ['a register with a name', { pcrs: new Map([['0', pcr(1)]]) }],
  ['no certificate', { certificate: undefined }],
  ['an empty bundle', { cabundle: [] }],
  ['a bundle with text', { cabundle: ['root'] }],
  ['a certificate that is none', { certificate: Buffer.alloc(100, 1) }],
  ['user data of 513 bytes', { user_data: Buffer.alloc(513) }],
  ['a nonce in text', { nonce: 'n' }],
])('nitro - refused: %s in a signed payload', (_what, members) => {
  expect(verdict(bound({ members }))).toBe('malformed');
});

it('nitro - refused: a member twice in a signed payload, the second one good', () => {
  const payload = Buffer.from(payloadOf(BOUND));
  const member = Buffer.concat([Buffer.from(encode('nonce')), Buffer.from(encode(Buffer.alloc(32, 1)))]);
  const twice = Buffer.concat([Buffer.of((payload[0] ?? 0) + 1), member, payload.subarray(1)]);
  expect(verdict(makeDocument({ header: HEADER, payload: twice }))).toBe('malformed');
});
