// One read of a wallet: asks for balances, then for the fills of those markets that were or may have been traded, then
// checks that the fills explain what moved, and searches on where they do not. What is decided is in discovery.ts.

import type { Exact } from '../../domain/amount.ts';
import type { TableMarket } from '../../domain/exchange-calls.ts';
import {
  likelyMarkets,
  marketsBetween,
  marketsToSearch,
  movesOf,
  type Rest,
  searchName,
  SNAPSHOT_FUZZ_MS,
  unexplainedOf,
  withEffects,
} from './discovery.ts';
import { NEW_WALLET, type Search, type Wallet } from './feed-state.ts';
import { MarketRound, type MarketRoundParts } from './market-round.ts';
import { DAY_MS, type Span } from './spans.ts';

/** Most markets that one read asks because their base and quote moved, or are held at the first read. */
const LIKELY_MAX = 100;
/** Markets that a search asks in one read. */
const SEARCHED_PER_READ = 20;
/** The same while older fills are still being collected: nothing waits for the end of such a read. */
const SEARCHED_PER_OLD_READ = 100;
/** Most assets that are searched for at once. */
const SEARCHES_MAX = 200;
/** Collection that begins so long before the first read is worth a search through all markets of what is held, in ms. */
const WORTH_A_SEARCH_MS = 600_000;
/** Fills that show later than this are not looked for in markets that seemed not to be traded, in ms. */
const LATE_MS = 300_000;
/** Markets traded within this time are asked whenever something moved, in ms. */
const RECENT_MS = DAY_MS;

/** What a wallet is, and how it is asked. */
export interface WalletParts extends MarketRoundParts {
  /** Has the market table fetched again, if that is due. */
  relist(): Promise<void>;
  /** Balances that are not zero. */
  balances(): Promise<ReadonlyMap<string, string>>;
  nowMs(): number;
}

/** What is to be read. */
export interface WalletTask {
  readonly startMs: number;
  readonly span: Span;
  readonly isThorough: boolean;
  /** Symbols that the user named. */
  readonly named: readonly string[];
}

/** How a read of a wallet ended. */
export interface WalletResult {
  readonly wallet: Wallet;
  readonly unsearched: number;
  readonly isIncomplete: boolean;
}

/** Reads one wallet once. */
export async function readWallet(
  parts: WalletParts,
  wallet: Wallet,
  task: WalletTask,
): Promise<WalletResult> {
  return new WalletRead(parts, wallet, task).run();
}

class WalletRead {
  readonly #parts: WalletParts;
  readonly #task: WalletTask;
  readonly #before: Wallet;
  readonly #round: MarketRound;
  readonly #searches: Map<string, Search>;
  #recheckMs: number | null;
  #isIncomplete = false;

  constructor(parts: WalletParts, before: Wallet, task: WalletTask) {
    this.#parts = parts;
    this.#task = task;
    this.#before = before;
    this.#round = new MarketRound(parts, before.markets, task.span);
    this.#searches = new Map(Object.entries(before.searches));
    this.#round.countFromMs = before.ledger?.settledMs ?? 0;
    this.#recheckMs = before.recheckMs;
  }

