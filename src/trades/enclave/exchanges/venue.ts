// One exchange, live or its sandbox, for all accounts that are polled there: it loads the exchange's module, keeps its
// clock and its budget of requests, and lends instances to accounts. Nothing here can be printed with a credential in it.

import type { Clock } from '../../../lib/clock.ts';
import type { Log } from '../../../io/log.ts';
import type { Timer, Timers } from '../../../lib/timers.ts';
import type { Credentials, KeyFacts } from '../../domain/account.ts';
import { type ExchangeCalls, ExchangeError, type MarketTable } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import { AccountCalls } from './account-calls.ts';
import type { CcxtExchange, ExchangeClass } from './ccxt-exchange.ts';
import { Desk, deskMarkets } from './desk.ts';
import { ExchangeClock, type TimeReading } from './exchange-clock.ts';
import { ExchangeFetch } from './exchange-fetch.ts';
import { loadExchange } from './exchange-modules.ts';
import type { Instance, InstanceParts } from './instance.ts';
import { readKeyFacts } from './key-facts.ts';
import { KeyLocks, keyName } from './key-locks.ts';
import { KeyPaces, keyPaceOf, PUBLIC_KEY_NAME } from './key-paces.ts';
import { OpenPrices } from './open-prices.ts';
import { RateBudget } from './rate-budget.ts';
import { Reachability } from './reachability.ts';
import { environmentOf } from './support.ts';

/** How often the exchange's clock is measured, in ms. */
export const CLOCK_INTERVAL_MS = 3_600_000;
/** Requests of a poll of which nothing is known yet. */
const FIRST_POLL_REQUESTS = 2;
/** Work of a request of which nothing is known, in ms of the budget: what Binance counts for a page of fills. */
const REQUEST_WORK_MS = 200;
/** Exchanges that tell whole seconds, which are half a second old on average. */
const WHOLE_SECONDS: ReadonlySet<string> = new Set(['kraken']);
/** Weight of the latest poll in the mean of their work. */
const LATEST_WEIGHT = 0.1;

/** What a {@link Venue} needs. */
export interface VenueParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Name and version of the program, for exchanges to read. */
  readonly userAgent: string;
}

/** Counts since the start, and one of now. */
export interface VenueCounters {
  /** Requests that left. */
  readonly requests: number;
  /** Requests that had no answer, or one that is an error. */
  readonly failed: number;
  /** Requests that wait for their turn now. */
  readonly waiting: number;
  /** Pauses of the whole exchange. */
  readonly pauses: number;
  /** Tables of markets that were asked for. */
  readonly marketDownloads: number;
}

/** An exchange. */
export class Venue {
  readonly exchange: string;
  readonly isSandbox: boolean;
  /** True if `EXCHANGE_URLS` points the exchange at a local server. */
  readonly isLocal: boolean;
  readonly #parts: VenueParts;
  readonly #fetch: ExchangeFetch;
  readonly #budget: RateBudget;
  readonly #paces: KeyPaces;
  readonly #locks: KeyLocks;
  readonly #clock: ExchangeClock;
  readonly #prices: OpenPrices;
  readonly #reachability: Reachability;
  readonly #desks = new Map<string, Promise<Desk>>();
  /** Mean work of a poll by kind of account, in ms of the budget. */
  readonly #pollWorkMs = new Map<AccountType, number>();
  #clockInstance: Instance | null = null;
  #priceInstance: Instance | null = null;
  #measured: Promise<void> | null = null;
  #hourly: Timer | null = null;
  #isStopped = false;
  #marketDownloads = 0;
  #failed = 0;

  /** `origin`: that of the local server, null without one. */
  constructor(
    { exchange, isSandbox, origin }: { exchange: string; isSandbox: boolean; origin: string | null },
    parts: VenueParts,
  ) {
    this.exchange = exchange;
    this.isSandbox = isSandbox;
    this.isLocal = origin !== null;
    this.#parts = parts;
    this.#fetch = new ExchangeFetch(origin, parts);
    this.#budget = new RateBudget(parts);
    this.#paces = new KeyPaces(parts);
    this.#locks = new KeyLocks(parts.clock);
    this.#clock = new ExchangeClock(parts.clock, () => this.#readTime());
    this.#reachability = new Reachability(exchange, parts);
    this.#prices = new OpenPrices({ clock: parts.clock, instance: () => this.#forPrices() });
  }

  get counters(): VenueCounters {
    return {
      requests: this.#fetch.requests,
      failed: this.#failed,
      waiting: this.#budget.waiting,
      pauses: this.#budget.pauses,
      marketDownloads: this.#marketDownloads,
    };
  }

