// Reads fills by time through ccxt's unified call, for exchanges that have no reader of their own. It trusts neither the
// order of a page nor its borders: a span whose page may be cut is read again in halves.

import {
  ExchangeError,
  type ExchangeCalls,
  type ReadFillFields,
  TooManyFills,
} from '../../domain/exchange-calls.ts';
import { cutSpan, DAY_MS, type Span } from './spans.ts';

/** Rows of a page that may be cut, where ccxt does not know how many an exchange gives. */
const PAGE_ROWS_UNKNOWN = 50;
/** Longest span of one request where ccxt does not know one, in ms. */
const WINDOW_UNKNOWN_MS = DAY_MS;
/** Most requests of one market in one read. */
const REQUESTS_MAX = 2_000;

/** Reads the fills of one market, or of all if the exchange allows it. */
export class TimePages {
  readonly #calls: ExchangeCalls;
  readonly #parameters: Readonly<Record<string, unknown>>;

  /** `parameters`: what tells the kind of account, for example `{ type: 'swap' }`. */
  constructor(calls: ExchangeCalls, parameters: Readonly<Record<string, unknown>>) {
    this.#calls = calls;
    this.#parameters = parameters;
  }

  /**
   * All fills of the span, oldest first. Rejects with `market_unavailable` if the exchange does not give all fills of one
   * millisecond.
   */
  async read(symbol: string | null, span: Span): Promise<readonly ReadFillFields[]> {
    const { untilDays } = this.#calls.features;
    const windowMs = untilDays === null ? WINDOW_UNKNOWN_MS : untilDays * DAY_MS;
    const found: ReadFillFields[] = [];
    const waiting = [...cutSpan(span, windowMs)].toReversed();
    for (let requests = 0; ; requests++) {
      const piece = waiting.pop();
      if (piece === undefined) break;
      if (requests === REQUESTS_MAX) throw new TooManyFills();
      const page = await this.#page(symbol, piece);
      if (page.length < (this.#calls.features.pageMax ?? PAGE_ROWS_UNKNOWN)) {
        found.push(
          ...page.filter((fill) => fill.timestampMs >= piece.fromMs && fill.timestampMs < piece.toMs),
        );
        continue;
      }
      const lengthMs = piece.toMs - piece.fromMs;
      // One millisecond fills a page: what is behind it cannot be asked.
      if (lengthMs <= 1) throw new ExchangeError('market_unavailable');
      const middleMs = piece.fromMs + Math.ceil(lengthMs / 2);
      waiting.push({ fromMs: middleMs, toMs: piece.toMs }, { fromMs: piece.fromMs, toMs: middleMs });
    }
    return found.toSorted((one, other) => one.timestampMs - other.timestampMs);
  }

  #page(symbol: string | null, { fromMs, toMs }: Span): Promise<readonly ReadFillFields[]> {
    const { pageMax } = this.#calls.features;
    return this.#calls.fetchMyTrades(symbol, fromMs, pageMax, { ...this.#parameters, until: toMs - 1 });
  }
}
