// One account in the enclave: its book, its session, its actor, and what is planned for it. It does nothing by itself.

import type { AccountRow } from '../../domain/account.ts';
import type { AccountJudge } from '../../domain/account-state.ts';
import type { FeedReader } from '../../domain/exchange-calls.ts';
import type { AccountBook } from './account-book.ts';
import type { DeskVenue, ExchangeAccount } from './account-desk-parts.ts';
import type { Session, SessionFacts } from './session.ts';

/** What makes an account. */
export interface AccountParts {
  readonly id: string;
  readonly place: ExchangeAccount;
  readonly venue: DeskVenue;
  readonly reader: FeedReader<unknown>;
  readonly book: AccountBook;
  /** `turn` of its latest checkpoint; 0 without one. */
  readonly turn: number;
  /** False while the service may have a checkpoint of it that was not looked at. */
  readonly isConfirmed: boolean;
}

/** One account. */
export class Account {
  readonly id: string;
  readonly place: ExchangeAccount;
  readonly venue: DeskVenue;
  readonly reader: FeedReader<unknown>;
  book: AccountBook;
  turn: number;
  isConfirmed: boolean;
  /** Null once it ended. */
  session: Session | null = null;
  /** Of its latest session; null before the first. */
  facts: SessionFacts | null = null;
  /** Null before its first session. */
  judge: AccountJudge | null = null;
  /** Longest span that is read at once; it is halved when a span has too many fills. */
  spanMaxMs: number;
  /** By the wall clock. */
  lastPollAtMs: number | null = null;
  /** By the wall clock; null while nothing is planned. */
  nextPollAtMs: number | null = null;
  /** When its session ended, by the wall clock. */
  endedAtMs: number | null = null;
  /** Until when a summary waits for prices that could not be asked for, by the monotonic clock; null while none waits. */
  priceWaitToMs: number | null = null;
  /** Summaries and checkpoints that the service has not stored yet. */
  unstored = 0;
  #line: Promise<unknown> = Promise.resolve();

  constructor({ id, place, venue, reader, book, turn, isConfirmed }: AccountParts) {
    this.id = id;
    this.place = place;
    this.venue = venue;
    this.reader = reader;
    this.book = book;
    this.turn = turn;
    this.isConfirmed = isConfirmed;
    this.spanMaxMs = reader.spanMaxMs;
  }

  /** Runs when everything that was begun for the account before has ended: polls and seals never meet. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#line.then(run);
    this.#line = result.catch(() => undefined);
    return result;
  }

  /** A new session takes the place of the one before, if there was one. */
  begin(session: Session, judge: AccountJudge): void {
    this.session = session;
    this.facts = session.facts;
    this.judge = judge;
    this.endedAtMs = null;
  }

  /** As people see it; null before its first session. */
  row(): AccountRow | null {
    const { facts, judge, book, place } = this;
    if (facts === null || judge === null) return null;
    return {
      accountId: this.id,
      label: facts.label,
      exchange: place.exchange,
      accountType: place.accountType,
      isSandbox: place.isSandbox,
      isLocal: this.venue.isLocal,
      node: judge.node,
      reason: judge.reason,
      exchangeCode: judge.exchangeCode,
      warnings: facts.warnings,
      keyExpiresAtMs: facts.keyExpiresAtMs,
      lastPollAtMs: this.lastPollAtMs,
      nextPollAtMs: this.nextPollAtMs,
      intervalMs: judge.intervalMs,
      unpolledMarkets: book.unpolledMarkets,
      readToMs: book.readToMs > book.startMs ? book.readToMs : null,
      seq: book.seq,
      sessionExpiresAtMs: this.session === null ? null : facts.expiresAtMs,
    };
  }
}
