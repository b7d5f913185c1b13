// Reads the fills of one Binance market by id. Ids ascend in the order in which fills happen, so paging by id loses nothing
// at equal times. A fill that shows late can have an id below one that came, so the ids of the last minutes are read again.
//
// Source: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/account-endpoints (myTrades: `fromId` is
// inclusive and answers oldest first; without it and without times the most recent fills are answered).

import { ExchangeError, type TableMarket } from '../../domain/exchange-calls.ts';
import { type BinanceRows, PAGE_ROWS, PAGES_MAX, type Row } from './binance-rows.ts';
import type { KnownMarket } from './feed-state.ts';
import type { MarketFills, MarketReader } from './market-fills.ts';
import { firstIdAfter } from './overlap.ts';
import type { Span } from './spans.ts';

/** Most requests that look for the first fill of a span by its id: ids have at most 64 bits. */
const STEPS_MAX = 70;

/** Reads markets by id. An idle market costs one request; one with fills one more than it has pages. */
export class IdPages implements MarketReader {
  readonly #rows: BinanceRows;

  constructor(rows: BinanceRows) {
    this.#rows = rows;
  }

  async read(market: TableMarket, known: KnownMarket | null, span: Span): Promise<MarketFills> {
    const firstId = firstIdAfter(known) ?? (await this.#firstIdOf(market, span.fromMs));
    if (firstId === null) return { known: null, fresh: [], again: [], ahead: [] };
    const fills = await this.readFrom(market, BigInt(firstId), known, span);
    const isTraded = (known?.nextId ?? null) !== null;
    const isEmpty = fills.fresh.length + fills.again.length + fills.ahead.length === 0;
    return isTraded || !isEmpty ? fills : { ...fills, known: null };
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
      const page = await this.#rows.page(market, { fromId: String(nextId), limit: PAGE_ROWS });
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
    const knownId = BigInt(known?.nextId ?? 0);
    const end = { known, span, firstId, nextId: nextId > knownId ? nextId : knownId, moreFromMs };
    return this.#rows.sorted(market, rows, end);
  }

  /** The id of the first fill from a time on, or one below it; null if the account never traded the market. */
  async #firstIdOf(market: TableMarket, fromMs: number): Promise<string | null> {
    const recent = await this.#rows.page(market, { limit: PAGE_ROWS });
    const oldest = recent[0];
    if (oldest === undefined) return null;
    if (oldest.atMs < fromMs) {
      const first = recent.find((row) => row.atMs >= fromMs) ?? { id: (recent.at(-1)?.id ?? oldest.id) + 1n };
      return String(first.id);
    }
    const [ever] = await this.#rows.page(market, { fromId: '0', limit: 1 });
    if (ever === undefined || ever.atMs >= fromMs) return '0';
    let [below, from] = [ever.id, oldest.id];
    for (let steps = 0; from - below > 1n && steps < STEPS_MAX; steps++) {
      const middle = (below + from) / 2n;
      const [row] = await this.#rows.page(market, { fromId: String(middle), limit: 1 });
      if (row !== undefined && row.atMs < fromMs) below = row.id;
      else from = middle;
    }
    return String(from);
  }
}
