// Reads the fills of one Binance contract. A recent id is read on from; what is older is read by windows of time, because
// it is not documented whether an id reaches further back than the window of a request without times.
//
// Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Account-Trade-List and the
// same page of COIN-M: at most seven days between `startTime` and `endTime`, neither together with `fromId`, at most 1,000
// rows. That rows come oldest first is unverified.

import { type TableMarket, TooManyFills } from '../../domain/exchange-calls.ts';
import { type BinanceRows, PAGE_ROWS, PAGES_MAX, type Row } from './binance-rows.ts';
import type { KnownMarket } from './feed-state.ts';
import type { IdPages } from './id-pages.ts';
import type { MarketFills, MarketReader } from './market-fills.ts';
import { firstIdAfter } from './overlap.ts';
import { cutSpan, DAY_MS, type Span } from './spans.ts';

/** Longest window that the exchange answers, in ms. */
export const WINDOW_MS = 7 * DAY_MS;
/** An id is asked from while everything before so short a time ago was read, in ms. */
const ID_REACH_MS = 6 * DAY_MS;

/** Reads contracts. An idle one costs one request, one with fills two or more. */
export class WindowPages implements MarketReader {
  readonly #rows: BinanceRows;
  readonly #ids: IdPages;
  readonly #nowMs: () => number;

  constructor(rows: BinanceRows, ids: IdPages, nowMs: () => number) {
    this.#rows = rows;
    this.#ids = ids;
    this.#nowMs = nowMs;
  }

  async read(market: TableMarket, known: KnownMarket | null, span: Span): Promise<MarketFills> {
    const nextId = known?.nextId ?? null;
    if (nextId !== null && span.fromMs >= this.#nowMs() - ID_REACH_MS) {
      return this.#ids.readFrom(market, BigInt(firstIdAfter(known) ?? nextId), known, span);
    }
    const rows: Row[] = [];
    let moreFromMs: number | null = null;
    for (const window of cutSpan(span, WINDOW_MS)) {
      if (rows.length > PAGE_ROWS * PAGES_MAX) {
        moreFromMs = window.fromMs;
        break;
      }
      rows.push(...(await this.#window(market, window)));
    }
    const first = BigInt(firstIdAfter(known) ?? 0);
    const knownId = BigInt(nextId ?? 0);
    const fresh = rows.filter((row) => row.id >= first);
    const last = fresh.at(-1)?.id;
    const readToMs = moreFromMs ?? span.toMs;
    const end = { known, span: { ...span, toMs: readToMs }, firstId: first, moreFromMs };
    if (last === undefined) {
      const fills = await this.#rows.sorted(market, [], { ...end, nextId: knownId });
      // Without a fill there is no id to go on from.
      return nextId !== null || fills.known === null
        ? fills
        : { ...fills, known: { ...fills.known, nextId } };
    }
    const fills = await this.#rows.sorted(market, fresh, {
      ...end,
      nextId: last < knownId ? knownId : last + 1n,
    });
    if (moreFromMs !== null || span.toMs < this.#nowMs() - ID_REACH_MS) return fills;
    // What the exchange has beyond the windows tells what the next read finds.
    const nextFirst = BigInt(firstIdAfter(fills.known) ?? last + 1n);
    const next = await this.#ids.readFrom(market, nextFirst, fills.known, span);
    return {
      known: next.known,
      fresh: [...fills.fresh, ...next.fresh],
      again: [...fills.again, ...next.again],
      ahead: [...fills.ahead, ...next.ahead],
    };
  }

  /** All rows of a window, in the order of ids. */
  async #window(market: TableMarket, { fromMs, toMs }: Span): Promise<readonly Row[]> {
    const rows = new Map<bigint, Row>();
    const add = (page: readonly Row[]) => {
      const before = rows.size;
      for (const row of page) if (row.atMs >= fromMs && row.atMs < toMs) rows.set(row.id, row);
      return rows.size - before;
    };
    let longest = 0;
    for (let startTime = fromMs; startTime < toMs; ) {
      if (rows.size > PAGE_ROWS * PAGES_MAX) throw new TooManyFills();
      // The exchange's end is inclusive.
      const page = await this.#rows.page(market, { startTime, endTime: toMs - 1, limit: PAGE_ROWS });
      const newest = page.at(-1);
      // A page that is shorter than another was not cut: nothing comes after it.
      const isLast = newest === undefined || page.length < longest;
      add(page);
      if (isLast) break;
      longest = Math.max(longest, page.length);
      const lastMs = Math.max(...page.map((row) => row.atMs));
      if (lastMs > startTime) startTime = lastMs;
      else {
        // One millisecond fills the page. Only ids lead on within it.
        await this.#follow(market, newest.id + 1n, add);
        startTime++;
      }
    }
    return [...rows.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Reads on by id as long as that brings rows of the window. */
  async #follow(market: TableMarket, firstId: bigint, add: (page: readonly Row[]) => number): Promise<void> {
    for (let nextId = firstId; ; ) {
      const page = await this.#rows.page(market, { fromId: String(nextId), limit: PAGE_ROWS });
      const newest = page.at(-1);
      if (newest === undefined || add(page) === 0 || newest.id < nextId) return;
      nextId = newest.id + 1n;
    }
  }
}
