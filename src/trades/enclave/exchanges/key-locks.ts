// Keeps two polls from using one key at the same time, and gives out the counters that some exchanges want to see rise with
// each request of a key. Keys are held here only as hashes.

import { createHash } from 'node:crypto';
import type { Clock } from '../../../lib/clock.ts';
import type { Credentials } from '../../domain/account.ts';

/** Keys whose last counter is remembered; beyond it the one that was unused for longest is forgotten. */
export const COUNTERS_MAX = 8_192;

/** Names a key without telling it. Two accounts with one key have the same name. */
export function keyName({ apiKey, walletAddress }: Credentials): string {
  return createHash('sha256')
    .update(`${apiKey}\n${walletAddress ?? ''}`)
    .digest('base64');
}

/** The keys of one exchange. */
export class KeyLocks {
  readonly #ends = new Map<string, Promise<void>>();
  readonly #counters = new Map<string, number>();
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** Keys that are in use or waited for. */
  get size(): number {
    return this.#ends.size;
  }

  /** Runs when all earlier runs for this key have ended. */
  async alone<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key);
    const { promise: end, resolve } = Promise.withResolvers<void>();
    this.#ends.set(key, end);
    try {
      await before;
      return await run();
    } finally {
      resolve();
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    }
  }

  /** A number that is above all earlier ones of this key: the time in ms, or the last number and one. */
  nextCounter(key: string): number {
    const next = Math.max(this.#clock.nowMs(), (this.#counters.get(key) ?? 0) + 1);
    // Set anew, the key is the youngest of the map.
    this.#counters.delete(key);
    this.#counters.set(key, next);
    if (this.#counters.size > COUNTERS_MAX) this.#counters.delete(this.#counters.keys().next().value ?? key);
    return next;
  }
}
