// One read of one kind of Binance contracts. Money or positions that move, and the hour's end, have the income asked for;
// income and positions tell which markets to ask. Positions that move without fills that explain it show that this key
// does not see all trades.

import type { ExchangeCalls, FillSink, TableMarket } from '../../domain/exchange-calls.ts';
import { accountOf, type BinanceContracts, incomeOf, type Income } from './binance-contracts.ts';
import { BinanceRows } from './binance-rows.ts';
import { type Effect, movesOf, unexplainedOf, withEffects } from './discovery.ts';
import { forOneMarket } from './failures.ts';
import { type KnownMarket, type Ledger, MARKETS_MAX, NEW_WALLET, type Wallet } from './feed-state.ts';
import { IdPages } from './id-pages.ts';
import type { MarketReader } from './market-fills.ts';
import { positionEffectOf, symbolOfPosition } from './positions.ts';
import { DAY_MS } from './spans.ts';
import type { TradeReader } from './trade-reader.ts';
import type { WalletResult, WalletTask } from './wallet-read.ts';
import { WindowPages } from './window-pages.ts';

/** Income, and fills where no id tells, can show late; so much is read again each time, in ms. */
const OVERLAP_MS = 300_000;
/** A span that ends so long ago is collected afterwards: positions of now tell nothing about it. In ms. */
const OLD_MS = 600_000;
/** Markets traded within this time are asked whenever something moved, in ms. */
const RECENT_MS = DAY_MS;

/** What a read of contracts needs. */
export interface ContractsParts {
  readonly calls: ExchangeCalls;
  readonly reader: TradeReader;
  readonly contracts: BinanceContracts;
  readonly sink: FillSink;
}

/** Reads one kind of contracts once. */
export async function readContracts(
  parts: ContractsParts,
  wallet: Wallet,
  task: WalletTask,
): Promise<WalletResult> {
  return new ContractsRead(parts, wallet, task).run();
}

class ContractsRead {
  readonly #parts: ContractsParts;
  readonly #pages: MarketReader;
  readonly #task: WalletTask;
  readonly #before: Wallet;
  readonly #markets: Map<string, KnownMarket>;
  #money: Readonly<Record<string, string>> = {};
  #stirredMs: number | null;
  #listedToMs: number | null;
  readonly #counted: Effect[] = [];
  readonly #pending: Effect[] = [];

  constructor(parts: ContractsParts, before: Wallet, task: WalletTask) {
    const { calls, reader, contracts } = parts;
    const rows = new BinanceRows(calls, reader, { method: contracts.fillsMethod, parameters: {} });
    this.#parts = parts;
    this.#pages = new WindowPages(rows, new IdPages(rows), () => calls.nowMs());
    this.#task = task;
    this.#before = before;
    this.#markets = new Map(Object.entries(before.markets));
    this.#stirredMs = before.stirredMs;
    this.#listedToMs = before.listedToMs;
  }

