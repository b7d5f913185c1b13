import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SealedSummary, SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import type { Trade } from '../../../../src/trades/domain/trade.ts';
import { WINDOW_FILLS_MAX } from '../../../../src/trades/enclave/accounts/account-book-options.ts';
import { UNPOLLED_NAMES_MAX } from '../../../../src/trades/enclave/accounts/coverage.ts';
import { FILLS_OF_READ_MAX, FillBatch } from '../../../../src/trades/enclave/accounts/fill-batch.ts';
import { arbitraryTrades } from '../../domain/arbitrary-trades.ts';
import { fee, HOUR, SPOT, TEN_O_CLOCK_MS, tradeOf } from '../../domain/fills.ts';
import { BookBench, FULL, GRACE_MS, WHO } from './book-bench.ts';

const hour = (hours: number) => TEN_O_CLOCK_MS + hours * HOUR;
const shown = (trades: readonly Trade[]) => trades.map((trade) => ({ trade }));
const payload = (summary: SealedSummary | null | undefined): SummaryPayload =>
  JSON.parse(summary?.canonicalText ?? 'null') as SummaryPayload;
const at = (timestampMs: number, id: string, more: Partial<Trade> = {}) =>
  tradeOf({ timestampMs, id, ...more });

/** Polls at random distances, in seconds, until five hours are over. */
const polls = fc.array(fc.integer({ min: 1, max: 2_400 }), { minLength: 40, maxLength: 60 });

