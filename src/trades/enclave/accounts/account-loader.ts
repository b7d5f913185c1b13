// Brings accounts back from what the service keeps of them: when one is registered, when a service links, and after a
// restart. It checks no keys and polls nothing.

import type { Checkpoint } from '../../domain/enclave-link.ts';
import { Account } from './account.ts';
import { AccountBook } from './account-book.ts';
import type { AccountBookOptions } from './account-book-options.ts';
import { type CheckpointState, openCheckpoint } from './account-checkpoint.ts';
import type { AccountDeskOptions, AccountDeskParts, ExchangeAccount } from './account-desk-parts.ts';

/** What the service has of an account. */
export type Found =
  | {
      readonly type: 'state';
      readonly state: Extract<CheckpointState, { type: 'account' }>;
      readonly turn: number;
    }
  | { readonly type: 'alias'; readonly accountId: string }
  | { readonly type: 'nothing' }
  /** No service is linked. */
  | { readonly type: 'unknown' }
  /** It was sealed by another key, or by another version. */
  | { readonly type: 'unreadable' };

/** How a new account begins to collect. */
export interface FirstCollection {
  /** Null: 60 s before now. */
  readonly sinceMs: number | null;
  /** By the exchange's clock. */
  readonly nowMs: number;
  /** How far back the exchange serves fills, where the reader does not know it, in ms; null if nothing says it. */
  readonly servedMs: number | null;
  readonly symbols: readonly string[];
}

/** Collection of a new account begins this long before its registration, in ms. */
const BEFORE_REGISTRATION_MS = 60_000;

/** Makes accounts. */
export class AccountLoader {
  readonly #options: AccountDeskOptions;
  readonly #parts: Pick<AccountDeskParts, 'restores' | 'keys' | 'venues' | 'feedFor' | 'clock'>;

  constructor(
    options: AccountDeskOptions,
    parts: Pick<AccountDeskParts, 'restores' | 'keys' | 'venues' | 'feedFor' | 'clock'>,
  ) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Asks the service for the state of an account. Never rejects. */
  async find(accountId: string): Promise<Found> {
    let checkpoint: Checkpoint | null;
    try {
      checkpoint = await this.#parts.restores.restore(accountId);
    } catch {
      return { type: 'unknown' };
    }
    if (checkpoint === null) return { type: 'nothing' };
    // A service that gives out the state of another account must not mix the two.
    return checkpoint.accountId === accountId ? this.read(checkpoint) : { type: 'unreadable' };
  }

  /** Reads a checkpoint. */
  read(checkpoint: Checkpoint): Found {
    const state = openCheckpoint(this.#parts.keys, checkpoint);
    if (state === null) return { type: 'unreadable' };
    if (state.type === 'alias') return { type: 'alias', accountId: state.accountId };
    return { type: 'state', state, turn: checkpoint.turn };
  }

  /** An account that the service does not know, or, if not confirmed, may know. */
  fresh(id: string, place: ExchangeAccount, collection: FirstCollection, isConfirmed: boolean): Account {
    const { sinceMs, nowMs, servedMs, symbols } = collection;
    const reader = this.#parts.feedFor(place.exchange, place.accountType);
    const oldestMs = nowMs - (reader.reachMs ?? servedMs ?? Infinity);
    const usualMs = nowMs - BEFORE_REGISTRATION_MS;
    const startMs = Math.floor(Math.max(0, oldestMs, Math.min(usualMs, sinceMs ?? usualMs)));
    const book = AccountBook.from(startMs, reader.initial(startMs, symbols), this.#bookOptions(id));
    return this.#account(id, place, book, { turn: 0, isConfirmed });
  }

  /** An account as the service knows it. */
  known(id: string, { state, turn }: Extract<Found, { type: 'state' }>): Account {
    const book = new AccountBook(state.book, this.#bookOptions(id));
    const account = this.#account(id, state.place, book, { turn, isConfirmed: true });
    this.#skipLost(account, this.#parts.clock.nowMs());
    return account;
  }

  /** The account goes on from the state that the service has. */
  adopt(account: Account, { state, turn }: Extract<Found, { type: 'state' }>): void {
    account.book = new AccountBook(state.book, this.#bookOptions(account.id));
    account.turn = Math.max(account.turn, turn);
    account.isConfirmed = true;
    this.#skipLost(account, this.#parts.clock.nowMs());
  }

  /** A new session goes on with an account that was here before. */
  resume(account: Account, { nowMs, servedMs }: Pick<FirstCollection, 'nowMs' | 'servedMs'>): void {
    this.#skipLost(account, nowMs, servedMs);
    account.book.beginSession();
  }

  /** What the exchange does not serve any more is a gap. */
  #skipLost(account: Account, nowMs: number, servedMs: number | null = null): void {
    account.book.skipTo(Math.floor(nowMs - (account.reader.reachMs ?? servedMs ?? Infinity)));
  }

  #account(
    id: string,
    place: ExchangeAccount,
    book: AccountBook,
    more: { readonly turn: number; readonly isConfirmed: boolean },
  ): Account {
    const { venues, feedFor } = this.#parts;
    const venue = venues.venue(place.exchange, place.isSandbox);
    const reader = feedFor(place.exchange, place.accountType);
    return new Account({ id, place, venue, reader, book, ...more });
  }

  #bookOptions(accountId: string): AccountBookOptions {
    const { summaryGraceMs, withMetadata, returnBasis } = this.#options;
    const hashKey = this.#parts.keys.windowKey(accountId);
    return { graceMs: summaryGraceMs, withMetadata, returnBasis, hashKey };
  }
}
