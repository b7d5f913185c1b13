// The markets of an exchange as the readers of fills see them, over the table that ccxt keeps. A market is read from ccxt's
// object when it is first asked for, so the table of thousands is not copied.

import type { MarketTable, TableMarket } from '../../domain/exchange-calls.ts';
import type { CcxtExchange, CcxtMarket } from './ccxt-exchange.ts';

const TYPES: ReadonlySet<string> = new Set(['spot', 'swap', 'future', 'index']);

/** One state of an exchange's table. Markets of options, and of kinds that are not known, are not in it. */
export class CcxtMarketTable implements MarketTable {
  readonly #markets: Readonly<Record<string, CcxtMarket>>;
  readonly #byId: Readonly<Record<string, readonly CcxtMarket[]>>;
  readonly #read = new Map<CcxtMarket, TableMarket>();
  readonly #lists = new Map<string, readonly TableMarket[]>();

  /** The exchange must have loaded its markets. */
  constructor({ markets, markets_by_id: byId }: CcxtExchange) {
    this.#markets = markets ?? {};
    this.#byId = byId ?? {};
  }

  /** Number of markets, those of options included. */
  get size(): number {
    return Object.keys(this.#markets).length;
  }

  bySymbol(symbol: string): TableMarket | null {
    const found = Object.hasOwn(this.#markets, symbol) ? this.#markets[symbol] : undefined;
    return found === undefined ? null : this.#tableMarket(found);
  }

  byId(id: string, type?: TableMarket['type']): TableMarket | null {
    const candidates = Object.hasOwn(this.#byId, id) ? (this.#byId[id] ?? []) : [];
    const found = candidates.find(
      (market) => TYPES.has(market.type) && (type ?? market.type) === market.type,
    );
    // ccxt completes the markets of one table only, and leaves those of the other as they came.
    return found === undefined ? null : (this.bySymbol(found.symbol) ?? this.#tableMarket(found));
  }

  all(types: readonly TableMarket['type'][]): readonly TableMarket[] {
    const key = types.join(' ');
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const wanted: ReadonlySet<string> = new Set(types);
    const list = Object.values(this.#markets)
      .filter((market) => wanted.has(market.type))
      .flatMap((market) => this.#tableMarket(market) ?? []);
    this.#lists.set(key, list);
    return list;
  }

  #tableMarket(market: CcxtMarket): TableMarket | null {
    if (!TYPES.has(market.type)) return null;
    const known = this.#read.get(market);
    if (known !== undefined) return known;
    const { contractSize } = market;
    const read: TableMarket = {
      id: market.id,
      symbol: market.symbol,
      type: market.type as TableMarket['type'],
      isActive: market.active !== false,
      base: market.base,
      quote: market.quote,
      settle: market.settle ?? null,
      linear: market.linear ?? null,
      inverse: market.inverse ?? null,
      contractSize: contractSize === undefined || contractSize === null ? null : String(contractSize),
    };
    this.#read.set(market, read);
    return read;
  }
}
