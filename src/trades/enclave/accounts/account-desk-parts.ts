// What the account desk needs of the wiring, and its settings. Types only.

import type { FailureOutcome } from '../../../actors/restart.ts';
import type { Log } from '../../../io/log.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Timers } from '../../../lib/timers.ts';
import type { AccountOptions, Credentials, KeyFacts } from '../../domain/account.ts';
import type { AccountJudge, AccountStart } from '../../domain/account-state.ts';
import type { Checkpoint, PolledSummary } from '../../domain/enclave-link.ts';
import type { ExchangeCalls, FeedReader } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import type { Canonical, ReturnBasis } from '../../domain/summary.ts';
import type { Decimal } from '../../domain/trade.ts';

/** Settings of the desk. */
export interface AccountDeskOptions {
  /** Accounts at once, at least 1. */
  readonly accountsMax: number;
  /** How long after its end an hour is sealed, by the exchange's clock. */
  readonly summaryGraceMs: number;
  /** True if credentials are in the checkpoints, so that sessions go on after a restart. */
  readonly persistsSessions: boolean;
  readonly connectorVersion: string;
  readonly withMetadata: boolean;
  readonly canonical: Canonical;
  readonly returnBasis: ReturnBasis;
}

/** The actors of the accounts: `AccountActors` in the room `actors`. */
export interface DeskActors {
  /** Starts the actor of an account. `failed` hears when it throws. */
  takeIn(
    accountId: string,
    start: AccountStart,
    failed: (outcome: FailureOutcome, error: unknown) => void,
  ): AccountJudge;
  letGo(accountId: string): void;
}

/** One exchange, live or its sandbox, as all its accounts share it: `Venue` of the room `exchanges`. */
export interface DeskVenue {
  /** True if `EXCHANGE_URLS` points it at a local server. */
  readonly isLocal: boolean;
  /** Resolves when accounts of this kind can be polled. Rejects with an `ExchangeError`. */
  ready(accountType: AccountType): Promise<void>;
  /**
   * Lends a client of these credentials for as long as `run` takes. Loans of one key come one after the other. Rejects
   * with what `run` rejects with, or with an `ExchangeError`.
   */
  use<T>(
    credentials: Credentials,
    accountType: AccountType,
    run: (calls: ExchangeCalls) => Promise<T>,
  ): Promise<T>;
  /** Rejects with an `ExchangeError`. */
  keyFacts(credentials: Credentials, accountType: AccountType): Promise<KeyFacts>;
  /** The price of the asset in USD at the start of the hour; null if the exchange has none. Rejects with an `ExchangeError`. */
  openPrice(asset: string, hourMs: number): Promise<Decimal | null>;
  /** The work of a usual poll of this kind of account, in ms of the exchange's budget. */
  pollWorkMs(accountType: AccountType): number;
  /** When such work should begin, by the monotonic clock: `notBeforeMs` or later. The plan keeps the room. */
  reserve(workMs: number, notBeforeMs: number): number;
}

/** What decides where an account is polled. */
export type ExchangeAccount = Pick<AccountOptions, 'exchange' | 'accountType' | 'isSandbox'>;

/** All exchanges: `Venues` of the room `exchanges`. */
export interface DeskVenues {
  /** Why such an account cannot be polled, as a sentence; null if it can. It asks no exchange. */
  refusal(account: ExchangeAccount, credentials: Credentials): Promise<string | null>;
  venue(exchange: string, isSandbox: boolean): DeskVenue;
}

/** What leaves the enclave: `Outgoing` of the link. */
export interface DeskOutgoing {
  /** True while no summary can be taken: polling waits. */
  readonly isFull: boolean;
  /** Summaries that the service has not stored yet. */
  readonly unstoredSummaries: number;
  /** Resolves when the service has stored both. Rejects if that will never be. */
  store(summary: PolledSummary | null, checkpoint: Checkpoint | null): Promise<void>;
  /** Removes what waits of an account. */
  drop(accountId: string): void;
}

/** What the keys do for the desk: `SealKey` and its `CheckpointSealer`. */
export interface DeskKeys {
  /** The id of the account that the parts name, in order. */
  accountId(parts: readonly string[]): string;
  /** The secret of the hashes by which an account remembers its fills. */
  windowKey(accountId: string): Uint8Array;
  readonly checkpoints: {
    /** In base64; null if the state is too long. */
    seal(accountId: string, state: string): string | null;
    /** Null if this key did not seal it for this account. */
    open(accountId: string, sealed: string): string | null;
  };
}

/** Signs summaries. */
export interface DeskSigner {
  /** Thumbprint of the key. */
  readonly keyId: string;
  /** The signature of a text, in base64. */
  sign(text: string): Promise<string>;
}

/** The checkpoints that the service keeps: the link. Rejects while no service is linked. */
export interface DeskRestores {
  /** Null if the service has none. */
  restore(accountId: string): Promise<Checkpoint | null>;
  restoreAll(): AsyncIterable<readonly Checkpoint[]>;
}

/** What a desk needs of the wiring. */
export interface AccountDeskParts {
  readonly actors: DeskActors;
  readonly venues: DeskVenues;
  /** The reader of fills of one kind of account. */
  feedFor(exchange: string, accountType: AccountType): FeedReader<unknown>;
  readonly keys: DeskKeys;
  readonly signer: DeskSigner;
  readonly outgoing: DeskOutgoing;
  readonly restores: DeskRestores;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A number from 0 to below 1. */
  random(): number;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
}
