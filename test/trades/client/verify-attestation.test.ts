// The whole answer to `GET /attestation`: its form, the platforms, and what it is bound to.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { publicJwk } from '../../../src/lib/ed25519.ts';
import { type AttestationPolicy, STRICTEST_POLICY } from '../../../src/trades/client/policy.ts';
import { verifyTdx } from '../../../src/trades/client/tdx.ts';
import {
  type AttestationQuestion,
  verifyAttestation,
} from '../../../src/trades/client/verify-attestation.ts';
import { reportDataOf, userDataOf } from '../../../src/trades/domain/attestation.ts';
import { AT_MS, answerOf, HPKE_X, KEYS, NONCE } from './answer.ts';
import { makeDocument, PCRS, ROOT } from './nitro-maker.ts';
import { CERTIFICATES, makeReport, MEASUREMENT, ROOTS, tableOf } from './snp-maker.ts';

const USER_DATA = userDataOf(KEYS);
const POLICY: AttestationPolicy = {
  ...STRICTEST_POLICY,
  pcrs: PCRS as unknown as AttestationPolicy['pcrs'],
  measurements: [MEASUREMENT],
  minimumTcb: { bootloader: 3, tee: 2, snp: 20, microcode: 210 },
};
const QUESTION: AttestationQuestion = {
  nonce: NONCE,
  policy: POLICY,
  nowMs: AT_MS,
  roots: { nitro: [ROOT], amd: ROOTS },
};
const NITRO = makeDocument({ members: { nonce: NONCE, user_data: USER_DATA } });
const SNP = Buffer.concat([
  makeReport({ reportData: reportDataOf(USER_DATA, NONCE) }),
  tableOf(CERTIFICATES),
]);

async function verdict(answer: unknown, changes: Partial<AttestationQuestion> = {}): Promise<string> {
  const result = await verifyAttestation(answer, { ...QUESTION, ...changes });
  return result.type === 'attested' ? 'attested' : result.kind;
}

it('attestation - nitro and sev-snp give the keys that they vouch for', async () => {
  const nitro = await verifyAttestation(answerOf('nitro', NITRO), QUESTION);
  expect(nitro).toEqual({
    type: 'attested',
    platform: 'nitro',
    keys: KEYS,
    hpkeKid: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    challenge: 'challenge-1',
    measured: PCRS.flat(),
  });
  const snp = await verifyAttestation(answerOf('sev-snp', SNP), QUESTION);
  expect(snp).toMatchObject({ type: 'attested', platform: 'sev-snp', measured: [MEASUREMENT] });
});

it('attestation - platform none is refused in a plain sentence unless it is allowed', async () => {
  const answer = answerOf('none', Buffer.alloc(0));
  expect(await verifyAttestation(answer, QUESTION)).toEqual({
    type: 'refused',
    kind: 'unattested',
    reason:
      'The enclave runs on no trusted hardware (platform "none"): its operator can read the credentials.',
  });
  const policy = { ...STRICTEST_POLICY, allowsUnattested: true };
  expect(await verdict(answer, { policy })).toBe('attested');
  expect(await verdict(answerOf('none', NITRO), { policy })).toBe('malformed');
});

it('attestation - allowing none allows no broken document of another platform', async () => {
  const policy = { ...STRICTEST_POLICY, allowsUnattested: true };
  expect(await verdict(answerOf('nitro', NITRO), { policy })).toBe('no_policy');
  expect(await verdict(answerOf('sev-snp', SNP), { policy })).toBe('no_policy');
  expect(await verdict(answerOf('tdx', SNP), { policy })).toBe('no_policy');
  expect(await verdict(answerOf('sgx', SNP), { policy })).toBe('unknown_platform');
  expect(
    await verdict(answerOf('nitro', Buffer.alloc(0)), { policy: { ...POLICY, allowsUnattested: true } }),
  ).toBe('malformed');
});

it.each<[string, object]>([
  ['another HPKE key', { hpke: { public_key: Buffer.alloc(32, 3).toString('base64url') } }],
  ['another version', { version: '9.9.9' }],
  ['other settings', { config_digest: 'b'.repeat(64) }],
  ['another signing key', { signing: publicJwk(Buffer.alloc(32, 4).toString('base64url')) }],
])('attestation - refused: %s beside a genuine document', async (_what, change) => {
  expect(await verdict(answerOf('nitro', NITRO, change))).toBe('wrong_keys');
  expect(await verdict(answerOf('sev-snp', SNP, change))).toBe('wrong_keys');
});

