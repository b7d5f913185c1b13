// The calls of an exchange for as long as a session lasts: after its end no further request is made, whatever the reader
// of fills still wanted to ask.

import type { ExchangeCalls, MarketTable, ReadFillFields, TableMarket } from '../../domain/exchange-calls.ts';

/** The session ended while its account was being polled. */
export class SessionOver extends Error {
  override readonly name = 'SessionOver';
}

/** Passes calls on until the session is over. */
export class GuardedCalls implements ExchangeCalls {
  readonly exchange: string;
  readonly isSandbox: boolean;
  readonly features: ExchangeCalls['features'];
  readonly #calls: ExchangeCalls;
  readonly #isOver: () => boolean;

  constructor(calls: ExchangeCalls, isOver: () => boolean) {
    this.exchange = calls.exchange;
    this.isSandbox = calls.isSandbox;
    this.features = calls.features;
    this.#calls = calls;
    this.#isOver = isOver;
  }

  nowMs(): number {
    return this.#calls.nowMs();
  }

  markets(): Promise<MarketTable> {
    return this.#while(() => this.#calls.markets());
  }

  refreshMarkets(): Promise<MarketTable> {
    return this.#while(() => this.#calls.refreshMarkets());
  }

  call(method: string, parameters: Readonly<Record<string, string | number | boolean>>): Promise<unknown> {
    return this.#while(() => this.#calls.call(method, parameters));
  }

  readFill(raw: unknown, market: TableMarket | null): ReadFillFields | null {
    return this.#calls.readFill(raw, market);
  }

  fetchMyTrades(
    symbol: string | null,
    sinceMs: number | null,
    limit: number | null,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<readonly ReadFillFields[]> {
    return this.#while(() => this.#calls.fetchMyTrades(symbol, sinceMs, limit, parameters));
  }

  fetchBalance(parameters: Readonly<Record<string, unknown>>): Promise<ReadonlyMap<string, string>> {
    return this.#while(() => this.#calls.fetchBalance(parameters));
  }

  async #while<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isOver()) throw new SessionOver('the session is over');
    return call();
  }
}