  /** How long no request may leave, in ms; 0 outside a pause. */
  get pausedForMs(): number {
    return this.#budget.pausedForMs;
  }

  /** Now by the exchange's clock, in ms since 1970; by the machine's until it is measured. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /**
   * Resolves when accounts of this kind can be polled: the module is loaded, the clock measured, the table of markets there.
   * Rejects with an `ExchangeError`: `unsupported` if there is no such exchange.
   */
  async ready(accountType: AccountType = 'spot'): Promise<void> {
    const desk = await this.#desk(accountType);
    await this.#measureFirst();
    await desk.ready();
  }

  /**
   * Lends an instance of the exchange for as long as `run` takes. Loans of one key come one after the other, whichever
   * account they are for. Rejects with what `run` rejects with, or with an `ExchangeError`.
   */
  async use<T>(
    credentials: Credentials,
    accountType: AccountType,
    run: (calls: ExchangeCalls) => Promise<T>,
  ): Promise<T> {
    return this.#lend(credentials, accountType, run, (workMs) => {
      // A loan that only looked at the clock is no poll.
      if (workMs === 0) return;
      const plannedMs = this.pollWorkMs(accountType);
      this.#learn(accountType, workMs);
      this.#book(workMs - plannedMs);
    });
  }

  async #lend<T>(
    credentials: Credentials,
    accountType: AccountType,
    run: (calls: ExchangeCalls) => Promise<T>,
    worked: (workMs: number) => void,
  ): Promise<T> {
    const key = keyName(credentials);
    return this.#locks.alone(key, async () => {
      const desk = await this.#desk(accountType);
      await this.#measureFirst();
      return desk.lend({ credentials, key, accountType }, async (instance) => {
        const before = instance.workMs;
        try {
          return await run(this.#callsOf(desk, instance, accountType));
        } finally {
          worked(instance.workMs - before);
        }
      });
    });
  }

  /** Work that no poll planned takes room in the plan, so that later polls are not planned into it. */
  #book(workMs: number): void {
    if (workMs > 0) this.#budget.reserve(workMs, 0);
  }

  /** What the key may do, as the exchange says; unknown for exchanges that do not say. Rejects with an `ExchangeError`. */
  keyFacts(credentials: Credentials, accountType: AccountType): Promise<KeyFacts> {
    // A registration is no poll: polls cost what polls have cost.
    return this.#lend(
      credentials,
      accountType,
      (calls) => readKeyFacts(calls, accountType),
      (workMs) => this.#book(workMs),
    );
  }

  /**
   * The open, as text, of the 1-hour candle of `<ASSET>/USDT` that contains the time `hourMs`, in ms since 1970; null if the
   * exchange has no such market or candle. Rejects with an `ExchangeError`. Found prices stay the same.
   */
  openPrice(asset: string, hourMs: number): Promise<string | null> {
    return this.#prices.open(asset, hourMs - (hourMs % 3_600_000));
  }

  /** The mean work of a poll of this kind of account, in ms of the budget: what to reserve for the next. */
  pollWorkMs(accountType: AccountType): number {
    const requestWorkMs = keyPaceOf(this.exchange)?.addressWorkMs ?? REQUEST_WORK_MS;
    return this.#pollWorkMs.get(accountType) ?? FIRST_POLL_REQUESTS * requestWorkMs;
  }

  /**
   * Returns when a poll of about `workMs` of the budget should begin, by the monotonic clock in ms: `notBeforeMs` or later,
   * not within a pause, and such that all polls together stay below the budget.
   */
  reserve(workMs: number, notBeforeMs: number): number {
    return this.#budget.reserve(workMs, notBeforeMs);
  }

  /** Ends all requests, and closes the connections. */
  stop(): void {
    this.#isStopped = true;
    this.#hourly?.cancel();
    this.#paces.stop();
    this.#budget.stop();
    this.#fetch.stop();
  }

  #callsOf(desk: Desk, instance: Instance, accountType: AccountType): ExchangeCalls {
    return new AccountCalls(instance, {
      exchange: this.exchange,
      isSandbox: this.isSandbox,
      features: instance.features(accountType),
      nowMs: () => this.#clock.nowMs(),
      markets: (lent, isRenewed) => desk.markets(lent, isRenewed),
    });
  }

  #learn(accountType: AccountType, workMs: number): void {
    const mean = this.#pollWorkMs.get(accountType);
    this.#pollWorkMs.set(accountType, mean === undefined ? workMs : mean + (workMs - mean) * LATEST_WEIGHT);
  }

  #desk(accountType: AccountType): Promise<Desk> {
    const { exchange, isSandbox } = this;
    const markets = deskMarkets(exchange, accountType);
    const environment = environmentOf({ exchange, accountType, isSandbox });
    const name = `${markets} ${environment}`;
    const known = this.#desks.get(name);
    if (known !== undefined) return known;
    const made = this.#load().then(
      (exchangeClass) =>
        new Desk(
          exchangeClass,
          { markets, environment },
          {
            clock: this.#parts.clock,
            instance: this.#instanceParts(),
            download: () => {
              this.#marketDownloads += 1;
            },
          },
        ),
    );
    this.#desks.set(name, made);
    made.catch(() => this.#desks.delete(name));
    return made;
  }

  async #load(): Promise<ExchangeClass> {
    const exchangeClass = await loadExchange(this.exchange);
    if (exchangeClass === null) throw new ExchangeError('unsupported');
    if (this.#isStopped) throw new ExchangeError('unreachable');
    return exchangeClass;
  }

  #instanceParts(): InstanceParts {
    return {
      fetch: this.#fetch,
      take: (key, costMs) => this.#take(key, costMs),
      nowMs: () => this.#clock.nowMs(),
      nextCounter: (key) => this.#locks.nextCounter(key),
      measure: () => this.#clock.measure(),
      succeeded: () => {
        this.#budget.succeeded();
        this.#reachability.answered();
      },
      failed: (isAnswered) => {
        this.#failed += 1;
        if (isAnswered) this.#reachability.answered();
        else this.#reachability.unanswered();
      },
      pause: (wantedMs) => this.#pause(wantedMs),
      userAgent: this.#parts.userAgent,
    };
  }

  #pause(wantedMs: number): void {
    const { pauses } = this.#budget;
    this.#budget.pause(wantedMs);
    if (this.#budget.pauses === pauses) return;
    const seconds = Math.ceil(this.#budget.pausedForMs / 1000);
    this.#parts.log.warn(
      `${this.exchange}: it refuses requests from this address, so none is sent for ${seconds} s`,
    );
  }

  /** Resolves with the work, in ms of the address's budget, when a request may leave. */
  async #take(key: string, costMs: number): Promise<number> {
    const pace = keyPaceOf(this.exchange);
    if (pace !== null) await this.#paces.take(key, costMs, pace.burstMs);
    const workMs = pace === null ? costMs : Math.min(costMs, pace.addressWorkMs);
    await this.#budget.take(workMs, key === PUBLIC_KEY_NAME);
    return workMs;
  }

  /** Measures the clock once, and from then on each hour. */
  #measureFirst(): Promise<void> {
    this.#measured ??= this.#beginMeasuring().catch((error: unknown) => {
      this.#measured = null;
      throw error;
    });
    return this.#measured;
  }

  async #beginMeasuring(): Promise<void> {
    await this.#clock.measure();
    if (this.#isStopped) return;
    this.#hourly = this.#parts.timers.every(CLOCK_INTERVAL_MS, () => {
      // While the exchange does not answer, the last measurement stays in use.
      this.#clock.measure().catch(() => undefined);
    });
  }

  async #readTime(): Promise<TimeReading | null> {
    const [first] = this.#desks.values();
    if (first === undefined) return null;
    const desk = await first;
    // An instance of its own: those of accounts wait for this measurement.
    this.#clockInstance ??= desk.instance();
    const instance = this.#clockInstance;
    const exchangeMs = await instance.run(timeOf);
    const { span } = instance;
    if (typeof exchangeMs !== 'number' || span === null) return null;
    const agedMs = WHOLE_SECONDS.has(this.exchange) ? 500 : 0;
    return { exchangeMs: exchangeMs + agedMs, ...span };
  }

  async #forPrices(): Promise<{ instance: Instance; table: MarketTable }> {
    const desk = await this.#desk('spot');
    await this.#measureFirst();
    this.#priceInstance ??= desk.instance();
    const instance = this.#priceInstance;
    return { instance, table: await desk.markets(instance, false) };
  }
}

/** Null for an exchange that does not tell its time, or not so that ccxt can read it. */
async function timeOf(exchange: CcxtExchange): Promise<unknown> {
  if (exchange.has['fetchTime'] !== true) return null;
  try {
    return await exchange.fetchTime();
  } catch (error) {
    const isTemporary =
      error instanceof ExchangeError && (error.kind === 'unreachable' || error.kind === 'rate_limited');
    if (isTemporary) throw error;
    return null;
  }
}
