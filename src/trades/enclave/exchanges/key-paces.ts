// Paces the requests of each key by itself, for exchanges that count by key: one account that is polled often does not slow
// the others. It sends nothing.

import type { Clock } from '../../../lib/clock.ts';
import type { Timers } from '../../../lib/timers.ts';
import { ExchangeError } from '../../domain/exchange-calls.ts';

/** Keys whose pace is remembered; beyond it the one that was unused for longest is forgotten. */
export const PACES_MAX = 8_192;

/** The key under which requests without credentials are counted. */
export const PUBLIC_KEY_NAME = 'public';

/** How an exchange counts. */
export interface KeyPace {
  /** What a request takes of the budget of the address, in ms. */
  readonly addressWorkMs: number;
  /** Work that one key may be given at once, in ms. */
  readonly burstMs: number;
}

/**
 * Exchanges that count by key. Bybit allows 600 requests in 5 s to an address, and 10 to 50 a second to a user. Kraken's
 * counter holds 15 in its lowest tier and loses one each 3 s; what an address may do is not published.
 */
const PACES: ReadonlyMap<string, KeyPace> = new Map([
  ['bybit', { addressWorkMs: 10, burstMs: 500 }],
  ['kraken', { addressWorkMs: 100, burstMs: 30_000 }],
]);

/** How this exchange counts by key; null if it counts by address. */
export function keyPaceOf(exchange: string): KeyPace | null {
  return PACES.get(exchange) ?? null;
}

/** The paces of all keys of one exchange. */
export class KeyPaces {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #timers: Pick<Timers, 'after'>;
  /** When the work that was granted to a key will be done, by key. */
  readonly #doneMs = new Map<string, number>();
  readonly #refusals = new Set<() => void>();
  #isStopped = false;

  constructor(parts: {
    readonly clock: Pick<Clock, 'monotonicMs'>;
    readonly timers: Pick<Timers, 'after'>;
  }) {
    this.#clock = parts.clock;
    this.#timers = parts.timers;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#doneMs.size;
  }

  /** Resolves when a request of `workMs` of this key may go on. Rejects with `unreachable` after `stop`. */
  async take(key: string, workMs: number, burstMs: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const startMs = Math.max(this.#doneMs.get(key) ?? -Infinity, nowMs - burstMs);
    // Set anew, the key is the youngest of the map.
    this.#doneMs.delete(key);
    this.#doneMs.set(key, startMs + workMs);
    if (this.#doneMs.size > PACES_MAX) this.#doneMs.delete(this.#doneMs.keys().next().value ?? key);
    if (startMs > nowMs) await this.#wait(startMs - nowMs);
  }

  /** Refuses the requests that wait, and all that would have to. */
  stop(): void {
    this.#isStopped = true;
    for (const refuse of this.#refusals) refuse();
  }

  #wait(delayMs: number): Promise<void> {
    if (this.#isStopped) return Promise.reject(new ExchangeError('unreachable'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#timers.after(delayMs, resolve);
    const refuse = () => reject(new ExchangeError('unreachable'));
    this.#refusals.add(refuse);
    return promise.finally(() => {
      timer.cancel();
      this.#refusals.delete(refuse);
    });
  }
}
