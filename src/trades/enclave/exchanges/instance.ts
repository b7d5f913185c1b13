// One instance of a ccxt exchange with our own sending, pacing, clock and counters. It is lent to one account at a time:
// credentials are set for the loan, and afterwards every member is what it was before. Never print what is in it.

import type { Credentials } from '../../domain/account.ts';
import { type ExchangeCalls, ExchangeError } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import { isTestedExchange } from '../../domain/tested-exchanges.ts';
import type { AnswerFacts } from './answer-facts.ts';
import type { CcxtExchange } from './ccxt-exchange.ts';
import { classNames, exchangeErrorOf, stopsAddress } from './error-kind.ts';
import type { ExchangeFetch, FetchChannel } from './exchange-fetch.ts';
import { featuresOf } from './features.ts';
import { PUBLIC_KEY_NAME } from './key-paces.ts';

/** ccxt's own limit of time, in ms: longer than ours. */
const CCXT_TIMEOUT_MS = 120_000;
const CREDENTIALS = ['apiKey', 'secret', 'password', 'uid', 'walletAddress', 'privateKey'] as const;
/** Exchanges whose requests carry a counter that must rise. */
const COUNTING = new Set(['kraken', 'krakenfutures']);

/** What an {@link Instance} needs of its venue. */
export interface InstanceParts {
  readonly fetch: ExchangeFetch;
  /**
   * Resolves when a request of this key, which costs so many ms by ccxt's count, may leave; with its work, in ms of the
   * budget that all keys share.
   */
  readonly take: (key: string, costMs: number) => Promise<number>;
  /** Now by the exchange's clock, in ms since 1970. */
  readonly nowMs: () => number;
  readonly nextCounter: (key: string) => number;
  /** Measures the exchange's clock. */
  readonly measure: () => Promise<void>;
  readonly succeeded: () => void;
  /** A request that left had no answer, or one that is an error, which is an answer too. */
  readonly failed: (isAnswered: boolean) => void;
  /** No request may leave for at least so many ms. */
  readonly pause: (wantedMs: number) => void;
  readonly userAgent: string;
}

/** An exchange that can be lent. */
export class Instance {
  readonly #exchange: CcxtExchange;
  readonly #parts: InstanceParts;
  readonly #channel: FetchChannel = { isTable: false, hasLeft: false, facts: null, span: null };
  /** Names of all members before the first loan: two thousand are functions, one for each request of the exchange. */
  readonly #names: ReadonlySet<string>;
  /** Members before the first loan that are no functions. */
  readonly #pristine: readonly (readonly [string, unknown])[];
  /** ccxt keeps in its options what it learns of an account, so each loan begins with a copy of these. */
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #send: (...parameters: readonly unknown[]) => Promise<unknown>;
  #key = PUBLIC_KEY_NAME;
  #isPublic = false;
  #workMs = 0;
  /** An instance that is never lent sends without credentials. */
  #isLent = true;
  /** Ends when the latest request has ended; a request begins when the one before has ended. */
  #tail: Promise<unknown> = Promise.resolve();

