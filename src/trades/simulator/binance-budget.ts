// The request budget of one address at Binance: weights by minute, then 429, then a ban with 418. binance-spot-api-docs
// rest-api.md, LIMITS. All clients of the simulator count as one address.

import { banned, tooMuchWeight } from './binance-refusals.ts';
import type { SimAnswer, SimRequest } from './sim-wire.ts';

const MINUTE_MS = 60_000;
/** Requests after a 429 and before its `Retry-After` has passed, until the ban. How many Binance takes is unverified. */
const VIOLATIONS_MAX = 3;
/** rest-api.md, IP Limits: bans scale from 2 minutes to 3 days. By how much each is longer is unverified. */
const BAN_FIRST_MS = 2 * MINUTE_MS;
const BAN_MAX_MS = 3 * 24 * 60 * MINUTE_MS;

/** The rate limiter of one host: `api`, `sapi`, `fapi` and `dapi` count apart. */
export class BinanceBudget {
  readonly limit: number;
  #minute = 0;
  #used = 0;
  #limitedUntilMs = 0;
  #violations = 0;
  #bannedUntilMs = 0;
  #banMs = BAN_FIRST_MS;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Weight that was used in the minute of the latest request. */
  get used(): number {
    return this.#used;
  }

  /** Counts a request; an answer if the budget or a ban refuses it. */
  take({ nowMs, notes }: SimRequest): SimAnswer | null {
    const ban = this.ban(nowMs);
    if (ban !== null) return ban;
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#used = 0;
    }
    if (nowMs < this.#limitedUntilMs) {
      this.#violations += 1;
      if (this.#violations >= VIOLATIONS_MAX) {
        this.banUntil(nowMs + this.#banMs);
        this.#banMs = Math.min(2 * this.#banMs, BAN_MAX_MS);
        return this.ban(nowMs);
      }
      return this.#limited(nowMs);
    }
    this.#used += notes.weight;
    if (this.#used <= this.limit) return null;
    this.#violations = 0;
    this.#limitedUntilMs = (minute + 1) * MINUTE_MS;
    return this.#limited(nowMs);
  }

  /** Refuses everything until then. */
  banUntil(untilMs: number): void {
    this.#bannedUntilMs = Math.max(this.#bannedUntilMs, untilMs);
  }

  /** The answer of the ban that lasts; null without one. */
  ban(nowMs: number): SimAnswer | null {
    if (nowMs >= this.#bannedUntilMs) return null;
    return banned(this.#bannedUntilMs, Math.ceil((this.#bannedUntilMs - nowMs) / 1000));
  }

  #limited(nowMs: number): SimAnswer {
    return tooMuchWeight(this.limit, Math.ceil((this.#limitedUntilMs - nowMs) / 1000));
  }
}