  async run(): Promise<WalletResult> {
    const { ledger } = this.#before;
    const { span } = this.#task;
    // Balances tell nothing new about a span that ended before they were last asked.
    if (ledger !== null && span.toMs <= ledger.askedMs) return this.#readOld();
    const askedMs = this.#parts.nowMs();
    const balances = await this.#parts.balances();
    if (ledger === null) return this.#readFirst(askedMs, balances);
    await this.#relistFor(ledger.amounts, balances);
    const moves = movesOf(ledger.amounts, balances);
    const judge = () => unexplainedOf(moves, [...this.#round.counted, ...this.#round.pending], askedMs);
    await this.#askLikely(new Set(moves.keys()), judge);
    this.#openSearches(judge().open);
    if (this.#recheckMs !== null && this.#recheckMs <= askedMs) {
      await this.#askHeld(new Set(balances.keys()));
      this.#recheckMs = null;
    }
    const accepted = await this.#search(SEARCHED_PER_READ, askedMs, () => judge().open);
    const { open, tiny } = judge();
    const isSettled = [...open.keys()].every((name) => accepted.has(name));
    const changes = [...[...open].filter(([name]) => accepted.has(name)), ...tiny];
    return this.#result({
      askedMs,
      settledMs: isSettled ? Math.max(ledger.settledMs, askedMs - SNAPSHOT_FUZZ_MS) : ledger.settledMs,
      amounts: withEffects(ledger.amounts, [...this.#round.counted, { atMs: askedMs, changes }]),
    });
  }

  /** A market that is new to the exchange shows by an asset that is in no market of the table. */
  async #relistFor(
    before: Readonly<Record<string, string>>,
    now: ReadonlyMap<string, string>,
  ): Promise<void> {
    const fresh = [...now.keys()].filter((name) => before[name] === undefined);
    const isListed = (name: string) => this.#toSearch(name, '').length > 0;
    if (fresh.some((name) => !isListed(name))) await this.#parts.relist();
  }

  /** Asks in the order of likelihood, and no further than something is unexplained. */
  async #askLikely(moved: ReadonlySet<string>, judge: () => Rest): Promise<void> {
    const { span, isThorough, named } = this.#task;
    const { nameOf } = this.#parts;
    const isStirred = moved.size > 0;
    await this.#round.askKnown(
      (known) => isThorough || (isStirred && (known.lastFillMs ?? 0) >= span.toMs - RECENT_MS),
    );
    if (isStirred || isThorough) await this.#round.askAll(this.#round.listedOf(named), this.#newFromMs());
    if (!isStirred) return;
    const between = marketsBetween(this.#parts.listed(), moved, nameOf);
    await this.#round.askAll(between.slice(0, LIKELY_MAX), this.#newFromMs());
    const open = new Set<string>();
    for (const [name, amount] of judge().open) {
      // A search that runs for this asks them in its turn.
      if (this.#searches.get(name)?.amount !== amount.toText()) open.add(name);
    }
    if (open.size === 0) return;
    await this.#round.askKnown(
      (_, market) =>
        open.has(nameOf(market.symbol, market.base)) || open.has(nameOf(market.symbol, market.quote)),
    );
  }

  /** Earlier balances are unknown: markets of what is held are asked, and all its markets searched if it is worth it. */
  async #readFirst(askedMs: number, balances: ReadonlyMap<string, string>): Promise<WalletResult> {
    const { startMs } = this.#task;
    const held = new Set(balances.keys());
    this.#round.countFromMs = askedMs;
    const named = this.#round.listedOf(this.#task.named);
    await this.#round.askAll(named, startMs);
    const isOld = this.#task.span.toMs < askedMs - WORTH_A_SEARCH_MS;
    await this.#askHeld(held);
    this.#recheckMs = askedMs + LATE_MS;
    if (startMs < askedMs - WORTH_A_SEARCH_MS) {
      for (const name of held) {
        this.#open(name, { after: '', fromMs: startMs, isRepeated: false, amount: null, lastRoundMs: null });
      }
    }
    await this.#search(isOld ? SEARCHED_PER_OLD_READ : SEARCHED_PER_READ, askedMs, () => new Map());
    const amounts = withEffects(Object.fromEntries(balances), this.#round.counted);
    return this.#result({ askedMs, settledMs: askedMs, amounts });
  }

  /** A span from before the last balances: known markets, and the search for others. */
  async #readOld(): Promise<WalletResult> {
    const { ledger } = this.#before;
    if (ledger === null) throw new Error('balances were never asked');
    await this.#round.askKnown(() => false);
    // What moved since is judged by the next read that asks for balances.
    const isFirstSearch = [...this.#searches.values()].every((search) => search.amount === null);
    if (isFirstSearch) await this.#search(SEARCHED_PER_OLD_READ, ledger.askedMs, () => new Map());
    return this.#result({ ...ledger, amounts: withEffects(ledger.amounts, this.#round.counted) });
  }

