// One attempt of a poll: reads the next span of an account's fills into its book. It plans nothing and seals nothing.

import type { Log } from '../../../io/log.ts';
import type { Credentials } from '../../domain/account.ts';
import type { AccountSignal } from '../../domain/account-state.ts';
import { type ExchangeCalls, ExchangeError, TooManyFills } from '../../domain/exchange-calls.ts';
import { nextSpan } from '../../domain/poll-span.ts';
import type { Account } from './account.ts';
import type { ReadCounts } from './account-book.ts';
import type { AccountDeskOptions, AccountDeskParts } from './account-desk-parts.ts';
import type { DeskCounters } from './desk-counters.ts';
import { FillBatch } from './fill-batch.ts';
import { GuardedCalls, SessionOver } from './guarded-calls.ts';
import type { Session } from './session.ts';

/** Shortest span that is tried when a longer one has too many fills, in ms. */
const SPAN_LEAST_MS = 2;

/** What a {@link Poller} needs. */
export interface PollerParts extends Pick<AccountDeskParts, 'clock' | 'timers'> {
  readonly counters: DeskCounters;
  readonly log: Pick<Log, 'error'>;
}

/** Polls accounts. */
export class Poller {
  readonly #options: Pick<AccountDeskOptions, 'summaryGraceMs'>;
  readonly #parts: PollerParts;

  constructor(options: Pick<AccountDeskOptions, 'summaryGraceMs'>, parts: PollerParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Makes one attempt; null if the session ended meanwhile. Never rejects. */
  async attempt(account: Account, session: Session, isOver: () => boolean): Promise<AccountSignal | null> {
    const { credentials } = session;
    if (credentials === null || isOver()) return null;
    try {
      return await this.#read(account, session, credentials, isOver);
    } catch (error) {
      if (error instanceof SessionOver || isOver()) return null;
      const { kind, exchangeCode } = error instanceof ExchangeError ? error : this.#defect(account, error);
      return { type: 'failed', kind, exchangeCode };
    }
  }

  #read(
    account: Account,
    session: Session,
    credentials: Credentials,
    isOver: () => boolean,
  ): Promise<AccountSignal> {
    const { venue, place } = account;
    return venue.use(credentials, place.accountType, (calls) =>
      this.#untilOver(session, this.#readSpans(account, session, new GuardedCalls(calls, isOver), isOver)),
    );
  }

  /** Rejects at the moment when the session ends, so that the loan ends, and with it requests that wait for their turn. */
  async #untilOver<T>(session: Session, reading: Promise<T>): Promise<T> {
    const { clock, timers } = this.#parts;
    const ended = Promise.withResolvers<never>();
    const over = () => ended.reject(new SessionOver('the session is over'));
    session.whenDropped(over);
    const timer = timers.after(Math.max(0, session.facts.expiresAtMs - clock.nowMs()), over);
    reading.catch(() => undefined);
    try {
      return await Promise.race([reading, ended.promise]);
    } finally {
      timer.cancel();
      session.whenDropped(null);
    }
  }

  async #readSpans(
    account: Account,
    session: Session,
    calls: ExchangeCalls,
    isOver: () => boolean,
  ): Promise<AccountSignal> {
    for (;;) {
      try {
        return await this.#readSpan(account, session, calls, isOver);
      } catch (error) {
        if (!(error instanceof TooManyFills)) throw error;
        if (account.spanMaxMs <= SPAN_LEAST_MS) throw new ExchangeError('exchange_error');
      }
    }
  }

  async #readSpan(
    account: Account,
    { facts }: Session,
    calls: ExchangeCalls,
    isOver: () => boolean,
  ): Promise<AccountSignal> {
    const { book, reader } = account;
    const { span, isBehind } = nextSpan(book, calls.nowMs(), {
      graceMs: this.#options.summaryGraceMs,
      overlapMs: reader.overlapMs,
      spanMaxMs: account.spanMaxMs,
      startMs: book.startMs,
    });
    const batch = new FillBatch();
    let read;
    try {
      read = await reader.read(calls, book.feed, span, batch);
    } catch (error) {
      if (error instanceof TooManyFills) account.spanMaxMs = Math.floor((span.toMs - span.fromMs) / 2);
      throw error;
    }
    // What came after the end does not count: the summary up to the end may be sealed.
    if (isOver()) throw new SessionOver('the session is over');
    const { state, report } = read;
    if (report.userId !== null && facts.userId !== null && report.userId !== facts.userId)
      return { type: 'barred', reason: 'other_account' };
    const counts = book.read(span, batch, state, report);
    this.#count(counts);
    account.spanMaxMs = Math.min(reader.spanMaxMs, account.spanMaxMs * 2);
    return { type: 'polled', hasNewTrades: counts.taken > 0, isBehind, isIncomplete: report.isIncomplete };
  }

  #count({ taken, repeated, late, tooOld }: ReadCounts): void {
    const { counters } = this.#parts;
    counters.polls[taken > 0 ? 'new' : 'empty'] += 1;
    counters.fills += taken;
    counters.fillsRepeated += repeated;
    counters.fillsLate += late;
    counters.fillsTooOld += tooOld;
  }

  /** The text of an error of this kind may hold what an exchange sent. */
  #defect(account: Account, error: unknown): ExchangeError {
    const name = error instanceof Error ? error.name : typeof error;
    this.#parts.log.error(
      `accounts: what ${account.place.exchange} answered to account ${account.id} could not be worked with (${name}), which is a defect of the program; please report it`,
    );
    return new ExchangeError('exchange_error');
  }
}
