// The payload of a summary: members, metadata, period. That it can be read back and verified is tested with it.

import { describe, expect, it } from 'vitest';
import { NotCanonicalError, withSignature } from '../../../src/trades/domain/canonical.ts';
import { type SealingWho, sealSummary } from '../../../src/trades/domain/payload.ts';
import type { SummaryFigures } from '../../../src/trades/domain/summary.ts';
import { verifySummary } from '../../../src/trades/domain/verify-summary.ts';
import { SummarySigner } from '../../../src/trades/sinks/signer.ts';
import { FIRST, KEYS, KID, SIGNING_KEY } from './check-values.ts';

const bucket = (t: string) => ({
  t,
  return_pct: 0,
  trades: 1,
  volume_base: 5e-7,
  volume_quote: 2,
  fees_usd: -2.5e-7,
});

const FIGURES: SummaryFigures = {
  buckets: [bucket('2025-01-01T00:00:00.000Z'), bucket('2025-01-01T05:00:00.000Z')],
  totals: { trades: 2, volume_base: 1e-6, volume_quote: 4, fees_usd: -5e-7 },
  notes: { return_basis: 'realized_fifo', mixed_base: true, quote: 'EUR' },
};

const EMPTY: SummaryFigures = {
  buckets: [],
  totals: { trades: 0, volume_base: 0, volume_quote: 0, fees_usd: 0 },
  notes: { return_basis: 'price_move' },
};

const JOB: SealingWho = {
  clientId: 'test-client-1',
  exchange: 'mock',
  connectorVersion: '0.2.0',
  keyId: KID,
  withMetadata: true,
  canonical: 'rfc8785',
  provenance: 'client_reported',
  nowMs: 1_735_700_000_123,
};

const START_MS = Date.parse('2025-01-01T00:00:00.000Z');

describe('payload', () => {
  it('payload - a job has its figures, its notes, and no seq', () => {
    const sealed = sealSummary(FIGURES, JOB);
    expect(JSON.parse(sealed.canonicalText)).toEqual({
      client_id: 'test-client-1',
      exchange: 'mock',
      connector_version: '0.2.0',
      period_start: '2025-01-01T00:00:00.000Z',
      period_end: '2025-01-01T06:00:00.000Z',
      hourly_buckets: FIGURES.buckets,
      totals: FIGURES.totals,
      metadata: {
        schema: 1,
        key_id: KID,
        provenance: 'client_reported',
        return_basis: 'realized_fifo',
        scope: 'fills',
        mixed_base: true,
        quote: 'EUR',
      },
    });
    expect(sealed).toMatchObject({
      clientId: 'test-client-1',
      exchange: 'mock',
      periodStartMs: START_MS,
      periodEndMs: START_MS + 6 * 3_600_000,
      trades: 2,
    });
    expect(sealed.buckets).toBe(FIGURES.buckets);
  });

  it('payload - without trades both ends are the time of processing', () => {
    const sealed = sealSummary(EMPTY, JOB);
    expect(sealed).toMatchObject({
      periodStartMs: JOB.nowMs,
      periodEndMs: JOB.nowMs,
      buckets: [],
      trades: 0,
    });
    expect(sealed.canonicalText).toContain('"period_end":"2025-01-01T02:53:20.123Z"');
  });

  it('payload - without metadata it is check value 1', () => {
    const { hourly_buckets: buckets, totals } = JSON.parse(FIRST.text) as {
      hourly_buckets: SummaryFigures['buckets'];
      totals: SummaryFigures['totals'];
    };
    const sealed = sealSummary({ buckets, totals, notes: FIGURES.notes }, { ...JOB, withMetadata: false });
    expect(sealed).toMatchObject({ canonicalText: FIRST.text, digest: FIRST.digest });
  });

  it('payload - the plain form is named in metadata', () => {
    const sealed = sealSummary(FIGURES, { ...JOB, canonical: 'plain' });
    expect(sealed.canonicalText).toContain('"canonical":"plain"');
    expect(sealed.canonicalText).toContain('"volume_base":0.000001,');
    expect(sealed.canonicalText).toContain('"volume_base":0.0000005,');
    expect(sealSummary(FIGURES, JOB).canonicalText).not.toContain('"canonical"');
  });

  it('payload - an account has its own period, and what links its summaries', () => {
    const account = {
      seq: 7,
      prev: FIRST.digest,
      revises: 'a'.repeat(64),
      opening: 'unknown' as const,
      periodStartMs: START_MS + 1,
      periodEndMs: START_MS + 2,
    };
    const sealed = sealSummary(FIGURES, { ...JOB, provenance: 'polled', account });
    const { metadata, period_start, period_end } = JSON.parse(sealed.canonicalText) as Record<
      string,
      unknown
    >;
    expect(metadata).toMatchObject({
      seq: 7,
      prev: FIRST.digest,
      revises: 'a'.repeat(64),
      opening: 'unknown',
    });
    expect(metadata).not.toHaveProperty('periodStartMs');
    expect([period_start, period_end]).toEqual(['2025-01-01T00:00:00.001Z', '2025-01-01T00:00:00.002Z']);
    expect(() => sealSummary(FIGURES, { ...JOB, account, withMetadata: false })).toThrow('needs metadata');
  });

  it.each(['rfc8785', 'plain'] as const)(
    'payload - signed as %s it is genuine, and its body is canonical',
    async (canonical) => {
      for (const withMetadata of [true, false]) {
        for (const figures of [FIGURES, EMPTY]) {
          const sealed = sealSummary(figures, { ...JOB, canonical, withMetadata });
          const signature = await new SummarySigner(SIGNING_KEY).sign(sealed.canonicalText);
          const verdict = verifySummary(withSignature(sealed.canonicalText, signature), KEYS);
          expect(verdict).toMatchObject({ kind: 'ok', digest: sealed.digest, keyId: KID });
        }
      }
    },
  );

  it('payload - a figure that JSON cannot say is refused', () => {
    for (const volume_quote of [NaN, Infinity, -0]) {
      const figures = { ...EMPTY, totals: { ...EMPTY.totals, volume_quote } };
      expect(() => sealSummary(figures, JOB)).toThrow(NotCanonicalError);
    }
    expect(() => sealSummary(EMPTY, { ...JOB, clientId: '\ud800' })).toThrow(NotCanonicalError);
  });
});
