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
import type { Trade } from '../../domain/trade.ts';
import { memberOf, rowsOf, textOf } from './answer.ts';
import { forOneMarket } from './failures.ts';
import { asList, initialList, type FeedState } from './feed-state.ts';
import { cutSpan, DAY_MS, readFromMs, type Span } from './spans.ts';
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
  readonly isMine: (row: unknown) => boolean;
}

/** Spot and margin share a wallet and a list; only the flag of the order tells them apart. */
const isLeveraged = (row: unknown) => textOf(memberOf(row, 'isLeverage')) === '1';
const CATEGORIES: Readonly<Record<AccountType, readonly Category[]>> = {
  spot: [{ name: 'spot', identity: 'spot', isMine: (row) => !isLeveraged(row) }],
  margin: [{ name: 'spot', identity: 'margin', isMine: isLeveraged }],
  futures: [
    { name: 'linear', identity: 'linear', isMine: () => true },
    { name: 'inverse', identity: 'inverse', isMine: () => true },
  ],
};

/** Reader of one kind of Bybit account. An idle read makes one request; of futures two. */
export class BybitFeed implements FeedReader<FeedState> {
  readonly spanMaxMs = WINDOW_MS;
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
      overlapMs: OVERLAP_MS,
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
      state: { ...state, ...reader.remembered },
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
    if (!category.isMine(row)) continue;
    const trade = await readRow(work.reader, row);
    if (trade !== null && isInside(trade, window)) trades.push(trade);
  }
  if (trades.length > 0) work.sink.take(trades, category.identity);
}

async function readRow(reader: TradeReader, row: unknown): Promise<Trade | null> {
  const name = textOf(memberOf(row, 'symbol')) ?? '';
  const market = await reader.marketById(name);
  if (market !== null) return reader.read(row, market);
  reader.fail(name, 'market_unavailable');
  return null;
}

function isInside({ timestampMs }: Trade, { fromMs, toMs }: Span): boolean {
  return timestampMs >= fromMs && timestampMs < toMs;
}
