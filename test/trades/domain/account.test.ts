// The parts of an account together: window, hours, prices and periods, as the enclave will use them.

import { expect, it } from 'vitest';
import { figuresOf } from '../../../src/trades/domain/figures.ts';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import { type NextSummary, Periods } from '../../../src/trades/domain/period.ts';
import { PriceBook } from '../../../src/trades/domain/price-book.ts';
import { Valuation } from '../../../src/trades/domain/valuation.ts';
import { TradeWindow } from '../../../src/trades/domain/window.ts';
import { fee, HOUR, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

const GRACE_MS = 120_000;
const OPTIONS = { hashKey: new Uint8Array(32), rememberMs: 24 * HOUR, heldMax: 100, rememberedMax: 100 };

it('account - a fill within the grace is in its hour; a later one makes one correction of that hour', () => {
  const window = new TradeWindow(TEN_O_CLOCK_MS, OPTIONS);
  const book = new HourBook('realized_fifo');
  const prices = new PriceBook();
  const periods = Periods.from(TEN_O_CLOCK_MS);
  const elevenMs = TEN_O_CLOCK_MS + HOUR;
  const twelveMs = elevenMs + HOUR;
  const fold = (toMs: number) => window.release(toMs).map((trade) => book.fold(trade));
  const figures = ({ startMs, endMs }: NextSummary) =>
    figuresOf(book.hours(startMs, endMs), new Valuation(null, prices.priceOf), 'realized_fifo');
  const next = (summary: NextSummary | null): NextSummary => {
    if (summary === null) throw new Error('nothing to seal');
    return summary;
  };

  const buy = tradeOf({ amount: '2', id: '1', fees: [fee('0.01', 'BNB')] });
  const atTheEnd = tradeOf({ side: 'sell', price: '110', id: '2', timestampMs: elevenMs - 100 });
  window.take([buy], 'spot');
  fold(elevenMs + 91_000 - GRACE_MS);
  // The fill of 10:59:59.9 appears at 11:01:31, within the grace.
  expect(window.take([buy, atTheEnd], 'spot')).toMatchObject({ taken: 1, late: 0, repeated: 1 });
  fold(elevenMs);
  expect(prices.missing(book.hours(TEN_O_CLOCK_MS, elevenMs))).toEqual([
    { asset: 'BNB', hourMs: TEN_O_CLOCK_MS },
  ]);
  prices.add({ asset: 'BNB', hourMs: TEN_O_CLOCK_MS }, '600');
  const first = next(periods.next(elevenMs, 2));
  expect(figures(first).buckets).toMatchObject([{ trades: 2, return_pct: 7, fees_usd: 6 }]);
  periods.sealed(first, 'digest of ten');

  // A fill of 10:30 appears after the hour was sealed.
  const late = tradeOf({ side: 'sell', price: '120', id: '3', timestampMs: TEN_O_CLOCK_MS + HOUR / 2 });
  window.take([tradeOf({ id: '4', timestampMs: elevenMs })], 'spot');
  expect(window.take([late, atTheEnd], 'spot')).toMatchObject({ taken: 1, late: 1, repeated: 1 });
  expect(fold(elevenMs + 1).map(({ hourMs }) => hourMs)).toEqual([TEN_O_CLOCK_MS, elevenMs]);
  const correction = next(periods.correction(late.timestampMs));
  expect(correction).toMatchObject({
    startMs: TEN_O_CLOCK_MS,
    endMs: elevenMs,
    revises: 'digest of ten',
    seq: 2,
  });
  // Complete buckets: both sells of the two that were bought.
  expect(figures(correction).buckets).toMatchObject([{ trades: 3, return_pct: 12, volume_quote: 430 }]);
  periods.sealed(correction, 'digest of the correction');

  const second = next(periods.next(twelveMs, 1));
  expect(second).toMatchObject({
    startMs: elevenMs,
    endMs: twelveMs,
    seq: 3,
    prev: 'digest of the correction',
  });
  expect(figures(second).buckets).toMatchObject([{ trades: 1, return_pct: 0 }]);
});
