import { describe, expect, it } from 'vitest';
import type { BucketPoint } from '../../../src/trades/domain/questions.ts';
import { readBuckets, SERIES_POINTS_MAX } from '../../../src/trades/workers/bucket-series.ts';
import { bucket, commit, dead, HOUR_MS, NOW_MS, openWriter, sealed } from '../store/facts.ts';

const point = (hours: number, trades: number, volumeQuote: number, feesUsd: number): BucketPoint => ({
  atMs: NOW_MS + hours * HOUR_MS,
  trades,
  volumeQuote,
  feesUsd,
});
const SPAN = { fromMs: NOW_MS, toMs: NOW_MS + 3 * HOUR_MS, clientId: null };

describe('the series of buckets', () => {
  it('buckets - hours of all clients add up, and hours without trades are 0', () => {
    const { database, writer } = openWriter();
    commit(
      writer,
      sealed(1, { buckets: [bucket(-1), bucket(0), bucket(2)] }),
      sealed(2, {
        entry: { clientId: 'b', exchange: 'kraken' },
        buckets: [bucket(2, { trades: 5, fees_usd: -1 })],
      }),
      sealed(3, { entry: { clientId: 'b' }, buckets: [bucket(2), bucket(3)] }),
      dead(3),
    );
    expect(readBuckets(database, SPAN)).toEqual({
      stepMs: HOUR_MS,
      points: [point(0, 2, 100, 0.5), point(1, 0, 0, 0), point(2, 9, 300, 0)],
    });
    expect(readBuckets(database, { ...SPAN, clientId: 'b' }).points.at(-1)).toEqual(point(2, 7, 200, -0.5));
    expect(readBuckets(database, { ...SPAN, clientId: 'c' }).points).toHaveLength(3);
  });

  it('buckets - amounts in another asset than USD are not added to USD, and their trades count', () => {
    const { database, writer } = openWriter();
    commit(writer, sealed(1), sealed(2, { quote: 'BTC' }), sealed(3, { quote: 'BTC', buckets: [bucket(1)] }));
    expect(readBuckets(database, SPAN).points.slice(0, 2)).toEqual([
      point(0, 4, 100, 0.5),
      point(1, 2, 0, 0),
    ]);
  });

  it('buckets - equal summaries of two jobs count once, also when the first one is deleted', () => {
    const { database, writer } = openWriter(undefined, { retentionMs: 1 });
    const told = { body: 'equal', buckets: [bucket(0), bucket(1)] };
    commit(writer, sealed(1, told), sealed(2, told), {
      type: 'delivered',
      entryId: 1,
      atMs: NOW_MS - 10,
      attempt: { status: 200, reason: '', response: '' },
    });
    const points = [point(0, 2, 100, 0.5), point(1, 2, 100, 0.5), point(2, 0, 0, 0)];
    expect(readBuckets(database, SPAN).points).toEqual(points);
    while (!writer.pruneStep(NOW_MS));
    expect(readBuckets(database, SPAN).points).toEqual(points);
  });

  it('buckets - a correction takes the place of the period that it repeats, and cut hours add up', () => {
    const { database, writer } = openWriter();
    const account = (seq: number, fromHour: number, trades: number, more = {}) =>
      sealed(seq, {
        entry: {
          provenance: 'polled' as const,
          seq,
          periodStartMs: NOW_MS + fromHour * HOUR_MS,
          periodEndMs: NOW_MS + (fromHour + 1) * HOUR_MS,
          ...more,
        },
        buckets: [bucket(0, { trades })],
      });
    // The hour was cut by a restart: two periods of one hour.
    const middleMs = NOW_MS + HOUR_MS / 2;
    commit(
      writer,
      account(1, 0, 3, { periodEndMs: middleMs }),
      account(2, 0, 4, { periodStartMs: middleMs, periodEndMs: NOW_MS + HOUR_MS }),
    );
    const first = () => readBuckets(database, SPAN).points[0]?.trades;
    expect(first()).toBe(7);
    commit(writer, account(3, 0, 5, { periodEndMs: middleMs }));
    expect(first()).toBe(9);
    commit(writer, account(4, 0, 6, { periodEndMs: middleMs, clientId: 'b' }));
    expect(first()).toBe(15);
  });

  it('buckets - a long span has longer steps, which begin at whole multiples', () => {
    const { database, writer } = openWriter();
    commit(writer, sealed(1, { buckets: [bucket(0), bucket(1), bucket(30)] }));
    for (const hours of [1, 799, 800, 2_000, 50_000, 600_000]) {
      const { stepMs, points } = readBuckets(database, {
        fromMs: Math.max(0, NOW_MS - hours * HOUR_MS),
        toMs: NOW_MS + 40 * HOUR_MS,
        clientId: null,
      });
      expect(points.length).toBeLessThanOrEqual(SERIES_POINTS_MAX);
      expect(points.reduce((sum, { trades }) => sum + trades, 0)).toBe(6);
      expect(points.every(({ atMs }) => atMs % stepMs === 0)).toBe(true);
    }
  });
});
