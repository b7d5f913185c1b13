// Reads the fills of one Binance market by id. Ids ascend in the order in which fills arrive, so paging by id loses
// nothing at equal times, and a fill that shows late has an id above all that were read.
//
// Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints (myTrades: `fromId` is
// inclusive and answers oldest first; without it and without times the most recent fills are answered).

import { ExchangeError, type ExchangeCalls, type TableMarket } from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';
import { memberOf, rowsOf, textOf, wholeOf } from './answer.ts';
import type { KnownMarket } from './feed-state.ts';
import type { MarketFills, MarketReader } from './market-fills.ts';
import type { Span } from './spans.ts';
import type { TradeReader } from './trade-reader.ts';

const PAGE_ROWS = 1_000;
/** Most pages of one market in one read: 20,000 fills, which are held until the last page came. The rest comes next. */
const PAGES_MAX = 20;
/** Most requests that look for the first fill of a span by its id: ids have at most 64 bits. */
const STEPS_MAX = 70;
const DIGITS = /^\d{1,19}$/;

/** A row with what paging needs of it. */
interface Row {
  readonly id: bigint;
  readonly atMs: number;
  readonly raw: unknown;
}

/** What tells one list of fills from another. */
export interface IdPagesOptions {
  /** ccxt's implicit method, for example `privateGetMyTrades`. */
  readonly method: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

/** Reads markets by id. An idle market costs one request; one with fills one more than it has pages. */
export class IdPages implements MarketReader {
  readonly #calls: ExchangeCalls;
  readonly #reader: TradeReader;
  readonly #options: IdPagesOptions;

  constructor(calls: ExchangeCalls, reader: TradeReader, options: IdPagesOptions) {
    this.#calls = calls;
    this.#reader = reader;
    this.#options = options;
  }

  async read(market: TableMarket, known: KnownMarket | null, span: Span): Promise<MarketFills> {
    const firstId = known?.nextId ?? (await this.#firstIdOf(market, span.fromMs));
    if (firstId === null) return { known: null, fresh: [], again: [], ahead: [] };
    return this.readFrom(market, BigInt(firstId), known, span);
  }

  /** Reads on from an id until a fill is from the end of the span or later, or until there is none. */
  async readFrom(
    market: TableMarket,
    firstId: bigint,
    known: KnownMarket | null,
    span: Span,
  ): Promise<MarketFills> {
    const rows: Row[] = [];
    let nextId = firstId;
    let moreFromMs: number | null = null;
    for (let pages = 0; moreFromMs === null; pages++) {
      const page = await this.#page(market, { fromId: String(nextId), limit: PAGE_ROWS });
      const newest = page.at(-1);
      if (newest === undefined) break;
      // The exchange did not answer from the id on.
      if (page.some((row) => row.id < nextId)) throw new ExchangeError('exchange_error');
      rows.push(...page);
      nextId = newest.id + 1n;
      const later = page.filter((row) => row.atMs >= span.toMs).map((row) => row.atMs);
      if (later.length > 0) moreFromMs = Math.min(...later);
      else if (pages === PAGES_MAX - 1) moreFromMs = newest.atMs;
    }
    return this.#sorted(market, rows, { known, span, nextId, moreFromMs });
  }

  async #sorted(
    market: TableMarket,
    rows: readonly Row[],
    at: {
      readonly known: KnownMarket | null;
      readonly span: Span;
      readonly nextId: bigint;
      readonly moreFromMs: number | null;
    },
  ): Promise<MarketFills> {
    const { known, span } = at;
    const isFound = known === null || known.nextId === null;
    const border = rows.find((row) => row.atMs >= span.toMs)?.id ?? at.nextId;
    const fills = { fresh: [] as Trade[], again: [] as Trade[], ahead: [] as Trade[] };
    let lastFillMs = known?.lastFillMs ?? null;
    for (const { id, atMs, raw } of rows) {
      lastFillMs = Math.max(lastFillMs ?? 0, atMs);
      // A cursor can begin before the span of a market that was just found.
      if (isFound && atMs < span.fromMs) continue;
      const trade = await this.#reader.read(raw, market, positionOf(raw));
      if (trade === null) continue;
      if (atMs >= span.toMs) fills.ahead.push(trade);
      else if (id >= border) fills.again.push(trade);
      else fills.fresh.push(trade);
    }
    if (isFound && fills.fresh.length + fills.again.length + fills.ahead.length === 0) {
      return { known: null, ...fills };
    }
    return {
      known: {
        nextId: String(border),
        readToMs: span.toMs,
        moreFromMs: at.moreFromMs,
        lastFillMs,
        failure: null,
      },
      ...fills,
    };
  }

  /** The id of the first fill from a time on, or one below it; null if the account never traded the market. */
  async #firstIdOf(market: TableMarket, fromMs: number): Promise<string | null> {
    const recent = await this.#page(market, { limit: PAGE_ROWS });
    const oldest = recent[0];
    if (oldest === undefined) return null;
    if (oldest.atMs < fromMs) {
      const first = recent.find((row) => row.atMs >= fromMs) ?? { id: (recent.at(-1)?.id ?? oldest.id) + 1n };
      return String(first.id);
    }
    const [ever] = await this.#page(market, { fromId: '0', limit: 1 });
    if (ever === undefined || ever.atMs >= fromMs) return '0';
    let [below, from] = [ever.id, oldest.id];
    for (let steps = 0; from - below > 1n && steps < STEPS_MAX; steps++) {
      const middle = (below + from) / 2n;
      const [row] = await this.#page(market, { fromId: String(middle), limit: 1 });
      if (row !== undefined && row.atMs < fromMs) below = row.id;
      else from = middle;
    }
    return String(from);
  }

  /** One answer, in the order of ids. */
  async #page(market: TableMarket, parameters: Readonly<Record<string, string | number>>): Promise<Row[]> {
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
}

/** In hedge mode a fill names its position. */
function positionOf(raw: unknown): Trade['position'] {
  const side = memberOf(raw, 'positionSide');
  return side === 'LONG' ? 'long' : side === 'SHORT' ? 'short' : null;
}
