// Reads fills at Kraken: one list for all markets, newest first, by offset. Its start is exclusive and its end inclusive,
// both in whole seconds. A fill that shows while pages are being read moves all later ones, so pages are read again until
// their number stays.
//
// Source: https://docs.kraken.com/api-reference/account-data/get-trades-history. That `consolidate_taker=false` keeps the
// ids of single fills is unverified.

import {
  ExchangeError,
  type ExchangeCalls,
  type FeedReader,
  type FillSink,
  type ReadReport,
  type ReadSpan,
  TooManyFills,
} from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';
import { isObject } from '../../../lib/is-object.ts';
import { decimalOf, memberOf, textOf, wholeOf } from './answer.ts';
import { asList, initialList, type FeedState } from './feed-state.ts';
import { DAY_MS, readFromMs, type Span } from './spans.ts';
import { TradeReader } from './trade-reader.ts';

/** The exchange names no longest span; a month of a busy account is still read within the pages of one read. */
const SPAN_MAX_MS = 30 * DAY_MS;
/** Fills can show late; so much is read again each time, in ms. Above the second that the exchange's start leaves out. */
const OVERLAP_MS = 300_000;
/** Most pages of one pass: 100,000 fills. */
const PAGES_MAX = 2_000;
/** Most passes until the number of fills stays; afterwards every fill that was there at the first pass was read. */
const PASSES_MAX = 5;

/** Reader of one kind of Kraken account. An idle read makes one request. */
export class KrakenFeed implements FeedReader<FeedState> {
  readonly spanMaxMs = SPAN_MAX_MS;
  readonly reachMs = null;
  readonly overlapMs = OVERLAP_MS;
  readonly #isMargin: boolean;

  constructor(accountType: 'spot' | 'margin') {
    this.#isMargin = accountType === 'margin';
  }

  initial(startMs: number): FeedState {
    return initialList(startMs);
  }

  async read(
    calls: ExchangeCalls,
    given: FeedState,
    span: ReadSpan,
    sink: FillSink,
  ): Promise<{ state: FeedState; report: ReadReport }> {
    const state = asList(given);
    const reader = new TradeReader(calls, await calls.markets(), ['spot'], state);
    const limits = { startMs: state.startMs, reachMs: null, nowMs: calls.nowMs() };
    const wanted = { fromMs: readFromMs(span, limits), toMs: span.toMs };
    const take = async (rows: readonly unknown[]) => {
      const trades: Trade[] = [];
      for (const row of rows) {
        if (isMarginFill(row) !== this.#isMargin) continue;
        const trade = await reader.readUnnamed(row, textOf(memberOf(row, 'pair')) ?? '');
        if (trade === null || trade.timestampMs < wanted.fromMs || trade.timestampMs >= wanted.toMs) continue;
        trades.push(trade);
      }
      if (trades.length > 0) sink.take(trades, this.#isMargin ? 'margin' : 'spot');
    };
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      if (await readPages(calls, wanted, take)) break;
    }
    return {
      state: { ...state, ...reader.remembered(span.toMs) },
      report: { unpolled: reader.unpolled, unsearched: 0, isIncomplete: false, userId: reader.userId },
    };
  }
}

/** Reads all pages once. False if the number of fills changed meanwhile. */
async function readPages(
  calls: ExchangeCalls,
  { fromMs, toMs }: Span,
  take: (rows: readonly unknown[]) => Promise<void>,
): Promise<boolean> {
  const start = Math.floor(fromMs / 1000) - 1;
  let first: number | null = null;
  let offset = 0;
  for (let pages = 0; ; pages++) {
    if (pages === PAGES_MAX) throw new TooManyFills();
    const answer = await calls.call('privatePostTradesHistory', {
      start: Math.max(start, 0),
      end: Math.ceil(toMs / 1000),
      ofs: offset,
      consolidate_taker: false,
    });
    const result = memberOf(answer, 'result');
    const trades = memberOf(result, 'trades');
    if (!isObject(trades)) throw new ExchangeError('exchange_error');
    // Ids are the names of the members.
    const rows = Object.entries(trades).map(([id, row]) => (isObject(row) ? { ...row, id } : row));
    const count = wholeOf(memberOf(result, 'count'));
    first ??= count;
    await take(rows);
    offset += rows.length;
    if (rows.length === 0 || (count !== null && offset >= count)) return first === count;
  }
}

/** True for a fill that opens or closes a margin position. */
function isMarginFill(row: unknown): boolean {
  const isAboveZero = (name: string) => Number(decimalOf(memberOf(row, name)) ?? '0') > 0;
  return isAboveZero('margin') || isAboveZero('leverage') || textOf(memberOf(row, 'posstatus')) !== null;
}