  /** Asks the likely markets of what is held for all fills since the beginning. */
  async #askHeld(held: ReadonlySet<string>): Promise<void> {
    const likely = likelyMarkets(this.#parts.listed(), held, this.#parts.nameOf);
    await this.#round.askAll(likely.slice(0, LIKELY_MAX), this.#task.startMs);
  }

  #result(ledger: NonNullable<Wallet['ledger']>): WalletResult {
    const waiting = new Set<string>();
    for (const [name, search] of this.#searches) {
      // The last round only looks for what showed late.
      if (search.lastRoundMs !== null) continue;
      for (const market of this.#toSearch(name, search.after)) waiting.add(market.symbol);
    }
    const wallet: Wallet = {
      ...NEW_WALLET,
      markets: this.#round.known,
      searches: Object.fromEntries(this.#searches),
      recheckMs: this.#recheckMs,
      ledger,
    };
    for (const symbol of this.#round.behind) waiting.add(symbol);
    return { wallet, unsearched: waiting.size, isIncomplete: this.#isIncomplete };
  }

  #toSearch(name: string, after: string): readonly TableMarket[] {
    return marketsToSearch(this.#parts.listed(), name, after, this.#parts.nameOf);
  }

  /** Fills of a market that is found now are looked for from here on: all earlier movements are explained. */
  #newFromMs(): number {
    return Math.max(this.#task.startMs, this.#round.countFromMs - SNAPSHOT_FUZZ_MS);
  }

  /** Begins a search for what is unexplained, or one more round of the search that runs. */
  #openSearches(unexplained: ReadonlyMap<string, Exact>): void {
    for (const [name, amount] of unexplained) {
      const running = this.#searches.get(name);
      const text = amount.toText();
      if (running === undefined) {
        const fromMs = this.#newFromMs();
        this.#open(name, { after: '', fromMs, isRepeated: false, amount: text, lastRoundMs: null });
      } else if (running.amount !== text) {
        this.#searches.set(name, { ...running, amount: text, isRepeated: true, lastRoundMs: null });
      }
    }
  }

  #open(name: string, search: Search): void {
    if (this.#searches.size < SEARCHES_MAX) this.#searches.set(name, search);
    else this.#isIncomplete = true;
  }

  /**
   * Goes on with the searches, over so many markets. Answers the names whose search ended without an explanation: a
   * deposit, a withdrawal or a conversion moved them.
   */
  async #search(
    marketsMax: number,
    nowMs: number,
    judge: () => ReadonlyMap<string, Exact>,
  ): Promise<ReadonlySet<string>> {
    const accepted = new Set<string>();
    const budget = { left: marketsMax };
    for (const [name, before] of this.#searches) {
      const search = await this.#searchOne(name, before, budget, nowMs, judge);
      if (search === 'explained' || search === 'ended') this.#searches.delete(name);
      else this.#searches.set(name, search);
      if (search === 'ended' && before.amount !== null) accepted.add(name);
    }
    return accepted;
  }

  async #searchOne(
    name: string,
    before: Search,
    budget: { left: number },
    nowMs: number,
    judge: () => ReadonlyMap<string, Exact>,
  ): Promise<Search | 'explained' | 'ended'> {
    if (before.lastRoundMs !== null && nowMs < before.lastRoundMs) {
      return before.amount !== null && !judge().has(name) ? 'explained' : before;
    }
    // Assets without any market cannot have been traded.
    if (this.#toSearch(name, '').length === 0) return 'ended';
    let search = before;
    for (const market of this.#toSearch(name, before.after)) {
      if (search.amount !== null && !judge().has(name)) return 'explained';
      if (!this.#round.wasAsked(market.symbol)) {
        if (budget.left === 0) return search;
        budget.left--;
        await this.#round.ask(market, search.fromMs);
      }
      search = { ...search, after: searchName(market) };
    }
    if (search.amount !== null && !judge().has(name)) return 'explained';
    // The next round begins with the next read.
    if (search.isRepeated) return { ...search, after: '', isRepeated: false };
    if (search.amount === null || search.lastRoundMs !== null) return 'ended';
    return { ...search, after: '', lastRoundMs: nowMs + LATE_MS };
  }
}
