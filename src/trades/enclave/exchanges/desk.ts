// Everything for one group of markets of an exchange in one environment: the shared table of markets, and the instances
// that are lent to accounts. Spot and futures have a desk each where their tables can be loaded apart.

import { Fifo } from '../../../lib/fifo.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Credentials } from '../../domain/account.ts';
import { ExchangeError } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import { isTestedExchange } from '../../domain/tested-exchanges.ts';
import type { CcxtExchange, CcxtMarket, ExchangeClass } from './ccxt-exchange.ts';
import { Instance, type InstanceParts } from './instance.ts';
import { CcxtMarketTable } from './market-table.ts';
import type { Environment } from './support.ts';

/** Instances of one desk; a further account waits for one. */
export const INSTANCES_MAX = 16;
/** Accounts that wait for an instance; a further one is refused. */
export const WAITING_ACCOUNTS_MAX = 4_096;
/** A table is loaded again when it is this old, in ms. */
export const TABLE_AGE_MAX_MS = 86_400_000;
/** A table is not asked for again, whoever wants it, within this time, in ms. */
export const TABLE_AGE_MIN_MS = 300_000;

/** Which markets a desk has; `all` for an exchange whose table cannot be loaded in parts. */
export type DeskMarkets = 'spot' | 'futures' | 'all';

/** Kinds of markets by desk, in the words of ccxt's option. */
const KINDS: Readonly<Record<Exclude<DeskMarkets, 'all'>, readonly string[]>> = {
  spot: ['spot'],
  futures: ['linear', 'inverse'],
};

/** The desk at which a kind of account is polled. */
export function deskMarkets(exchange: string, accountType: AccountType): DeskMarkets {
  if (exchange !== 'binance' && exchange !== 'bybit') return 'all';
  return accountType === 'futures' ? 'futures' : 'spot';
}

/** What a {@link Desk} needs. */
export interface DeskParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly instance: InstanceParts;
  /** A table of markets is about to be loaded. */
  readonly download: () => void;
}

/** For whom an instance is lent. */
export interface Loan {
  readonly credentials: Credentials;
  /** A name for the key that does not tell it. */
  readonly key: string;
  readonly accountType: AccountType;
}

interface Loaded {
  readonly table: CcxtMarketTable;
  readonly atMs: number;
}

/** A desk. */
export class Desk {
  readonly #make: () => CcxtExchange;
  readonly #parts: DeskParts;
  readonly #source: Instance;
  readonly #free: Instance[] = [];
  readonly #waiting = new Fifo<(instance: Instance) => void>();
  /** The table that an instance has. */
  readonly #shared = new WeakMap<Instance, CcxtMarketTable>();
  #waitingCount = 0;
  #made = 0;
  #loaded: Loaded | null = null;
  #triedMs = -Infinity;
  #loading: Promise<CcxtMarketTable> | null = null;

  constructor(
    exchangeClass: ExchangeClass,
    { markets, environment }: { readonly markets: DeskMarkets; readonly environment: Environment },
    parts: DeskParts,
  ) {
    this.#make = () => makeExchange(exchangeClass, markets, environment);
    this.#parts = parts;
    this.#source = this.instance();
  }

  /** Instances that were made for accounts. */
  get made(): number {
    return this.#made;
  }