describe('account book - laws', () => {
  it('law - killed anywhere and restored from any checkpoint, it seals the same summaries', () => {
    const kills = fc.array(
      fc.record({ afterPoll: fc.nat(60), back: fc.nat(20), overlapMs: fc.constantFrom(0, 60_000) }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(arbitraryTrades(), polls, kills, (trades, waits, deaths) => {
        const endMs = hour(5) + GRACE_MS;
        const calm = new BookBench(shown(trades));
        for (let nowMs = hour(0); nowMs < endMs; nowMs += 60_000) calm.poll(nowMs);
        calm.poll(endMs);

        const killed = new BookBench(shown(trades));
        const kept = new Map<number, SealedSummary>();
        const checkpoints = [killed.checkpoint()];
        let nowMs = hour(0);
        for (const [index, wait] of waits.entries()) {
          nowMs = Math.min(endMs, nowMs + wait * 1_000);
          const death = deaths.find(({ afterPoll }) => afterPoll === index);
          if (death !== undefined)
            killed.restore(checkpoints[Math.max(0, checkpoints.length - 1 - death.back)] ?? '');
          killed.poll(nowMs, 7 * 24 * HOUR, death?.overlapMs);
          checkpoints.push(killed.checkpoint());
        }
        killed.poll(endMs, 7 * 24 * HOUR, HOUR);
        for (const summary of killed.sealed) {
          const earlier = kept.get(summary.periodEndMs);
          if (earlier !== undefined) expect(summary.canonicalText).toBe(earlier.canonicalText);
          kept.set(summary.periodEndMs, summary);
        }
        expect([...kept.values()].map(({ canonicalText }) => canonicalText)).toEqual(
          calm.sealed.map(({ canonicalText }) => canonicalText),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('law - short spans read oldest first seal the same as long ones', () => {
    fc.assert(
      fc.property(arbitraryTrades(), fc.integer({ min: 60_000, max: 3 * HOUR }), (trades, spanMaxMs) => {
        const endMs = hour(5) + GRACE_MS;
        const long = new BookBench(shown(trades));
        long.poll(endMs);
        const short = new BookBench(shown(trades));
        for (let isBehind = true; isBehind; ) ({ isBehind } = short.poll(endMs, spanMaxMs));
        expect(short.sealed.map(({ digest }) => digest)).toEqual(long.sealed.map(({ digest }) => digest));
      }),
      { numRuns: 40 },
    );
  });

  it('law - all trades are in the summaries once, and the figures by market have them all', () => {
    fc.assert(
      fc.property(arbitraryTrades(), polls, (trades, waits) => {
        const bench = new BookBench(shown(trades));
        let nowMs = hour(0);
        for (const wait of waits) bench.poll((nowMs += wait * 1_000));
        bench.poll(hour(5) + GRACE_MS, 7 * 24 * HOUR, 5 * HOUR);
        bench.flush();
        expect(bench.sealed.reduce((sum, summary) => sum + summary.trades, 0)).toBe(trades.length);
        const metrics = bench.book.metrics();
        expect(metrics.reduce((sum, market) => sum + market.trades, 0)).toBe(trades.length);
        expect(bench.book.summary().totalTrades).toBe(trades.length);
        expect(metrics.map(({ symbol }) => symbol)).toEqual(
          [...new Set(trades.map(({ market }) => market.symbol))].toSorted(),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('account book - hours', () => {
  it('an hour is sealed by a read that ended the grace after it, and not sooner', () => {
    const bench = new BookBench(shown([at(hour(0) + 5, '1')]));
    bench.poll(hour(1) + GRACE_MS - 1);
    expect(bench.sealed).toEqual([]);
    expect(bench.poll(hour(1) + GRACE_MS).span.isThorough).toBe(true);
    expect(payload(bench.sealed[0])).toMatchObject({
      client_id: 'account',
      period_start: '2025-01-01T10:00:00.000Z',
      period_end: '2025-01-01T11:00:00.000Z',
      totals: { trades: 1 },
      metadata: { provenance: 'polled', seq: 1, opening: 'unknown', scope: 'fills' },
    });
    expect(payload(bench.sealed[0]).metadata).not.toHaveProperty('unpolled_markets');
  });

  it('a start within an hour cuts it', () => {
    const startMs = hour(0) + 17 * 60_000;
    const bench = new BookBench(shown([at(startMs, '1'), at(startMs - 1, '0')]), startMs);
    bench.poll(hour(1) + GRACE_MS);
    expect(payload(bench.sealed[0])).toMatchObject({
      period_start: '2025-01-01T10:17:00.000Z',
      hourly_buckets: [{ t: '2025-01-01T10:00:00.000Z', trades: 1 }],
    });
  });

  it('no hour is begun before the one before it is closed, so that kills change no rounding', () => {
    const { book } = new BookBench([]);
    const batch = new FillBatch();
    batch.take([at(hour(0) + 5, '1'), at(hour(1) + 5, '2')], 'spot');
    book.read({ fromMs: hour(0), toMs: hour(2), isThorough: false }, batch, {}, FULL);
    expect(book.summary().totalTrades).toBe(1);
    book.read({ fromMs: hour(0), toMs: hour(2), isThorough: true }, new FillBatch(), {}, FULL);
    const due = book.due();
    if (due === null) throw new Error('an hour is over');
    expect(book.seal(due, WHO).trades).toBe(1);
    book.sealed(due, 'digest');
    expect(book.summary().totalTrades).toBe(2);
  });

  it('empty hours are held back, until one with trades or 24 of them', () => {
    const bench = new BookBench(shown([at(hour(2) + 5, '1')]));
    for (let hours = 1; hours <= 28; hours++) bench.poll(hour(hours) + GRACE_MS);
    expect(bench.sealed.map(({ periodStartMs, periodEndMs }) => [periodStartMs, periodEndMs])).toEqual([
      [hour(0), hour(3)],
      [hour(3), hour(27)],
    ]);
  });

  it('a flush cuts the open hour, and the next session goes on from there', () => {
    const bench = new BookBench(shown([at(hour(0) + 5, '1'), at(hour(0) + 30 * 60_000, '2')]));
    bench.poll(hour(0) + 20 * 60_000);
    expect(payload(bench.flush())).toMatchObject({
      period_end: '2025-01-01T10:20:00.000Z',
      totals: { trades: 1 },
    });
    expect(bench.flush()).toBeNull();
    bench.restore(bench.checkpoint());
    bench.book.skipTo(hour(0) + 19 * 60_000);
    bench.book.beginSession();
    bench.poll(hour(1) + GRACE_MS);
    expect(payload(bench.sealed[1])).toMatchObject({
      period_start: '2025-01-01T10:20:00.000Z',
      period_end: '2025-01-01T11:00:00.000Z',
      hourly_buckets: [{ t: '2025-01-01T10:00:00.000Z', trades: 1 }],
      metadata: { seq: 2, prev: bench.sealed[0]?.digest },
    });
    expect(payload(bench.sealed[1]).metadata).not.toHaveProperty('gap');
    expect(bench.book.summary().totalTrades).toBe(1);
  });
});

describe('account book - what is not known', () => {
  it('a late fill within the grace is in its hour', () => {
    const bench = new BookBench([{ trade: at(hour(1) - 100, '1'), shownAtMs: hour(1) + 90_000 }]);
    for (let nowMs = hour(0); nowMs <= hour(1) + GRACE_MS; nowMs += 30_000)
      bench.poll(nowMs, 24 * HOUR, GRACE_MS);
    expect(bench.sealed).toHaveLength(1);
    expect(bench.sealed[0]?.trades).toBe(1);
  });

  const late = () => {
    const fills = [
      { trade: at(hour(0) + 5, '1', { amount: '2' }) },
      {
        trade: at(hour(0) + 9, '2', { amount: '1', side: 'sell' as const, price: '110' }),
        shownAtMs: hour(1) + 600_000,
      },
    ];
    return fills;
  };

  it('a late fill of a sealed hour makes one correction, which names what it replaces', () => {
    const bench = new BookBench(late());
    bench.poll(hour(1) + GRACE_MS);
    const { counts } = bench.poll(hour(1) + 600_000, 24 * HOUR, 2 * HOUR);
    expect(counts).toEqual({ taken: 1, repeated: 1, late: 1, tooOld: 0 });
    bench.poll(hour(1) + 700_000, 24 * HOUR, 2 * HOUR);
    expect(bench.sealed).toHaveLength(2);
    expect(payload(bench.sealed[1])).toMatchObject({
      period_start: '2025-01-01T10:00:00.000Z',
      period_end: '2025-01-01T11:00:00.000Z',
      hourly_buckets: [{ trades: 2, return_pct: 10 }],
      metadata: { seq: 2, prev: bench.sealed[0]?.digest, revises: bench.sealed[0]?.digest },
    });
    bench.shown.push({ trade: at(hour(1) + 800_000, '3') });
    bench.poll(hour(2) + GRACE_MS);
    expect(payload(bench.sealed[2]).metadata).toMatchObject({ seq: 3, prev: bench.sealed[1]?.digest });
  });

  it('without metadata a late fill is only counted, and its lots are closed all the same', () => {
    const bench = new BookBench(late(), hour(0), { withMetadata: false });
    bench.poll(hour(1) + GRACE_MS);
    expect(bench.poll(hour(1) + 600_000, 24 * HOUR, 2 * HOUR).counts.late).toBe(1);
    bench.poll(hour(1) + 700_000);
    expect(bench.sealed).toHaveLength(1);
    bench.shown.push({ trade: at(hour(1) + 800_000, '3', { side: 'sell', amount: '2', price: '110' }) });
    bench.poll(hour(2) + GRACE_MS);
    expect(payload(bench.sealed[1])).toMatchObject({ hourly_buckets: [{ return_pct: 10 }] });
    expect(payload(bench.sealed[1])).not.toHaveProperty('metadata');
  });

  it('time beyond the reach of the exchange is a gap, in the summaries that it touches', () => {
    const bench = new BookBench(shown([at(hour(0) + 5, '1'), at(hour(3) + 5, '2'), at(hour(4) + 5, '3')]));
    bench.poll(hour(0) + 600_000);
    bench.flush();
    bench.book.skipTo(hour(3));
    bench.poll(hour(5) + GRACE_MS);
    expect(payload(bench.sealed[1]).metadata?.gap).toEqual({
      from: '2025-01-01T10:10:00.000Z',
      to: '2025-01-01T13:00:00.000Z',
    });
    expect(bench.sealed[1]?.trades).toBe(1);
    expect(payload(bench.sealed[2]).metadata).not.toHaveProperty('gap');
  });

  it('a fill that is too old to be told from counted ones is a gap and not a trade', () => {
    const bench = new BookBench([{ trade: at(hour(0) + 5, '1'), shownAtMs: hour(60) }]);
    for (let hours = 1; hours < 60; hours++) bench.poll(hour(hours) + GRACE_MS);
    expect(bench.poll(hour(60), 7 * 24 * HOUR, 61 * HOUR).counts.tooOld).toBe(1);
    bench.shown.push({ trade: at(hour(60) + 5, '2') });
    bench.poll(hour(61) + GRACE_MS);
    expect(payload(bench.sealed.at(-1))).toMatchObject({
      totals: { trades: 1 },
      metadata: { gap: { from: '2025-01-01T10:00:00.005Z', to: '2025-01-01T10:00:00.006Z' } },
    });
  });

  it('markets that were not polled or searched are counted, and so is an account that moved without fills', () => {
    const bench = new BookBench(shown([at(hour(0) + 5, '1')]));
    bench.report = {
      ...FULL,
      unpolled: [{ symbol: 'OLD/USDT', kind: 'market_unavailable' }],
      unsearched: 3,
      isIncomplete: true,
    };
    bench.poll(hour(1) + GRACE_MS);
    expect(payload(bench.sealed[0]).metadata?.unpolled_markets).toBe(5);
    bench.report = FULL;
    // Not every market is asked by this read.
    expect(bench.poll(hour(1) + GRACE_MS + 1_000).span.isThorough).toBe(false);
    expect(bench.book.unpolledMarkets).toBe(1);
    bench.poll(hour(2) + GRACE_MS);
    expect(bench.book.unpolledMarkets).toBe(0);
  });

  it('without a price an amount is unconverted in its hour, and later hours are converted', () => {
    const paid = (timeMs: number, id: string) => at(timeMs, id, { fees: [fee('1', 'BNB')] });
    const bench = new BookBench(shown([paid(hour(0) + 5, '1'), paid(hour(1) + 5, '2')]));
    bench.priceOf = (_, hourMs) => (hourMs === hour(0) ? null : '300');
    bench.poll(hour(2) + GRACE_MS);
    expect(payload(bench.sealed[0])).toMatchObject({
      totals: { fees_usd: 0 },
      metadata: { unconverted: { BNB: { fees: 1 } } },
    });
    expect(payload(bench.sealed[1])).toMatchObject({ totals: { fees_usd: 300 } });
    expect(bench.book.metrics()).toMatchObject([{ symbol: SPOT.symbol, trades: 2, totalFees: 300 }]);
  });
});

describe('account book - bounds', () => {
  it('a batch at its bound takes no further fill', () => {
    const batch = new FillBatch(2);
    batch.take([at(hour(0), '1'), at(hour(0), '2')], 'spot');
    expect(() => batch.take([at(hour(0), '3')], 'spot')).toThrow(/more fills/);
    expect(batch.deliveries).toHaveLength(1);
  });

  it('more fills than the window holds are folded before their grace, and all count', () => {
    const bench = new BookBench([]);
    for (let part = 0; part * FILLS_OF_READ_MAX <= WINDOW_FILLS_MAX; part++) {
      const batch = new FillBatch();
      const fills = Array.from({ length: FILLS_OF_READ_MAX }, (_, index) =>
        at(hour(0) + part * 20_000 + index, `${index}`),
      );
      batch.take(
        fills.map((trade) => ({ ...trade, id: `${part} ${trade.id ?? ''}` })),
        'spot',
      );
      const span = { fromMs: hour(0), toMs: hour(0) + (part + 1) * 20_000, isThorough: true };
      expect(bench.book.read(span, batch, {}, FULL).taken).toBe(FILLS_OF_READ_MAX);
    }
    expect(bench.flush()?.trades).toBe(WINDOW_FILLS_MAX + FILLS_OF_READ_MAX);
  });

  it('of unpolled markets a thousand are named, and all are counted', () => {
    const bench = new BookBench([]);
    const unpolled = Array.from({ length: UNPOLLED_NAMES_MAX + 5 }, (_, index) => ({
      symbol: `${index}`,
      kind: 'market_unavailable' as const,
    }));
    bench.report = { ...FULL, unpolled };
    bench.poll(hour(0) + 60_000);
    expect(bench.book.coverage.unpolled).toHaveLength(UNPOLLED_NAMES_MAX);
    expect(bench.book.unpolledMarkets).toBe(UNPOLLED_NAMES_MAX + 5);
  });

  it('an idle account takes less than 150 kB', () => {
    const bench = new BookBench([]);
    for (let hours = 1; hours < 60; hours++) bench.poll(hour(hours) + GRACE_MS);
    expect(bench.checkpoint().length).toBeLessThan(10_000);
  });
});