it('attestation - refused: the document of another platform', async () => {
  expect(await verdict(answerOf('nitro', SNP))).toBe('malformed');
  expect(await verdict(answerOf('sev-snp', NITRO))).toBe('malformed');
});

it('attestation - a challenge must still hold, unless an answer is judged at its own time', async () => {
  const answer = answerOf('nitro', NITRO);
  expect(await verdict(answer, { nowMs: AT_MS + 299_999 })).toBe('attested');
  expect(await verdict(answer, { nowMs: AT_MS + 300_000 })).toBe('stale');
  expect(await verdict(answer, { nowMs: AT_MS + 86_400_000 })).toBe('stale');
  expect(await verdict(answer, { nowMs: AT_MS + 86_400_000, atMs: AT_MS })).toBe('attested');
});

it('attestation - a nonce of another length than is allowed proves nothing', async () => {
  expect(await verdict(answerOf('nitro', NITRO), { nonce: NONCE.subarray(0, 15) })).toBe('wrong_nonce');
  expect(await verdict(answerOf('nitro', NITRO), { nonce: Buffer.alloc(65) })).toBe('wrong_nonce');
});

const base = answerOf('nitro', NITRO) as unknown as Readonly<Record<string, object>>;
const hpke = base['hpke'] as object;
const signing = base['signing'] as { readonly jwk: object };

it.each<[string, unknown]>([
  ['nothing', null],
  ['a text', 'attestation'],
  ['a list', [base]],
  ['another version of the form', { ...base, v: 2 }],
  ['no platform', { ...base, platform: undefined }],
  ['a document with padding', { ...base, document: 'AA==' }],
  ['a document in base64', { ...base, document: '+/+/' }],
  ['a document with spare bits', { ...base, document: 'AB' }],
  ['a document beyond the bound', { ...base, document: 'A'.repeat(131_076) }],
  ['another KEM', { ...base, hpke: { ...hpke, kem: 16 } }],
  ['another KDF', { ...base, hpke: { ...hpke, kdf: 3 } }],
  ['another AEAD', { ...base, hpke: { ...hpke, aead: 3 } }],
  ['a short key', { ...base, hpke: { ...hpke, public_key: HPKE_X.slice(0, 40) } }],
  ['a name that is not the key’s', { ...base, hpke: { ...hpke, kid: 'x' } }],
  ['no signing key', { ...base, signing: {} }],
  ['a signing key with another name', { ...base, signing: { ...signing, kid: 'x' } }],
  [
    'a signing key of another type',
    { ...base, signing: { ...signing, jwk: { ...signing.jwk, crv: 'X25519' } } },
  ],
  ['a digest in capitals', { ...base, config_digest: 'A'.repeat(64) }],
  ['a challenge with a space', { ...base, challenge: 'a b' }],
  ['a challenge without an end', { ...base, challenge_expires: 'soon' }],
])('attestation - refused: %s', async (_what, answer) => {
  expect(await verdict(answer)).toBe('malformed');
});

/** A verifier that a person might name. */
function script(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tdx-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'verifier');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o700);
  return file;
}

it('attestation - tdx is judged by the verifier that the person names', async () => {
  const quote = Buffer.from('quote');
  const check = `[ "$1" = ${NONCE.toString('hex')} ] && [ "$2" = ${USER_DATA.toString('hex')} ] && [ "$(cat)" = quote ] && [ -z "$HOME$BINANCE_SECRET" ]`;
  const judge = (tdxVerifier: string | null) =>
    verdict(answerOf('tdx', quote), { policy: { ...POLICY, tdxVerifier } });
  expect(await judge(null)).toBe('no_policy');
  expect(await judge(script(check))).toBe('attested');
  expect(await judge(script('exit 0'))).toBe('attested');
  expect(await judge(script('cat >/dev/null; exit 1'))).toBe('verifier_failed');
  expect(await judge(script('kill -9 $$'))).toBe('verifier_failed');
  expect(await judge('/nowhere/verifier')).toBe('verifier_failed');
  expect(
    await verdict(answerOf('tdx', Buffer.alloc(0)), { policy: { ...POLICY, tdxVerifier: script('exit 0') } }),
  ).toBe('malformed');
});

it('attestation - a verifier that does not end is ended', async () => {
  const verifier = script('exec sleep 60');
  const question = { verifier, nonce: NONCE, userData: USER_DATA };
  await expect(verifyTdx(Buffer.from('quote'), question, 200)).rejects.toMatchObject({
    kind: 'verifier_failed',
  });
});
