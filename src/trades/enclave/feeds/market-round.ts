// Asks the markets of one wallet during one read: which were asked, what they answered, and how their fills change what is
// held. Which ones are to be asked is decided by who calls.

import type { FillSink, TableMarket } from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';
import { type Effect, effectOf, type HolderName } from './discovery.ts';
import { forOneMarket } from './failures.ts';
import { type KnownMarket, MARKETS_MAX } from './feed-state.ts';
import type { MarketReader } from './market-fills.ts';
import type { Span } from './spans.ts';
import type { TradeReader } from './trade-reader.ts';

/** What a round needs. */
export interface MarketRoundParts {
  /** Tells its fills from those of other wallets, whose ids can be equal. */
  readonly identity: string;
  readonly reader: TradeReader;
  readonly markets: MarketReader;
  /** The markets that the wallet can trade in. */
  listed(): readonly TableMarket[];
  readonly nameOf: HolderName;
  readonly sink: FillSink;
}

/** The markets of one wallet, during one read. */
export class MarketRound {
  readonly #parts: MarketRoundParts;
  readonly #span: Span;
  readonly #known: Map<string, KnownMarket>;
  readonly #asked = new Set<string>();
  /** Effects of fills that this read brought first. */
  readonly counted: Effect[] = [];
  /** Effects of fills that were read before, or that a later read will bring. */
  readonly pending: Effect[] = [];
  /** Fills from before this time have no effect: the amounts hold them. In ms since 1970. */
  countFromMs = 0;

  constructor(parts: MarketRoundParts, known: Readonly<Record<string, KnownMarket>>, span: Span) {
    this.#parts = parts;
    this.#span = span;
    this.#known = new Map(Object.entries(known));
  }

  /** What has to be remembered. */
  get known(): Readonly<Record<string, KnownMarket>> {
    return Object.fromEntries(this.#known);
  }

  /** Known markets whose fills were seen and not all read. */
  get behind(): readonly string[] {
    return [...this.#known].filter(([, known]) => isBehind(known, this.#span)).map(([symbol]) => symbol);
  }

  /** True if the market was asked in this round. */
  wasAsked(symbol: string): boolean {
    return this.#asked.has(symbol);
  }

  /** The markets of the table with these symbols. */
  listedOf(symbols: Iterable<string>): readonly TableMarket[] {
    const wanted = new Set(symbols);
    return this.#parts.listed().filter((market) => wanted.has(market.symbol));
  }

  /** Asks known markets that are chosen, and those that still have something to read or that failed. */
  async askKnown(isChosen: (known: KnownMarket, market: TableMarket) => boolean): Promise<void> {
    const listed = new Map(this.listedOf(this.#known.keys()).map((market) => [market.symbol, market]));
    for (const [symbol, known] of this.#known) {
      const market = listed.get(symbol);
      const isDue = known.failure !== null || isBehind(known, this.#span);
      if (market !== undefined) {
        if (isDue || isChosen(known, market)) await this.ask(market);
        continue;
      }
      // The exchange lists it no longer: nothing is new there, and what was not read cannot be asked.
      if (isDue) this.#parts.reader.fail(symbol, 'market_unavailable');
      else this.#known.delete(symbol);
    }
  }

  /** Asks markets that were not asked in this round; of those that are not known, for fills from a time on. */
  async askAll(markets: readonly TableMarket[], fromMs: number): Promise<void> {
    for (const market of markets) await this.ask(market, fromMs);
  }

  /** Asks a market, if it was not asked in this round. `newFromMs`: where to begin if it is not known. */
  async ask(market: TableMarket, newFromMs = 0): Promise<void> {
    const { symbol } = market;
    if (this.#asked.has(symbol)) return;
    this.#asked.add(symbol);
    const known = this.#known.get(symbol) ?? null;
    if (known === null && this.#known.size >= MARKETS_MAX) {
      this.#parts.reader.fail(symbol, 'unsupported');
      return;
    }
    const fromMs = known?.readToMs ?? newFromMs;
    const span = { fromMs, toMs: this.#span.toMs };
    const found = await forOneMarket(
      () => this.#parts.markets.read(market, known, span),
      (kind) => {
        // Of a market that is no longer traded and that the account is not known to have traded there is nothing to tell.
        if (known === null && !market.isActive) return;
        this.#parts.reader.fail(symbol, kind);
        this.#known.set(symbol, {
          ...(known ?? { nextId: null, overlap: null, readToMs: fromMs, moreFromMs: null, lastFillMs: null }),
          failure: kind,
        });
      },
    );
    if (found === null) return;
    if (found.known === null) this.#known.delete(symbol);
    else this.#known.set(symbol, found.known);
    const taken = [...(found.repeated ?? []), ...found.fresh, ...found.again];
    if (taken.length > 0) this.#parts.sink.take(taken, this.#parts.identity);
    const effects = (trades: readonly Trade[]) =>
      trades
        .filter((trade) => trade.timestampMs >= this.countFromMs)
        .map((trade) => effectOf(trade, symbol, this.#parts.nameOf));
    this.counted.push(...effects(found.fresh));
    this.pending.push(...effects([...found.again, ...found.ahead]));
  }
}

/** True if fills from before the end of the span were seen and not read yet. */
function isBehind({ moreFromMs }: KnownMarket, span: Span): boolean {
  return moreFromMs !== null && moreFromMs < span.toMs;
}
