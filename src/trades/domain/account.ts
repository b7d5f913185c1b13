// An exchange account as the parts of the enclave tell one another about it: what was registered, and how it is. Plain
// data. Credentials are in `Credentials` only, and that never leaves the enclave.

import type { NodeState } from '../../lifecycle/node-state.ts';
import type { AccountType } from './registration.ts';

/** What an exchange asks for. Never log it, store it or put it into an error. */
export interface Credentials {
  readonly apiKey: string;
  readonly secret: string;
  readonly password?: string;
  readonly uid?: string;
  readonly walletAddress?: string;
  readonly privateKey?: string;
}

/** How an account is to be polled. */
export interface AccountOptions {
  /** Id of the exchange, for example `binance`. */
  readonly exchange: string;
  readonly accountType: AccountType;
  readonly isSandbox: boolean;
  /** Longest usual time between two polls, in ms: 1,000 to 3,600,000. */
  readonly apiIntervalMs: number;
  /** Further attempts inside one poll: 0 to 10. */
  readonly retriesMax: number;
  /** Where collection begins, in ms since 1970; null: 60 s before the registration. */
  readonly sinceMs: number | null;
  /** Unified symbols that the user named besides those that are found. */
  readonly symbols: readonly string[];
}

/** A registration whose form is checked. */
export interface AccountRegistration {
  /** A label that the client chose; it tells nothing about who it is. Empty if it chose none. */
  readonly label: string;
  readonly options: AccountOptions;
  readonly credentials: Credentials;
  /** Time until the session ends, in seconds: 300 to 604,800. */
  readonly ttlSeconds: number;
  /** Of a registration in plain text: the user has no token, and is known by this id. */
  readonly plainUserId?: string;
}

/** Whose keys they are, and what they may do, as the exchange says. */
export interface KeyFacts {
  /** The exchange's id of the user or sub-account; null if it tells none. */
  readonly userId: string | null;
  readonly canWithdraw: boolean;
  readonly canTrade: boolean;
  /** False if the key may be used from any address. Null if the exchange does not say. */
  readonly isIpBound: boolean | null;
  /** When the key expires, in ms since 1970; null if never, or if the exchange does not say. */
  readonly expiresAtMs: number | null;
}

/** Why an account is not `online`, or what its owner should know. The sentences are in `account-reasons.ts`. */
export type AccountReason =
  /** It was not polled yet. */
  | 'starting'
  | 'rate_limited'
  | 'unreachable'
  | 'exchange_error'
  | 'clock'
  | 'nonce'
  | 'key_refused'
  | 'over_powered'
  | 'other_account'
  /** Summaries cannot leave the enclave, so polling stopped. */
  | 'backlog'
  | 'expired'
  | 'removed'
  /** Something moved that no fill explains: an account whose trades this key does not show. */
  | 'incomplete'
  | 'defect';

/** What a key or its exchange has that the key's owner should take away, or should know. */
export type KeyWarning =
  | 'can_trade'
  | 'not_ip_bound'
  | 'expires'
  /** The program is not tested with the exchange, and cannot see what the key may do. */
  | 'untested';

/** An account as people see it: no symbol, price, size or credential. */
export interface AccountRow {
  /** The `client_id` of its summaries. */
  readonly accountId: string;
  readonly label: string;
  readonly exchange: string;
  readonly accountType: AccountType;
  readonly isSandbox: boolean;
  /** True if `EXCHANGE_URLS` points its exchange at a local server. */
  readonly isLocal: boolean;
  readonly node: NodeState;
  /** Null while polling answers and nothing is to be said. */
  readonly reason: AccountReason | null;
  /** The exchange's number of its latest error, for example `-2015`; null without one. */
  readonly exchangeCode: string | null;
  readonly warnings: readonly KeyWarning[];
  readonly keyExpiresAtMs: number | null;
  /** By the wall clock; null before the first. */
  readonly lastPollAtMs: number | null;
  /** Null while none is due. */
  readonly nextPollAtMs: number | null;
  readonly intervalMs: number;
  /** Markets that could not be polled or searched yet. */
  readonly unpolledMarkets: number;
  /** Up to when its fills were read, by the exchange's clock; null before the first poll. */
  readonly readToMs: number | null;
  readonly seq: number;
  /** When the session ends, by the wall clock; null if it ended. */
  readonly sessionExpiresAtMs: number | null;
}
