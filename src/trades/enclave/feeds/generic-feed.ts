// Reads fills at exchanges without a reader of their own, through ccxt's unified calls. It is not tested against servers
// that answer as theirs, and each owner gets the warning `untested`.

import type {
  ExchangeCalls,
  FeedReader,
  FillSink,
  ReadFillFields,
  ReadReport,
  ReadSpan,
  TableMarket,
} from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import type { Trade } from '../../domain/trade.ts';
import { forOneMarket } from './failures.ts';
import { asWallets, initialWallets, type KnownMarket, NEW_WALLET, type FeedState } from './feed-state.ts';
import type { MarketFills, MarketReader } from './market-fills.ts';
import { DAY_MS, readFromMs, type Span } from './spans.ts';
import { TimePages } from './time-pages.ts';
import { TradeReader } from './trade-reader.ts';
import { readWallet } from './wallet-read.ts';

const SPAN_MAX_MS = 7 * DAY_MS;
/** Fills can show late; so much is read again each time, in ms. */
const OVERLAP_MS = 300_000;
/** A span that ends so long ago is collected afterwards, piece by piece, in ms. */
const OLD_MS = 600_000;

/** What ccxt's calls are told of a kind of account. */
const PARAMETERS: Readonly<Record<AccountType, Readonly<Record<string, unknown>>>> = {
  spot: { type: 'spot' },
  margin: { type: 'margin', marginMode: 'cross' },
  futures: { type: 'swap' },
};

/**
 * Reader for any exchange of ccxt. An idle read makes one request: for fills where the exchange lists all markets, else
 * for balances. Contracts that have to be asked by name are read for the symbols that the user named only.
 */
export class GenericFeed implements FeedReader<FeedState> {
  readonly spanMaxMs = SPAN_MAX_MS;
  readonly reachMs = null;
  readonly overlapMs = OVERLAP_MS;
  readonly #accountType: AccountType;

  constructor(accountType: AccountType) {
    this.#accountType = accountType;
  }

  initial(startMs: number, symbols: readonly string[]): FeedState {
    return initialWallets(startMs, symbols);
  }

  async read(
    calls: ExchangeCalls,
    given: FeedState,
    span: ReadSpan,
    sink: FillSink,
  ): Promise<{ state: FeedState; report: ReadReport }> {
    const state = asWallets(given);
    const isFutures = this.#accountType === 'futures';
    const types = isFutures ? (['swap', 'future'] as const) : (['spot'] as const);
    const reader = new TradeReader(calls, await calls.markets(), types, state);
    const parameters = PARAMETERS[this.#accountType];
    const pages = new TimePages(calls, parameters);
    const { daysBack } = calls.features;
    const reachMs = daysBack === null ? null : daysBack * DAY_MS;
    const fromMs = readFromMs(span, { startMs: state.startMs, reachMs, nowMs: calls.nowMs() });
    const task = { startMs: state.startMs, span, isThorough: span.isThorough, named: state.named };
    const report = (unsearched: number, isIncomplete: boolean): ReadReport => ({
      unpolled: reader.unpolled,
      unsearched,
      isIncomplete,
      userId: null,
    });
    const identity = this.#accountType;
    if (!calls.features.isSymbolRequired || isFutures) {
      const asked = calls.features.isSymbolRequired ? state.named : [null];
      for (const symbol of asked) {
        const trades = await readTrades(reader, pages, symbol, { fromMs, toMs: span.toMs });
        if (trades.length > 0) sink.take(trades, identity);
      }
      const remembered = reader.remembered(span.toMs);
      return { state: { ...state, ...remembered }, report: report(0, asked.length === 0) };
    }
    const wallet = await readWallet(
      {
        identity,
        reader,
        markets: new TimeReader(reader, pages, calls, fromMs),
        nameOf: (_, asset) => asset,
        sink,
        listed: () => reader.table.all(['spot']),
        relist: () => reader.relist(),
        balances: () => calls.fetchBalance(parameters),
        nowMs: () => calls.nowMs(),
      },
      state.wallets[identity] ?? NEW_WALLET,
      task,
    );
    const { unsearched, isIncomplete } = wallet;
    return {
      state: { ...state, ...reader.remembered(span.toMs), wallets: { [identity]: wallet.wallet } },
      report: report(unsearched, isIncomplete),
    };
  }
}

/** All trades of a span; none if the market failed, which is noted. */
async function readTrades(
  reader: TradeReader,
  pages: TimePages,
  symbol: string | null,
  span: Span,
): Promise<readonly Trade[]> {
  const read = () => pages.read(symbol, span);
  const fills =
    symbol === null ? await read() : await forOneMarket(read, (kind) => reader.fail(symbol, kind));
  const trades: Trade[] = [];
  for (const fill of fills ?? []) {
    const trade = await reader.readFields(fill);
    if (trade !== null) trades.push(trade);
  }
  return trades;
}

/** Reads single markets by time. */
class TimeReader implements MarketReader {
  readonly #reader: TradeReader;
  readonly #pages: TimePages;
  readonly #calls: ExchangeCalls;
  readonly #spanFromMs: number;

  constructor(reader: TradeReader, pages: TimePages, calls: ExchangeCalls, spanFromMs: number) {
    this.#reader = reader;
    this.#pages = pages;
    this.#calls = calls;
    this.#spanFromMs = spanFromMs;
  }

  async read(market: TableMarket, known: KnownMarket | null, span: Span): Promise<MarketFills> {
    const nowMs = this.#calls.nowMs();
    const fromMs = known === null ? span.fromMs : Math.min(span.fromMs, this.#spanFromMs);
    // A market of which nothing is known is asked up to now: whether it was traded is to be found out once.
    const isCut = known !== null && span.toMs < nowMs - OLD_MS;
    const toMs = isCut ? span.toMs : Math.max(span.toMs, nowMs);
    const fills = await this.#pages.read(market.symbol, { fromMs, toMs });
    const result = {
      fresh: [] as Trade[],
      again: [] as Trade[],
      ahead: [] as Trade[],
      repeated: [] as Trade[],
    };
    let [lastFillMs, moreFromMs]: [number | null, number | null] = [
      known?.lastFillMs ?? null,
      isCut ? toMs : null,
    ];
    for (const fill of fills) {
      const trade = this.#trade(fill, market);
      if (trade === null) continue;
      lastFillMs = fill.timestampMs;
      if (fill.timestampMs >= span.toMs) {
        moreFromMs ??= fill.timestampMs;
        result.ahead.push(trade);
      } else if (known !== null && fill.timestampMs < known.readToMs) result.repeated.push(trade);
      else result.fresh.push(trade);
    }
    if (known === null && lastFillMs === null) return { known: null, ...result };
    return {
      known: { nextId: null, overlap: null, readToMs: span.toMs, moreFromMs, lastFillMs, failure: null },
      ...result,
    };
  }

  #trade(fill: ReadFillFields, market: TableMarket): Trade | null {
    return this.#reader.tradeOf(fill, market, null);
  }
}
