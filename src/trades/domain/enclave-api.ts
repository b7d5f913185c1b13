// What the routes of the enclave need of the rest of it: the border between http and enclave/accounts. Plain data and one
// face.

import type { AccountReason, AccountRegistration, KeyWarning } from './account.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { UserMetrics, UserSummary } from './registration.ts';

/** A session that began. */
export interface StartedSession {
  /** Public: it names the session in logs and on pages. 32 lower-case hex digits. */
  readonly sessionId: string;
  /** Who has it may read the account's figures and end the session. 64 lower-case hex digits. */
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly warnings: readonly KeyWarning[];
  /** Null if the key never expires, or if the exchange does not say. */
  readonly keyExpiresAtMs: number | null;
}

/** Why no session began; `reason` is a sentence of this program without anything that was sent. */
export interface SessionRefusal {
  readonly status: 400 | 403 | 409 | 429 | 502 | 503;
  readonly code: string;
  readonly reason: string;
}

/** What the owner of a session sees of the account. */
export interface OwnAccount {
  readonly sessionExpiresAtMs: number;
  readonly metrics: readonly UserMetrics[];
  readonly summary: UserSummary;
  readonly account: {
    readonly state: NodeState;
    readonly reason: AccountReason | null;
    readonly exchangeCode: string | null;
    readonly lastPollAtMs: number | null;
    /** Null if the key never expires, or if the exchange does not say. */
    readonly keyExpiresAtMs: number | null;
    /** True if `EXCHANGE_URLS` points its exchange at a local server. */
    readonly isLocal: boolean;
    /** Unified symbols: only the owner sees them. */
    readonly unpolledMarkets: readonly string[];
  };
}

/** The accounts, as the routes use them. */
export interface Sessions {
  /**
   * Checks the keys at the exchange, then begins a session. `earlierToken`: of a session whose key this one replaces,
   * so that the account continues under a changed key.
   */
  register(
    registration: AccountRegistration,
    earlierToken: string | null,
  ): Promise<StartedSession | SessionRefusal>;
  /**
   * True while sessions from before a restart may still go on, because no service is linked that has them: an unknown
   * token may be known later.
   */
  readonly isResuming: boolean;
  /** Null for a token of no running session. */
  own(sessionToken: string): OwnAccount | null;
  /** Ends the session: polling stops, credentials are dropped, the open hour is flushed. False for an unknown token. */
  end(sessionToken: string): Promise<boolean>;
}