  /** An instance that is not lent, for requests without credentials. It has no table. */
  instance(): Instance {
    return new Instance(this.#make(), this.#parts.instance);
  }

  /** Resolves when the table of markets is there. */
  async ready(): Promise<void> {
    await this.#table(false);
  }

  /** The table, which the instance has from now on; with `isRenewed` a new one, if it is time for one. */
  async markets(instance: Instance, isRenewed: boolean): Promise<CcxtMarketTable> {
    const table = await this.#table(isRenewed);
    this.#share(instance);
    return table;
  }

  /** Lends an instance that has the table for as long as `run` takes. */
  async lend<T>(
    { credentials, key, accountType }: Loan,
    run: (instance: Instance) => Promise<T>,
  ): Promise<T> {
    await this.#table(false);
    const instance = await this.#borrow();
    try {
      instance.lend(credentials, key, accountType);
      this.#share(instance);
      return await run(instance);
    } finally {
      await instance.giveBack();
      this.#shared.delete(instance);
      this.#release(instance);
    }
  }

  async #table(isRenewed: boolean): Promise<CcxtMarketTable> {
    const loaded = this.#loaded;
    if (loaded === null) return this.#load();
    if (isRenewed && this.#loading !== null) return this.#loading;
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#triedMs < TABLE_AGE_MIN_MS) return loaded.table;
    if (isRenewed) return this.#load();
    // The daily table may come late, so nobody waits for it, and while it does not come the old one does.
    if (nowMs - loaded.atMs >= TABLE_AGE_MAX_MS) void this.#load().catch(() => undefined);
    return loaded.table;
  }

  #load(): Promise<CcxtMarketTable> {
    this.#loading ??= this.#download().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #download(): Promise<CcxtMarketTable> {
    this.#parts.download();
    this.#triedMs = this.#parts.clock.monotonicMs();
    const table = await this.#source.runTable(async (exchange) => {
      await exchange.loadMarkets(true);
      mergeMarkets(exchange);
      return new CcxtMarketTable(exchange);
    });
    this.#loaded = { table, atMs: this.#parts.clock.monotonicMs() };
    return table;
  }

  #share(instance: Instance): void {
    const table = this.#loaded?.table;
    if (table === undefined || this.#shared.get(instance) === table) return;
    instance.shareMarkets(this.#source);
    this.#shared.set(instance, table);
  }

  #borrow(): Promise<Instance> {
    const free = this.#free.pop();
    if (free !== undefined) return Promise.resolve(free);
    if (this.#made < INSTANCES_MAX) {
      this.#made += 1;
      return Promise.resolve(this.instance());
    }
    if (this.#waitingCount >= WAITING_ACCOUNTS_MAX) return Promise.reject(new ExchangeError('rate_limited'));
    const { promise, resolve } = Promise.withResolvers<Instance>();
    this.#waiting.push(resolve);
    this.#waitingCount += 1;
    return promise;
  }

  #release(instance: Instance): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#free.push(instance);
      return;
    }
    this.#waitingCount -= 1;
    next(instance);
  }
}

function makeExchange(
  ExchangeClass: ExchangeClass,
  markets: DeskMarkets,
  environment: Environment,
): CcxtExchange {
  const exchange = new ExchangeClass({
    // Amounts stay as exact as the exchange sends them.
    number: String,
    // The call is private at Binance and others, and would come before the clock is known.
    has: { fetchCurrencies: false },
  });
  if (environment === 'testnet') exchange.setSandboxMode(true);
  if (environment === 'demo') exchange.enableDemoTrading(true);
  const { options } = exchange;
  const marketOptions = options['fetchMarkets'];
  const kinds = markets === 'all' ? null : KINDS[markets];
  options['fetchMarkets'] = Array.isArray(marketOptions)
    ? (kinds ?? withoutOptions(marketOptions))
    : withKinds(marketOptions, kinds);
  if (markets !== 'all') options['defaultType'] = markets === 'spot' ? 'spot' : 'swap';
  return exchange;
}

function withKinds(marketOptions: unknown, kinds: readonly string[] | null): unknown {
  if (typeof marketOptions !== 'object' || marketOptions === null || !('types' in marketOptions))
    return marketOptions;
  const { types } = marketOptions;
  return { ...marketOptions, types: kinds ?? (Array.isArray(types) ? withoutOptions(types) : types) };
}

function withoutOptions(kinds: readonly unknown[]): readonly unknown[] {
  return kinds.filter((kind) => kind !== 'option');
}

/**
 * ccxt keeps each market twice, complete by symbol and as it was read by id. Here both are the complete one. The exchanges
 * that this program is tested with do not need what the exchange sent, which is most of the memory.
 */
function mergeMarkets(exchange: CcxtExchange): void {
  const markets = exchange.markets ?? {};
  const byId = exchange.markets_by_id ?? {};
  for (const [id, found] of Object.entries(byId))
    (byId as Record<string, readonly CcxtMarket[]>)[id] = found.map(
      (market) => markets[market.symbol] ?? market,
    );
  if (!isTestedExchange(exchange.id)) return;
  for (const market of Object.values(markets)) Reflect.set(market, 'info', {});
}
