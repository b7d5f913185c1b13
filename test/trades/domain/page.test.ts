// The examples of docs/trades.md: both check values stand there byte for byte, the body is genuine, and the code that
// verifies it runs as it stands there.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { digestOf as digestText } from '../../../src/trades/domain/canonical.ts';
import { readVerificationKeys } from '../../../src/trades/domain/verification-key.ts';
import { verifySummary } from '../../../src/trades/domain/verify-summary.ts';
import { FIRST, KID, SECOND, X } from './check-values.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/trades.md`, 'utf8');
const line = (start: string) => PAGE.split('\n').find((each) => each.startsWith(start)) ?? '';

const BODY = line('{"client_id":"me"');
const KEY_SET = line('{"keys":');
const DIGEST = line('idempotency-key: ').slice('idempotency-key: '.length);

it('page of trades - both check values stand in it', () => {
  const { plain, ...second } = SECOND;
  const values = [X, KID, ...Object.values(FIRST), ...Object.values(second), ...Object.values(plain)];
  expect(values.filter((value) => !PAGE.includes(value))).toEqual([]);
});

it('page of trades - the body of its session is genuine, with the digest that the request names', () => {
  const verdict = verifySummary(Buffer.from(BODY), readVerificationKeys(KEY_SET));
  expect(verdict).toMatchObject({ kind: 'ok', digest: DIGEST, provenance: 'client_reported' });
});

it('page of trades - its code verifies that body, and no other', async () => {
  const code = /```js\n(import [^]*?)```/.exec(PAGE)?.[1] ?? '';
  // Within the project, because the code imports a package by its name.
  mkdirSync(`${ROOT}.cache`, { recursive: true });
  const folder = mkdtempSync(`${ROOT}.cache/page-`);
  try {
    const file = join(folder, 'verify.mjs');
    writeFileSync(file, code);
    const { digestOf } = (await import(pathToFileURL(file).href)) as {
      digestOf(body: string, jwk: unknown): string | null;
    };
    const { keys } = JSON.parse(KEY_SET) as { keys: readonly unknown[] };
    expect(digestOf(BODY, keys[0])).toBe(DIGEST);
    expect(digestOf(BODY.replace('"trades":2', '"trades":3'), keys[0])).toBeNull();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('page of trades - cut out of the body, the signature leaves the signed text', () => {
  const cut = BODY.replace(/"signature":"[^"]{88}",/, '');
  expect(digestText(cut)).toBe(DIGEST);
});