  async run(): Promise<WalletResult> {
    const { calls, reader, contracts } = this.#parts;
    const { span, startMs } = this.#task;
    const { ledger } = this.#before;
    const askedMs = calls.nowMs();
    const isOld = span.toMs < askedMs - OLD_MS;
    const { positions, money } = await accountOf(calls, reader, contracts);
    const hasMoved = ledger === null || movesOf(this.#before.money, money).size > 0;
    this.#money = Object.fromEntries(money);
    const moves = movesOf(ledger?.amounts ?? {}, positions);
    if (hasMoved || moves.size > 0) this.#stirredMs = askedMs;
    // Lists can show late what moved.
    const isStirred = this.#stirredMs !== null && (this.#listedToMs ?? 0) < this.#stirredMs + OVERLAP_MS;
    let income: Income = { newest: new Map(), delivered: new Set() };
    if (isOld || isStirred || this.#task.isThorough) {
      const fromMs = Math.max(startMs, (this.#listedToMs ?? startMs) - OVERLAP_MS);
      income = await incomeOf(calls, contracts, { fromMs, toMs: span.toMs });
      this.#listedToMs = Math.max(this.#listedToMs ?? 0, span.toMs);
    }
    const moved = new Set([...moves.keys()].map(symbolOfPosition));
    await this.#askAll(await this.#chosen(income, moved, isOld));
    if (ledger === null) {
      // Where a fill is so near that the positions may have it or not, the next read takes them for the beginning.
      const isClear = !isOld && this.#pending.length === 0;
      const amounts = Object.fromEntries(positions);
      return this.#result(isClear ? { askedMs, settledMs: askedMs, amounts } : null, false);
    }
    if (isOld) return this.#result(this.#counting(ledger), this.#before.isSuspect);
    const effects = [...this.#counted, ...this.#pending];
    const { open } = unexplainedOf(moves, effects, askedMs);
    const delivered = await this.#symbolsOf(income.delivered);
    const accepted = [...open].filter(([name]) => delivered.has(symbolOfPosition(name)));
    const isSuspect = accepted.length < open.size;
    const counting = this.#counting(ledger);
    // A fill that shows late may have hidden behind another one of the same moment: it still explains something then.
    const settledMs = isSuspect ? ledger.settledMs : Math.max(ledger.settledMs, askedMs - OVERLAP_MS);
    const amounts = withEffects(counting.amounts, [{ atMs: askedMs, changes: accepted }]);
    return this.#result({ askedMs, settledMs, amounts }, isSuspect);
  }

  #counting(ledger: Ledger): Ledger {
    return { ...ledger, amounts: withEffects(ledger.amounts, this.#counted) };
  }

  #result(ledger: Ledger | null, isSuspect: boolean): WalletResult {
    const { toMs } = this.#task.span;
    const isBehind = ({ moreFromMs }: KnownMarket) => moreFromMs !== null && moreFromMs < toMs;
    return {
      wallet: {
        ...NEW_WALLET,
        markets: Object.fromEntries(this.#markets),
        ledger,
        isSuspect,
        money: this.#money,
        stirredMs: this.#stirredMs,
        listedToMs: this.#listedToMs,
      },
      unsearched: [...this.#markets.values()].filter(isBehind).length,
      // One read may come before the list shows the fill.
      isIncomplete: isSuspect && this.#before.isSuspect,
    };
  }

  async #symbolsOf(ids: Iterable<string>): Promise<ReadonlySet<string>> {
    const symbols = new Set<string>();
    for (const id of ids) symbols.add((await this.#parts.reader.marketById(id))?.symbol ?? id);
    return symbols;
  }

  /** Symbols that income or positions name, and known ones that may have something new. */
  async #chosen(income: Income, moved: ReadonlySet<string>, isOld: boolean): Promise<ReadonlySet<string>> {
    const { span, isThorough, named } = this.#task;
    const { reader } = this.#parts;
    const chosen = new Set(moved);
    for (const [id, newest] of income.newest) {
      const market = await reader.marketById(id);
      const next = this.#markets.get(market?.symbol ?? id)?.nextId ?? null;
      // What the fills that were read already brought.
      if (newest !== null && next !== null && newest < BigInt(next)) continue;
      if (market === null) reader.fail(id, 'market_unavailable');
      else chosen.add(market.symbol);
    }
    const isStirred = chosen.size > 0;
    if (!isOld && (isStirred || isThorough)) for (const symbol of named) chosen.add(symbol);
    for (const [symbol, { lastFillMs, moreFromMs, failure }] of this.#markets) {
      const isRecent = isStirred && (lastFillMs ?? 0) >= span.toMs - RECENT_MS;
      const isDue = failure !== null || (moreFromMs !== null && moreFromMs < span.toMs);
      if (isDue || isRecent || (isThorough && !isOld)) {
        if (isDue || reader.table.bySymbol(symbol) !== null) chosen.add(symbol);
        // The contract ended, and all its fills were read.
        else this.#markets.delete(symbol);
      }
    }
    return chosen;
  }

  async #askAll(symbols: ReadonlySet<string>): Promise<void> {
    const { reader, contracts } = this.#parts;
    for (const symbol of symbols) {
      const market = reader.table.bySymbol(symbol);
      const isHere = market !== null && (market.inverse === true) === (contracts.identity === 'inverse');
      if (isHere) await this.#ask(market);
      else if (market === null) reader.fail(symbol, 'market_unavailable');
    }
  }

  async #ask(market: TableMarket): Promise<void> {
    const { symbol } = market;
    const known = this.#markets.get(symbol) ?? null;
    if (known === null && this.#markets.size >= MARKETS_MAX) {
      this.#parts.reader.fail(symbol, 'unsupported');
      return;
    }
    const { startMs, span } = this.#task;
    const { ledger, listedToMs } = this.#before;
    // Income and positions did not name a new market before.
    const doneMs = known?.readToMs ?? listedToMs ?? startMs;
    const fromMs = Math.max(startMs, doneMs - OVERLAP_MS);
    const found = await forOneMarket(
      () => this.#pages.read(market, known, { fromMs, toMs: span.toMs }),
      (kind) => {
        this.#parts.reader.fail(symbol, kind);
        const first = { nextId: null, overlap: null, readToMs: fromMs, moreFromMs: null, lastFillMs: null };
        this.#markets.set(symbol, { ...(known ?? first), failure: kind });
      },
    );
    if (found === null) return;
    if (found.known !== null) this.#markets.set(symbol, found.known);
    const taken = [...found.fresh, ...found.again];
    if (taken.length > 0) this.#parts.sink.take(taken, this.#parts.contracts.identity);
    // Before there is a ledger, only fills from around now matter: they make its beginning unclear.
    const countFromMs = ledger?.settledMs ?? this.#parts.calls.nowMs() - OLD_MS;
    for (const [trades, effects] of [
      [found.fresh, this.#counted],
      [[...found.again, ...found.ahead], this.#pending],
    ] as const) {
      for (const trade of trades) {
        if (trade.timestampMs >= countFromMs) effects.push(positionEffectOf(trade, symbol));
      }
    }
  }
}
