// Turns fills as ccxt reads them into trades. It decides which market's lots a fill belongs to, and notes the markets
// whose fills it cannot read. It asks for no fills.

import { exact } from '../../domain/amount.ts';
import type {
  ExchangeCalls,
  ExchangeErrorKind,
  MarketTable,
  ReadFillFields,
  TableMarket,
} from '../../domain/exchange-calls.ts';
import { accountMarket } from '../../domain/market.ts';
import type { Fee, Market, Trade } from '../../domain/trade.ts';
import { decimalOf } from './answer.ts';
import { MARKETS_MAX, type CommonState } from './feed-state.ts';

type MarketType = TableMarket['type'];

/** Markets of one table, which accounts share; they live as long as the table. */
const SHARED = new WeakMap<MarketTable, Map<string, Market>>();
/** The name of an asset, which a summary tells if it has no price: no text of any other kind gets out that way. */
const ASSET = /^[^\s\p{C}"'<>&\\]{0,64}$/u;
/** Longest id of a fill, in characters; exchanges have up to 36. */
const ID_CHARACTERS_MAX = 256;
const UNIFIED_SPOT = /^([^/:]+)\/([^/:]+)$/;

/** Turns the fills of one read into trades. */
export class TradeReader {
  readonly #calls: ExchangeCalls;
  readonly #types: readonly MarketType[];
  readonly #claims: Map<string, string>;
  readonly #bornMs: Map<string, number>;
  readonly #goneMs: Map<string, number>;
  readonly #doneToMs: number;
  readonly #unpolled = new Map<string, ExchangeErrorKind>();
  #table: MarketTable;
  #firstUserId: string | null;
  #userId: string | null = null;

  /** `types`: fills of other markets are left out. */
  constructor(calls: ExchangeCalls, table: MarketTable, types: readonly MarketType[], state: CommonState) {
    this.#calls = calls;
    this.#table = table;
    this.#types = types;
    this.#claims = new Map(Object.entries(state.claims));
    this.#bornMs = new Map(Object.entries(state.bornMs));
    this.#goneMs = new Map(Object.entries(state.goneMs));
    this.#doneToMs = state.doneToMs;
    this.#firstUserId = state.userId;
    this.#noteGone();
  }

  /** The table of markets; a newer one once a fill came from a market that the first lacked. */
  get table(): MarketTable {
    return this.#table;
  }

  /** Markets that failed. */
  get unpolled(): { readonly symbol: string; readonly kind: ExchangeErrorKind }[] {
    return [...this.#unpolled].map(([symbol, kind]) => ({ symbol, kind }));
  }

  /**
   * The exchange's id of the user whom fills of this read name; if they name several, one that differs from the first that
   * any read saw. Null if no fill names a user.
   */
  get userId(): string | null {
    return this.#userId;
  }

  /** What has to be remembered. `toMs`: the end of the read. */
  remembered(toMs: number): Pick<CommonState, 'claims' | 'bornMs' | 'goneMs' | 'doneToMs' | 'userId'> {
    return {
      claims: Object.fromEntries(this.#claims),
      bornMs: Object.fromEntries(this.#bornMs),
      goneMs: Object.fromEntries(this.#goneMs),
      doneToMs: Math.max(this.#doneToMs, toMs),
      userId: this.#firstUserId,
    };
  }

  /** Notes that a market failed. */
  fail(symbol: string, kind: ExchangeErrorKind): void {
    this.#unpolled.set(symbol, kind);
  }

  /** Notes the account that a fill names. */
  noteUser(userId: string | null): void {
    if (userId === null) return;
    this.#firstUserId ??= userId;
    if (this.#userId === null || userId !== this.#firstUserId) this.#userId = userId;
  }

  /** The market that the exchange names so; fetches the table again if it is missing. */
  async marketById(id: string): Promise<TableMarket | null> {
    return this.#look((table) => {
      for (const type of this.#types) {
        const found = table.byId(id, type);
        if (found?.type === type) return found;
      }
      return null;
    });
  }

  /** Has the table fetched again, if that is due. */
  async relist(): Promise<void> {
    this.#table = await this.#calls.refreshMarkets();
    this.#noteGone();
  }

  /** Notes markets of earlier fills that the exchange lists no longer. A table without any market tells nothing. */
  #noteGone(): void {
    const gone = [...this.#claims].filter(
      ([symbol, id]) =>
        !this.#goneMs.has(symbol) && this.#types.every((type) => this.#table.byId(id, type) === null),
    );
    if (gone.length === 0 || this.#table.all(this.#types).length === 0) return;
    for (const [symbol] of gone) this.#goneMs.set(symbol, this.#doneToMs);
  }

  async #look(find: (table: MarketTable) => TableMarket | null): Promise<TableMarket | null> {
    const found = find(this.#table);
    if (found !== null) return found;
    await this.relist();
    return find(this.#table);
  }

  /**
   * The trade of a row of an answer; null if it has to be left out, and then its market is noted. `market`: the market
   * that was asked, or that the row names.
   */
  async read(raw: unknown, market: TableMarket, position: Trade['position'] = null): Promise<Trade | null> {
    const fields = this.#calls.readFill(raw, market);
    if (fields !== null) return this.tradeOf(fields, market, position);
    this.fail(market.symbol, 'exchange_error');
    return null;
  }

  /** The trade of a row that names its market itself. `name`: what the row calls it. */
  async readUnnamed(raw: unknown, name: string): Promise<Trade | null> {
    const fields = this.#calls.readFill(raw, null);
    if (fields !== null) return this.readFields(fields, name);
    this.fail(name, 'exchange_error');
    return null;
  }

  /** The trade of a fill whose symbol tells the market. `name`: what the exchange calls it. */
  async readFields(fields: ReadFillFields, name = fields.symbol): Promise<Trade | null> {
    const market = await this.#look((table) => table.bySymbol(fields.symbol));
    return this.tradeOf(fields, market ?? this.#delisted(fields.symbol, name), null);
  }

  /** A spot market that the exchange lists no longer: its symbol tells all that arithmetic needs. */
  #delisted(symbol: string, id: string): TableMarket | null {
    const [, base, quote] = UNIFIED_SPOT.exec(symbol) ?? [];
    if (base === undefined || quote === undefined || !this.#types.includes('spot')) return null;
    const isQuoteKnown = this.#table.all(['spot']).some((market) => market.quote === quote);
    return isQuoteKnown ? { id, symbol, base, quote, type: 'spot', isActive: false } : null;
  }

  /**
   * The trade of a fill; null if it has to be left out. Fills of another kind of account are left out without a
   * note. Options belong to no kind of account, so their market is noted.
   */
  tradeOf(fields: ReadFillFields, market: TableMarket | null, position: Trade['position']): Trade | null {
    const { symbol, price, amount, timestampMs } = fields;
    if (market !== null && !this.#types.includes(market.type)) {
      if (market.type === 'option') this.fail(market.symbol, 'unsupported');
      return null;
    }
    if (market !== null && this.#isEcho(market, timestampMs)) return null;
    const lots = market === null ? null : this.#marketOf(market, timestampMs);
    const isReadable =
      isAboveZero(price) &&
      isAboveZero(amount) &&
      Number.isSafeInteger(timestampMs) &&
      timestampMs > 0 &&
      (fields.id?.length ?? 0) <= ID_CHARACTERS_MAX &&
      fields.fees.every(({ asset }) => asset === null || ASSET.test(asset));
    if (lots === null || !isReadable) {
      this.fail(market?.symbol ?? symbol, market === null ? 'market_unavailable' : 'exchange_error');
      return null;
    }
    const fees = feesOf(fields, lots);
    return { market: lots, side: fields.side, price, amount, timestampMs, id: fields.id, fees, position };
  }

  /**
   * True for a fill that was read before, under an earlier name of its market. A market that is new to the account may be
   * a renamed one: if a market with the same quote has gone from the table, then fills from before it was gone were read
   * under its name.
   */
  #isEcho({ symbol, quote }: TableMarket, atMs: number): boolean {
    if (!this.#claims.has(symbol) && !this.#bornMs.has(symbol)) {
      const lastMs = [...this.#goneMs]
        .filter(([name]) => name.split(/[/:]/)[1] === quote)
        .map(([, goneMs]) => goneMs);
      if (lastMs.length > 0) this.#bornMs.set(symbol, Math.max(...lastMs));
    }
    return atMs < (this.#bornMs.get(symbol) ?? 0);
  }

  /** True if the symbol was gone from the table and is listed again: then it is the name of another coin now. */
  #isAnew({ id, symbol, type }: TableMarket, atMs: number): boolean {
    return atMs >= (this.#goneMs.get(symbol) ?? Infinity) && this.#table.byId(id, type) !== null;
  }

  #marketOf(listed: TableMarket, atMs: number): Market | null {
    const claimed = this.#claims.get(listed.symbol);
    if (claimed === undefined) {
      if (this.#claims.size >= MARKETS_MAX) return null;
      this.#claims.set(listed.symbol, listed.id);
    }
    const isFirst = (claimed === undefined || claimed === listed.id) && !this.#isAnew(listed, atMs);
    const symbol = isFirst ? listed.symbol : `${listed.symbol}#${listed.id}`;
    const key = `${listed.id} ${symbol} ${listed.type}`;
    const shared = SHARED.get(this.#table) ?? new Map<string, Market>();
    SHARED.set(this.#table, shared);
    let market = shared.get(key);
    if (market === undefined) {
      try {
        market = accountMarket({ ...listed, symbol });
      } catch {
        return null;
      }
      shared.set(key, market);
    }
    return market;
  }
}

function isAboveZero(text: string): boolean {
  return decimalOf(text) !== null && exact(text).sign > 0;
}

/** All fees of a fill. An asset that the exchange does not name is the base of a spot buy, else the settle asset (of spot the quote). */
function feesOf({ fees, side }: ReadFillFields, market: Market): readonly Fee[] {
  const usual = market.kind === 'spot' && side === 'buy' ? market.base : market.settle;
  return fees.flatMap(({ asset, amount }) => {
    const text = decimalOf(amount);
    return text === null || exact(text).sign === 0 ? [] : [{ asset: asset ?? usual, amount: text }];
  });
}