  /** The instance takes the exchange over. */
  constructor(exchange: CcxtExchange, parts: InstanceParts) {
    this.#exchange = exchange;
    this.#parts = parts;
    this.#send = exchange.fetch2.bind(exchange);
    this.#hook();
    this.#options = Object.freeze(exchange.options);
    exchange.options = { ...this.#options };
    const members = Object.entries(exchange);
    this.#names = new Set(members.map(([name]) => name));
    this.#pristine = members.filter(([, value]) => typeof value !== 'function');
  }

  /** When the latest request left and its answer came, by the monotonic clock in ms; null without an answer. */
  get span(): FetchChannel['span'] {
    return this.#channel.span;
  }

  /** Status of the answer to the latest request; null without an answer. */
  get latestStatus(): number | null {
    return this.#channel.facts?.status ?? null;
  }

  /** Work of all requests so far, in ms of the budget. */
  get workMs(): number {
    return this.#workMs;
  }

  /** What ccxt says of `fetchMyTrades` for a kind of account. */
  features(accountType: AccountType): ExchangeCalls['features'] {
    return featuresOf(this.#exchange, accountType);
  }

  /** Lends the instance: requests go out with these credentials. */
  lend(credentials: Credentials, key: string, accountType: AccountType): void {
    for (const name of CREDENTIALS) Reflect.set(this.#exchange, name, credentials[name]);
    this.#exchange.options = { ...this.#options, defaultType: this.#defaultType(accountType) };
    this.#key = key;
    this.#isLent = true;
  }

  /** Ends the loan: waits for requests under way, refuses further ones, and forgets the credentials and what was sent. */
  async giveBack(): Promise<void> {
    this.#isLent = false;
    await this.#tail.catch(() => undefined);
    this.#key = PUBLIC_KEY_NAME;
    this.#channel.facts = null;
    const exchange = this.#exchange as unknown as Record<string, unknown>;
    for (const name of Object.keys(exchange)) if (!this.#names.has(name)) delete exchange[name];
    for (const [name, value] of this.#pristine) exchange[name] = value;
  }

  /** Uses the market table of another instance of the exchange. */
  shareMarkets(source: Instance): void {
    this.#exchange.setMarketsFromExchange(source.#exchange);
  }

  /** Runs a call of ccxt. Rejects with an `ExchangeError` and nothing else. */
  async run<T>(call: (exchange: CcxtExchange) => T | Promise<T>): Promise<T> {
    if (!this.#isLent) throw new ExchangeError('exchange_error');
    try {
      return await call(this.#exchange);
    } catch (error) {
      throw this.#told(error, null);
    }
  }

  /** Reads with ccxt, without a request; null if ccxt cannot read it. */
  read<T>(reading: (exchange: CcxtExchange) => T): T | null {
    if (!this.#isLent) throw new ExchangeError('exchange_error');
    try {
      return reading(this.#exchange);
    } catch {
      return null;
    }
  }

  /** As `run`, with the bounds for a table of markets. */
  async runTable<T>(call: (exchange: CcxtExchange) => Promise<T>): Promise<T> {
    this.#channel.isTable = true;
    try {
      return await this.run(call);
    } finally {
      this.#channel.isTable = false;
    }
  }

  #hook(): void {
    const exchange = this.#exchange;
    const { fetch, take, nowMs, nextCounter, userAgent } = this.#parts;
    const nowSeconds = () => Math.floor(nowMs() / 1000);
    Object.assign(exchange, {
      fetchImplementation: fetch.fetchFor(this.#channel),
      throttle: async (cost: unknown) => {
        const key = this.#isPublic ? PUBLIC_KEY_NAME : this.#key;
        this.#workMs += await take(key, Number(cost ?? 1) * exchange.rateLimit);
        // The loan may have ended meanwhile.
        if (!this.#isLent) throw new ExchangeError('exchange_error');
      },
      fetch2: (...parameters: readonly unknown[]) => this.#request(parameters),
      now: nowMs,
      milliseconds: nowMs,
      microseconds: () => nowMs() * 1000,
      seconds: nowSeconds,
      timeout: CCXT_TIMEOUT_MS,
      verbose: false,
      enableRateLimit: true,
      enableLastHttpResponse: false,
      userAgent,
    });
    if (COUNTING.has(exchange.id)) exchange.nonce = () => nextCounter(this.#key);
  }

  /** Some calls of ccxt send two requests at once, with one key: here the second waits. */
  #request(parameters: readonly unknown[]): Promise<unknown> {
    const before = this.#tail;
    const request = (async () => {
      await before.catch(() => undefined);
      return this.#requestWithClock(parameters);
    })();
    this.#tail = request;
    return request;
  }

  /** A request that was refused because of its time is repeated once, by the measured clock. */
  async #requestWithClock(parameters: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#requestOnce(parameters);
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.kind !== 'clock') throw error;
      await this.#parts.measure();
      return this.#requestOnce(parameters);
    }
  }

  async #requestOnce(parameters: readonly unknown[]): Promise<unknown> {
    if (!this.#isLent) throw new ExchangeError('exchange_error');
    this.#channel.facts = null;
    this.#channel.hasLeft = false;
    const [, group] = parameters;
    this.#isPublic = typeof group === 'string' && /public/i.test(group);
    try {
      const answer = await this.#send(...parameters);
      // ccxt gives out a body that is no JSON as text: a page of a server that stands before the exchange.
      if (typeof answer === 'string') throw new ExchangeError('unreachable');
      this.#parts.succeeded();
      return answer;
    } catch (error) {
      const facts = this.#latestFacts();
      if (this.#channel.hasLeft) this.#parts.failed(facts !== null);
      if (facts !== null && stopsAddress(this.#exchange.id, facts))
        this.#parts.pause(Math.max(facts.retryAfterMs ?? 0, facts.banMs ?? 0));
      // A secret that is not of the form that the exchange gives out cannot sign.
      if (
        !this.#channel.hasLeft &&
        !classNames(error).includes('BaseError') &&
        !(error instanceof ExchangeError)
      )
        throw new ExchangeError('key_refused');
      throw this.#told(error, facts);
    }
  }

  #defaultType(accountType: AccountType): string {
    if (accountType === 'futures') return 'swap';
    return accountType === 'margin' && !isTestedExchange(this.#exchange.id) ? 'margin' : 'spot';
  }

  #latestFacts(): AnswerFacts | null {
    return this.#channel.facts;
  }

  /** The error without any text of ccxt or of the exchange. */
  #told(error: unknown, facts: AnswerFacts | null): ExchangeError {
    if (error instanceof ExchangeError) return error;
    return exchangeErrorOf(this.#exchange.id, facts, classNames(error));
  }
}
