// Both check values, byte for byte: text, digest, signature, body, and that the body is genuine.

import { describe, expect, it } from 'vitest';
import { canonicalText, digestOf, withSignature } from '../../../src/trades/domain/canonical.ts';
import type { Canonical } from '../../../src/trades/domain/summary.ts';
import { verifySummary } from '../../../src/trades/domain/verify-summary.ts';
import { SummarySigner } from '../../../src/trades/sinks/signer.ts';
import { FIRST, KEYS, KID, SECOND, SIGNING_KEY } from './check-values.ts';

const ROWS: readonly [string, string, Canonical, { readonly digest: string; readonly signature: string }][] =
  [
    ['1', FIRST.text, 'rfc8785', FIRST],
    ['1, plain', FIRST.text, 'plain', FIRST],
    ['2', SECOND.text, 'rfc8785', SECOND],
    ['2, plain', SECOND.text, 'plain', SECOND.plain],
  ];

describe('check values', () => {
  it.each(ROWS)('check value %s - digest, signature and body', async (_name, text, canonical, expected) => {
    const payload: unknown = JSON.parse(text);
    const signed = canonicalText(payload, canonical);
    if (canonical === 'rfc8785') expect(signed).toBe(text);
    expect(digestOf(signed)).toBe(expected.digest);
    const signer = new SummarySigner(SIGNING_KEY);
    expect(await signer.sign(signed)).toBe(expected.signature);
    const body = withSignature(signed, expected.signature);
    expect(JSON.parse(body)).toEqual({ ...(payload as object), signature: expected.signature });
    expect(canonicalText(JSON.parse(body), canonical)).toBe(body);
    const verdict = verifySummary(body, KEYS);
    expect(verdict).toMatchObject({ kind: 'ok', digest: expected.digest, keyId: KID, payload });
    expect(verifySummary(Buffer.from(body), KEYS)).toEqual(verdict);
  });

  it('the plain form writes small numbers out', () => {
    const plain = canonicalText(JSON.parse(SECOND.text), 'plain');
    expect(plain).toContain('"volume_base":0.0000005,');
    expect(plain).toContain('"fees_usd":-0.00000025,');
  });
});
