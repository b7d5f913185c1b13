// Reads fills at Bybit: one list for all markets of a category, newest first, in windows of seven days. It asks for every
// type of execution, because liquidations and settlements are fills too, and leaves funding out.
//
// Sources: https://bybit-exchange.github.io/docs/v5/order/execution (windows, pages, 730 days) and
// https://bybit-exchange.github.io/docs/v5/enum#exectype.

import {
  ExchangeError,
  type ExchangeCalls,
  type FeedReader,
  type FillSink,
  type ReadReport,
  type ReadSpan,
  TooManyFills,
} from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import type { Fee, Trade } from '../../domain/trade.ts';
import { decimalOf, memberOf, rowsOf, textOf } from './answer.ts';
import { forOneMarket } from './failures.ts';
import { asList, initialList, type FeedState } from './feed-state.ts';
import { cutSpan, DAY_MS, readFromMs, type Span, THOROUGH_MS } from './spans.ts';
import { TradeReader } from './trade-reader.ts';

const WINDOW_MS = 7 * DAY_MS;
const REACH_MS = 730 * DAY_MS;
/** Fills can show late; so much is read again each time, in ms. */
const OVERLAP_MS = 300_000;
const PAGE_ROWS = 100;
/** Most pages of one window and category: 200,000 fills. */
const PAGES_MAX = 2_000;

/** Executions that change what is held. A classic spot account leaves the type empty. */
const FILLS: ReadonlySet<string> = new Set([
  '',
  'Trade',
  'AdlTrade',
  'BustTrade',
  'Delivery',
  'Settle',
  'BlockTrade',
  'MovePosition',
  'FutureSpread',
]);
/** Executions that move money only. */
const NO_FILLS: ReadonlySet<string> = new Set([
  'Funding',
  'SessionSettlePnL',
  'CorporateAction',
  'ForwardSplitSettle',
  'ReverseSplitSettle',
  'Dividend',
]);

interface Category {
  readonly name: 'spot' | 'linear' | 'inverse';
  readonly identity: string;
}

const CATEGORIES: Readonly<Record<AccountType, readonly Category[]>> = {
  spot: [{ name: 'spot', identity: 'spot' }],
  // Margin trades out of the wallet of spot, and its fills stand in the same list: nothing in a row tells them apart.
  margin: [{ name: 'spot', identity: 'spot' }],
  futures: [
    { name: 'linear', identity: 'linear' },
    { name: 'inverse', identity: 'inverse' },
  ],
};

/** Reader of one kind of Bybit account. An idle read makes one request; of futures two. */
export class BybitFeed implements FeedReader<FeedState> {
  // With the day that a thorough read looks back it is one window.
  readonly spanMaxMs = WINDOW_MS - THOROUGH_MS;
  readonly reachMs = REACH_MS;
  readonly overlapMs = OVERLAP_MS;
  readonly #accountType: AccountType;

  constructor(accountType: AccountType) {
    this.#accountType = accountType;
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
    const categories = CATEGORIES[this.#accountType];
    const types = this.#accountType === 'futures' ? (['swap', 'future'] as const) : (['spot'] as const);
    const reader = new TradeReader(calls, await calls.markets(), types, state);
    const fromMs = readFromMs(span, {
      startMs: state.startMs,
      reachMs: REACH_MS,
      nowMs: calls.nowMs(),
    });
    const work = { calls, reader, sink, hasUnknown: false };
    for (const category of categories) {
      const isAlone = categories.length === 1;
      const read = () => readCategory(work, category, { fromMs, toMs: span.toMs });
      // Where an account has no such contracts, the others are still read.
      if (isAlone) await read();
      else await forOneMarket(read, (kind) => reader.fail(category.name, kind));
    }
    return {
      state: { ...state, ...reader.remembered(span.toMs) },
      report: {
        unpolled: reader.unpolled,
        unsearched: 0,
        isIncomplete: work.hasUnknown,
        userId: reader.userId,
      },
    };
  }
}

interface Work {
  readonly calls: ExchangeCalls;
  readonly reader: TradeReader;
  readonly sink: FillSink;
  /** True once an execution had a type that is not known. */
  hasUnknown: boolean;
}

async function readCategory(work: Work, category: Category, span: Span): Promise<void> {
  for (const window of cutSpan(span, WINDOW_MS)) {
    let cursor: string | null = null;
    for (let pages = 0; ; pages++) {
      if (pages === PAGES_MAX) throw new TooManyFills();
      const result = memberOf(
        await work.calls.call('privateGetV5ExecutionList', {
          category: category.name,
          startTime: window.fromMs,
          // The exchange's end is inclusive.
          endTime: window.toMs - 1,
          limit: PAGE_ROWS,
          ...(cursor === null ? {} : { cursor }),
        }),
        'result',
      );
      const rows = rowsOf(memberOf(result, 'list'));
      await takeRows(work, category, window, rows);
      const next = textOf(memberOf(result, 'nextPageCursor'));
      if (next === null || rows.length === 0) break;
      // A server that sends the same page for ever must not be read for ever.
      if (next === cursor) throw new ExchangeError('exchange_error');
      cursor = next;
    }
  }
}

async function takeRows(
  work: Work,
  category: Category,
  window: Span,
  rows: readonly unknown[],
): Promise<void> {
  const trades: Trade[] = [];
  for (const row of rows) {
    const type = textOf(memberOf(row, 'execType')) ?? '';
    if (!FILLS.has(type)) {
      if (!NO_FILLS.has(type)) work.hasUnknown = true;
      continue;
    }
    const trade = await readRow(work.reader, row);
    if (trade !== null && isInside(trade, window)) trades.push(trade);
  }
  if (trades.length > 0) work.sink.take(trades, category.identity);
}

async function readRow(reader: TradeReader, row: unknown): Promise<Trade | null> {
  const name = textOf(memberOf(row, 'symbol')) ?? '';
  const market = await reader.marketById(name);
  if (market === null) {
    reader.fail(name, 'market_unavailable');
    return null;
  }
  const trade = await reader.read(row, market);
  return trade === null ? null : { ...trade, fees: [...feesIn(trade, row), ...extraFees(row)] };
}

/** The row names the asset of its fee under another name than ccxt 4.5.84 reads, which then guesses it. */
function feesIn({ fees }: Trade, row: unknown): readonly Fee[] {
  const asset = textOf(memberOf(row, 'feeCurrency'));
  return asset === null ? fees : fees.map((fee) => ({ ...fee, asset }));
}

/** Fees beside the first: a list, or its JSON. That they are not in the first is unverified. */
function extraFees(row: unknown): readonly Fee[] {
  let listed = memberOf(row, 'extraFees');
  if (typeof listed === 'string' && listed !== '') {
    try {
      listed = JSON.parse(listed);
    } catch {
      throw new ExchangeError('exchange_error');
    }
  }
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((each) => {
    const [asset, amount] = [textOf(memberOf(each, 'feeCoin')), decimalOf(memberOf(each, 'fee'))];
    return asset === null || amount === null ? [] : [{ asset, amount }];
  });
}

function isInside({ timestampMs }: Trade, { fromMs, toMs }: Span): boolean {
  return timestampMs >= fromMs && timestampMs < toMs;
}
