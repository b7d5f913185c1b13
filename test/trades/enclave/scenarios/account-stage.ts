// One account of a simulated exchange, polled as the enclave does it: by way of ccxt, with the reader of the exchange and
// the book of the account. Time passes by itself and when the test says so; the exchange has the same clock.

import type { Clock } from '../../../../src/lib/clock.ts';
import { systemTimers } from '../../../../src/lib/timers.ts';
import type { ExchangeCalls, FeedReader, ReadSpan } from '../../../../src/trades/domain/exchange-calls.ts';
import { nextSpan } from '../../../../src/trades/domain/poll-span.ts';
import type { AccountType } from '../../../../src/trades/domain/registration.ts';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import { AccountBook } from '../../../../src/trades/enclave/accounts/account-book.ts';
import { FillBatch } from '../../../../src/trades/enclave/accounts/fill-batch.ts';
import type { Venue } from '../../../../src/trades/enclave/exchanges/venue.ts';
import { Venues } from '../../../../src/trades/enclave/exchanges/venues.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import type { FeedState } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import { type ExchangeSim, startExchangeSim } from '../../../../src/trades/simulator/exchange-sim.ts';
import type { ExchangeName, FillInput, ScenarioInput } from '../../../../src/trades/simulator/scenario.ts';
import { OPTIONS, WHO } from '../accounts/book-bench.ts';

/** The account's key. */
export const KEY = { apiKey: 'planted-key', secret: Buffer.from('planted-secret').toString('base64') };
/** 2025-01-01T10:30:00.000Z: when the stage begins. */
export const BEGIN_MS = Date.parse('2025-01-01T10:30:00.000Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** How a stage is made. */
export interface StageOptions {
  readonly accountType?: AccountType;
  /** Where collection begins; default ten o'clock. */
  readonly sinceMs?: number;
  /** Time that passes before each call, in ms; default a second, so that no budget of requests holds a test up. */
  readonly callMs?: number;
  readonly scenario?: Partial<ScenarioInput>;
}

/** A clock that a test can push. */
class PushedClock implements Clock {
  #pushedMs = 0;
  readonly #startMs = performance.now();

  nowMs(): number {
    return BEGIN_MS + Math.floor(this.monotonicMs());
  }

  monotonicMs(): number {
    return performance.now() - this.#startMs + this.#pushedMs;
  }

  push(byMs: number): void {
    this.#pushedMs += byMs;
  }
}

/** Starts an exchange with one account that has these fills. `ends`: what the test must call after it. */
export async function startStage(
  exchange: ExchangeName,
  fills: readonly FillInput[],
  ends: (() => Promise<void>)[],
  options: StageOptions = {},
): Promise<AccountStage> {
  const clock = new PushedClock();
  const sim = await startExchangeSim(
    exchange,
    {
      latencyMs: 0,
      accounts: [{ name: 'a', userId: '7', balances: { USDT: '1000', USD: '1000' }, fills }],
      keys: [{ ...KEY, account: 'a' }],
      ...options.scenario,
    },
    { clock },
  );
  ends.push(() => sim.stop());
  const venues = new Venues(
    { exchangeUrls: new Map([[exchange, sim.url]]) },
    { clock, timers: systemTimers, log: { info: () => undefined, warn: () => undefined } },
  );
  ends.push(() => venues.stop());
  return new AccountStage(sim, venues.venue(exchange, false), clock, options);
}

/** The account. */
export class AccountStage {
  readonly sim: ExchangeSim;
  readonly venue: Venue;
  /** Payloads of the summaries that were sealed, in order. */
  readonly summaries: SummaryPayload[] = [];
  readonly #clock: PushedClock;
  readonly #options: StageOptions;
  readonly #feed: FeedReader<FeedState>;
  readonly #book: AccountBook;

  constructor(sim: ExchangeSim, venue: Venue, clock: PushedClock, options: StageOptions) {
    this.sim = sim;
    this.venue = venue;
    this.#clock = clock;
    this.#options = options;
    this.#feed = feedFor(venue.exchange, this.#accountType);
    const startMs = options.sinceMs ?? BEGIN_MS - HOUR / 2;
    this.#book = AccountBook.from(startMs, this.#feed.initial(startMs, []), OPTIONS);
  }

  get book(): AccountBook {
    return this.#book;
  }

  /** Lets time pass at once, for the exchange too. */
  pass(byMs: number): void {
    this.#clock.push(byMs);
  }

  /** Polls until the account is up to date, then seals what is due. Rejects with what the exchange's reader rejects with. */
  async poll(): Promise<void> {
    await this.venue.ready(this.#accountType);
    for (let isBehind = true; isBehind; ) {
      const { graceMs } = OPTIONS;
      const { overlapMs, spanMaxMs } = this.#feed;
      const bounds = { graceMs, overlapMs, spanMaxMs, startMs: this.#book.startMs };
      const next = nextSpan(this.#book, this.venue.nowMs(), bounds);
      await this.read(next.span);
      ({ isBehind } = next);
    }
    await this.#seal();
  }

  /** Reads one span into the book. */
  async read(span: ReadSpan): Promise<void> {
    const batch = new FillBatch();
    const state = this.#book.feed as FeedState;
    const { report, state: next } = await this.use((calls) => this.#feed.read(calls, state, span, batch));
    this.#book.read(span, batch, next, report);
  }

  /** Calls of the exchange with the account's key. */
  use<T>(run: (calls: ExchangeCalls) => Promise<T>): Promise<T> {
    return this.venue.use(KEY, this.#accountType, (calls) => run(this.#slowed(calls)));
  }

  /** Polls, and polls again when the hour is closed. Returns the summary of the hour. */
  async pollHour(): Promise<SummaryPayload> {
    await this.poll();
    this.pass(HOUR);
    await this.poll();
    const [summary] = this.summaries;
    if (summary === undefined) throw new Error('no summary was sealed');
    return summary;
  }

  get #accountType(): AccountType {
    return this.#options.accountType ?? 'spot';
  }

  /** The same calls, each of which takes some time. */
  #slowed(calls: ExchangeCalls): ExchangeCalls {
    const { callMs = 1_000 } = this.#options;
    return new Proxy(calls, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...parameters: readonly unknown[]) => {
          if (name === 'call' || name === 'fetchBalance') this.pass(callMs);
          return Reflect.apply(member, target, parameters) as unknown;
        };
      },
    });
  }

  async #seal(): Promise<void> {
    for (let due = this.#book.due(); due !== null; due = this.#book.due()) {
      for (const wanted of this.#book.missingPrices(due)) {
        const price = await this.venue.openPrice(wanted.asset, wanted.hourMs);
        if (price !== null) this.#book.addPrice(wanted, price);
      }
      const sealed = this.#book.seal(due, { ...WHO, exchange: this.venue.exchange });
      this.#book.sealed(due, sealed.digest);
      this.summaries.push(JSON.parse(sealed.canonicalText) as SummaryPayload);
    }
  }
}
