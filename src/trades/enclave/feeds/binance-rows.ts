// Fetches one page of the fills of a Binance market, and sorts what pages brought into what is new and what comes again.

import { ExchangeError, type ExchangeCalls, type TableMarket } from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';
import { memberOf, rowsOf, textOf, wholeOf } from './answer.ts';
import type { KnownMarket } from './feed-state.ts';
import type { MarketFills } from './market-fills.ts';
import { overlapAfter, seenIds } from './overlap.ts';
import type { Span } from './spans.ts';
import type { TradeReader } from './trade-reader.ts';

/** Most rows that the exchange gives at once. */
export const PAGE_ROWS = 1_000;
/** Most pages of one market in one read: 20,000 fills, which are held until the last page came. The rest comes next. */
export const PAGES_MAX = 20;
const DIGITS = /^\d{1,19}$/;

/** A row with what paging needs of it. */
export interface Row {
  readonly id: bigint;
  readonly atMs: number;
  readonly raw: unknown;
}

/** What tells one list of fills from another. */
export interface RowsOptions {
  /** ccxt's implicit method, for example `privateGetMyTrades`. */
  readonly method: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

/** Where pages ended. */
export interface PagesEnd {
  readonly known: KnownMarket | null;
  readonly span: Span;
  /** Where the read began. */
  readonly firstId: bigint;
  /** Above the ids of all rows, and of all fills that came before. */
  readonly nextId: bigint;
  readonly moreFromMs: number | null;
}

/** The rows of one list of fills. */
export class BinanceRows {
  readonly #calls: ExchangeCalls;
  readonly #reader: TradeReader;
  readonly #options: RowsOptions;

  constructor(calls: ExchangeCalls, reader: TradeReader, options: RowsOptions) {
    this.#calls = calls;
    this.#reader = reader;
    this.#options = options;
  }

  /** One answer, in the order of ids. */
  async page(market: TableMarket, parameters: Readonly<Record<string, string | number>>): Promise<Row[]> {
    const answer = await this.#calls.call(this.#options.method, {
      symbol: market.id,
      ...this.#options.parameters,
      ...parameters,
    });
    const rows = rowsOf(answer).map((raw) => this.#row(raw));
    return rows.toSorted((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
  }

  #row(raw: unknown): Row {
    const id = textOf(memberOf(raw, 'id'));
    const atMs = wholeOf(memberOf(raw, 'time'));
    if (id === null || !DIGITS.test(id) || atMs === null) throw new ExchangeError('exchange_error');
    this.#reader.noteUser(textOf(memberOf(raw, 'accountId')));
    return { id: BigInt(id), atMs, raw };
  }

  /**
   * Rows in the order of ids, sorted: fresh are those below the first that is from the end of the span or later, for there
   * the next read goes on. Those that came before are left out.
   */
  async sorted(market: TableMarket, rows: readonly Row[], end: PagesEnd): Promise<MarketFills> {
    const { known, span } = end;
    const seen = seenIds(known);
    const isFound = known === null || known.nextId === null;
    const border = rows.find((row) => row.atMs >= span.toMs)?.id ?? end.nextId;
    const fills = { fresh: [] as Trade[], again: [] as Trade[], ahead: [] as Trade[] };
    let lastFillMs = known?.lastFillMs ?? null;
    for (const { id, atMs, raw } of rows) {
      lastFillMs = Math.max(lastFillMs ?? 0, atMs);
      if (seen.has(String(id))) continue;
      // The first id of a market that was just found can be below the span.
      if (isFound && atMs < span.fromMs) continue;
      const trade = await this.#reader.read(raw, market, positionOf(raw));
      if (trade === null) continue;
      if (atMs >= span.toMs) fills.ahead.push(trade);
      else if (id >= border) fills.again.push(trade);
      else fills.fresh.push(trade);
    }
    const { firstId, moreFromMs } = end;
    const overlap = overlapAfter(known, rows, { firstId, nextId: border, toMs: span.toMs });
    return {
      known: {
        nextId: String(border),
        overlap,
        readToMs: span.toMs,
        moreFromMs,
        lastFillMs,
        failure: null,
      },
      ...fills,
    };
  }
}

/** In hedge mode a fill names its position. */
function positionOf(raw: unknown): Trade['position'] {
  const side = memberOf(raw, 'positionSide');
  return side === 'LONG' ? 'long' : side === 'SHORT' ? 'short' : null;
}
