// How often Bybit lets itself be asked: per address of the caller, and per user and path.
// Source: bybit-exchange.github.io/docs/v5/rate-limit (IP Limit, API Rate Limit, API Rate Limit Table).

import { BYBIT_CODES, bybitRefusal } from './bybit-answer.ts';
import type { SimAnswer, SimRequest } from './sim-wire.ts';

/** "600 requests within a 5-second window per IP". */
export const BYBIT_IP_REQUESTS_MAX = 600;
const IP_WINDOW_MS = 5_000;
/** "wait for at least 10 minutes. The ban will be lifted automatically". */
const IP_BAN_MS = 600_000;
/** "rolling time window per second and UID". */
const USER_WINDOW_MS = 1_000;
/** Requests per second and user: API Rate Limit Table, UTA2.0 Pro. */
const PER_SECOND: Readonly<Record<string, number>> = {
  '/v5/execution/list': 50,
  '/v5/position/list': 50,
  '/v5/account/wallet-balance': 50,
  '/v5/account/info': 50,
  '/v5/asset/coin/query-info': 5,
  '/v5/user/query-api': 10,
};
const PER_SECOND_STANDARD = 10;

/** The limits of one server. All requests count as from one address, for they all come from this machine. */
export class BybitLimits {
  /** Times of the requests of the latest window. */
  #ofAddress: readonly number[] = [];
  #bannedUntilMs = -Infinity;
  /** By user and path; as many entries as the scenario has accounts, times the paths. */
  readonly #ofUsers = new Map<string, readonly number[]>();

  /** The refusal of an address that asks too often; null if it does not. */
  gate(request: SimRequest): SimAnswer | null {
    const { nowMs } = request;
    this.#ofAddress = [...within(this.#ofAddress, nowMs, IP_WINDOW_MS), nowMs].slice(
      -BYBIT_IP_REQUESTS_MAX - 1,
    );
    if (this.#ofAddress.length > BYBIT_IP_REQUESTS_MAX) this.#bannedUntilMs = nowMs + IP_BAN_MS;
    return nowMs < this.#bannedUntilMs ? tooFrequent(request) : null;
  }

  /** Counts a request of a user, and lets `answer` answer it if the user may still ask. */
  answer(request: SimRequest, userId: string, answer: () => SimAnswer): SimAnswer {
    const { nowMs, path } = request;
    const max = PER_SECOND[path] ?? PER_SECOND_STANDARD;
    const before = within(this.#ofUsers.get(`${userId} ${path}`) ?? [], nowMs, USER_WINDOW_MS);
    const isRefused = before.length >= max;
    const times = isRefused ? before : [...before, nowMs];
    this.#ofUsers.set(`${userId} ${path}`, times);
    const answered = isRefused
      ? bybitRefusal(request, BYBIT_CODES.tooManyVisits, 'Too many visits!')
      : answer();
    return {
      ...answered,
      headers: {
        ...answered.headers,
        'X-Bapi-Limit': String(max),
        'X-Bapi-Limit-Status': String(max - times.length),
        'X-Bapi-Limit-Reset-Timestamp': String(isRefused ? (times[0] ?? nowMs) + USER_WINDOW_MS : nowMs),
      },
    };
  }
}

/** The answer to an address that asks too often. The body's form is unverified; its words are the documentation's. */
export function tooFrequent(request: SimRequest): SimAnswer {
  request.notes.code = '403';
  return { status: 403, body: '403, access too frequent' };
}

function within(times: readonly number[], nowMs: number, windowMs: number): readonly number[] {
  return times.filter((atMs) => atMs > nowMs - windowMs && atMs <= nowMs);
}
