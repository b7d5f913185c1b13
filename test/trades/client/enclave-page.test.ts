// The examples and tables of docs/enclave.md: the worked envelope opens, digests are those of the texts beside them, the code
// for clients computes them, and every reason, warning and code of a refusal is listed.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { readEnclaveSettings } from '../../../src/trades/config/enclave-settings.ts';
import { decodeAccountRegistration } from '../../../src/trades/domain/account-registration.ts';
import { ACCOUNT_REASONS, KEY_WARNINGS } from '../../../src/trades/domain/account-reasons.ts';
import { reportDataOf, userDataOf } from '../../../src/trades/domain/attestation.ts';
import { decodeEnvelope } from '../../../src/trades/domain/decode-envelope.ts';
import { ENVELOPE_INFO, envelopeAad, envelopeKeyId } from '../../../src/trades/domain/envelope.ts';
import { openSealed } from '../../../src/trades/enclave/keys/hpke.ts';
import { ENCLAVE_ERRORS } from '../../../src/trades/http/enclave-parameters.ts';
import { quotedWords, tableRows } from '../../support/metric-docs.ts';
import { readAttestationAnswer } from '../../../src/trades/client/attestation-answer.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/enclave.md`, 'utf8');
const LINES = PAGE.split('\n');
const line = (start: string) => LINES.find((each) => each.startsWith(start)) ?? '';
const section = (heading: string) => new RegExp(`\n#+ ${heading}\n([^]*?)(?=\n#+ )`).exec(PAGE)?.[1] ?? '';

const PRIVATE = /is `([\w-]{43})` \(base64url\)/.exec(PAGE)?.[1] ?? '';
const PUBLIC = /the public half is\n\n```\n([\w-]{43})\n/.exec(PAGE)?.[1] ?? '';
const PLAIN = line('{"userId":"alice"');
const AAD = line('{"kid":');
const ENVELOPE = line('{"v":1,"kid":');
const ANSWER = line('{"v":1,"platform":');
const SETTINGS = line('{"exchange_urls":');
const BOUND = line('{"config_digest":');

it('page of the enclave - the worked envelope opens, and is a registration', async () => {
  const envelope = decodeEnvelope(ENVELOPE);
  if ('fault' in envelope) throw new Error(envelope.fault);
  expect(envelopeAad(envelope)).toBe(AAD);
  expect(envelopeKeyId(PUBLIC)).toBe(envelope.kid);
  const jwk = { kty: 'OKP', crv: 'X25519', x: PUBLIC };
  const pair = {
    privateKey: createPrivateKey({ key: { ...jwk, d: PRIVATE }, format: 'jwk' }).toCryptoKey(
      'X25519',
      false,
      ['deriveBits'],
    ),
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }).toCryptoKey('X25519', true, []),
  };
  const plain = await openSealed(pair, {
    enc: Buffer.from(envelope.enc, 'base64url'),
    ct: Buffer.from(envelope.ct, 'base64url'),
    info: Buffer.from(ENVELOPE_INFO),
    aad: Buffer.from(AAD),
  });
  expect(Buffer.from(plain ?? []).toString()).toBe(PLAIN);
  expect(decodeAccountRegistration(Buffer.from(PLAIN), envelope.metadata, 0)).toMatchObject({
    label: 'alice',
    options: { exchange: 'binance', accountType: 'spot' },
    ttlSeconds: 3_600,
  });
});

it('page of the enclave - its code computes what the enclave binds', async () => {
  const { keys } = readAttestationAnswer(JSON.parse(ANSWER));
  expect(keys.configDigest).toBe(readEnclaveSettings({}, false).settings.configDigest);
  expect(JSON.parse(BOUND)).toEqual({
    config_digest: keys.configDigest,
    hpke_pk: keys.hpkePublicKey,
    signing_pk: keys.signingPublicKey,
    version: keys.version,
  });
  const userData = userDataOf(keys);
  expect(PAGE).toContain(`\`${userData.toString('hex')}\``);
  const code = /```js\n(import [^]*?)```/.exec(section('What is attested'))?.[1] ?? '';
  mkdirSync(`${ROOT}.cache`, { recursive: true });
  const folder = mkdtempSync(`${ROOT}.cache/page-`);
  try {
    const file = join(folder, 'attested.mjs');
    writeFileSync(file, code);
    const own = (await import(pathToFileURL(file).href)) as {
      userDataOf(answer: unknown, settings: unknown): Buffer;
      reportDataOf(userData: Uint8Array, nonce: Uint8Array): Buffer;
    };
    expect(own.userDataOf(JSON.parse(ANSWER), JSON.parse(SETTINGS))).toEqual(userData);
    const nonce = Buffer.alloc(32, 7);
    expect(own.reportDataOf(userData, nonce)).toEqual(reportDataOf(userData, nonce));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('page of the enclave - every reason and warning stands there in the words of the program', () => {
  const reasons = tableRows(section('States and reasons')).map(([word, , meaning]) => [
    quotedWords(word)[0],
    meaning,
  ]);
  expect(reasons).toEqual(Object.entries(ACCOUNT_REASONS));
  const warnings = tableRows(section('Warnings')).map(([word, meaning]) => [quotedWords(word)[0], meaning]);
  expect(warnings).toEqual(Object.entries(KEY_WARNINGS));
});

it('page of the enclave - refusals stand there with their status', () => {
  const listed = LINES.flatMap((each) => {
    const [, status, codes = ''] = /^\| (\d{3}) \| ([^|]+) \|/.exec(each) ?? [];
    return quotedWords(codes).map((code) => [code, Number(status)] as const);
  });
  expect(Object.fromEntries(listed)).toMatchObject(ENCLAVE_ERRORS);
  const desk = readFileSync(`${ROOT}src/trades/enclave/accounts/account-desk.ts`, 'utf8');
  const refusals = [...desk.matchAll(/status: (\d+),\n\s+code: '(\w+)'/g)];
  const ofDesk = refusals.map(([, status, code = '']) => [code, Number(status)] as const);
  expect(ofDesk.length).toBeGreaterThan(3);
  expect(Object.fromEntries(listed)).toMatchObject(Object.fromEntries(ofDesk));
  expect(listed.length).toBeGreaterThan(20);
});
