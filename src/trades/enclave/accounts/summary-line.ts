// Makes the signed summaries of accounts when they are due, with their prices, and hands each to the line to the service
// with the state behind it. It reads no fill.

import { withSignature } from '../../domain/canonical.ts';
import type { PolledSummary } from '../../domain/enclave-link.ts';
import type { Account } from './account.ts';
import type { DueSummary } from './account-book.ts';
import type { AccountDeskOptions, AccountDeskParts } from './account-desk-parts.ts';
import type { DeskCounters } from './desk-counters.ts';
import { askPrices } from './price-asker.ts';
import type { StoreLine } from './store-line.ts';

/** How long a summary waits for prices while the exchange cannot be asked; then they are missing in it. */
const PRICE_WAIT_MS = 300_000;

/** What a {@link SummaryLine} needs. */
export interface SummaryLineParts extends Pick<AccountDeskParts, 'signer' | 'clock'> {
  readonly stores: StoreLine;
  readonly counters: DeskCounters;
}

/** Makes summaries, one account's one after the other. */
export class SummaryLine {
  readonly #options: AccountDeskOptions;
  readonly #parts: SummaryLineParts;
  /** Up to where hours were closed when the state of an account was stored last. */
  readonly #storedToMs = new WeakMap<Account, number>();

  constructor(options: AccountDeskOptions, parts: SummaryLineParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /**
   * Seals what is due, and has the state stored when an hour was closed. What cannot be sealed now stays due: the line is
   * full, or prices cannot be asked for. Rejects with what signing rejects with. When `isOver`, no price is asked for: what
   * lacks one stays due, for the session that follows or for `flush`.
   */
  async sealDue(account: Account, isOver: () => boolean): Promise<void> {
    await this.#sealAll(account, (due) => this.#hasPrices(account, due, isOver));
  }

  async #sealAll(account: Account, mayBeSealed: (due: DueSummary) => Promise<boolean>): Promise<void> {
    const { book } = account;
    const { closedToMs } = book;
    for (let due = book.due(); due !== null; due = book.due()) {
      if (!(await mayBeSealed(due))) break;
      if (!(await this.#seal(account, due))) return;
    }
    // Hours that are held back have no summary, and a restart should not read them again.
    if (book.closedToMs > closedToMs && !this.#isStoredTo(account, book.closedToMs)) this.store(account);
  }

  /** The session is over: what is known of the open hour is sealed without asking for prices. */
  async flush(account: Account): Promise<void> {
    await this.#sealAll(account, () => Promise.resolve(true));
    const due = account.book.due() ?? account.book.flush();
    if (due === null || !(await this.#seal(account, due))) this.store(account);
  }

  /** Has the state of the account stored. */
  store(account: Account): void {
    this.#parts.stores.give(account, null);
  }

  #isStoredTo(account: Account, closedToMs: number): boolean {
    return (this.#storedToMs.get(account) ?? -Infinity) >= closedToMs;
  }

  async #hasPrices(account: Account, due: DueSummary, isOver: () => boolean): Promise<boolean> {
    const missing = account.book.missingPrices(due);
    if (missing.length === 0 || (await askPrices(account, missing, isOver))) return true;
    if (isOver()) return false;
    const nowMs = this.#parts.clock.monotonicMs();
    account.priceWaitToMs ??= nowMs + PRICE_WAIT_MS;
    return nowMs >= account.priceWaitToMs;
  }

  /** False if the line is full. */
  async #seal(account: Account, due: DueSummary): Promise<boolean> {
    const { stores, signer, clock, counters } = this.#parts;
    const { book, id, place } = account;
    const summary = book.seal(due, {
      clientId: id,
      exchange: place.exchange,
      connectorVersion: this.#options.connectorVersion,
      keyId: signer.keyId,
      canonical: this.#options.canonical,
      nowMs: clock.nowMs(),
    });
    const body = withSignature(summary.canonicalText, await signer.sign(summary.canonicalText));
    if (stores.isFull) return false;
    book.sealed(due, summary.digest);
    account.priceWaitToMs = null;
    counters.summaries += 1;
    if (due.next.revises !== null) counters.corrections += 1;
    const { digest, periodStartMs, periodEndMs, trades, buckets, quote } = summary;
    const polled: PolledSummary = {
      accountId: id,
      exchange: place.exchange,
      provenance: 'polled',
      seq: due.next.seq,
      digest,
      periodStartMs,
      periodEndMs,
      trades,
      body,
      buckets,
      quote,
      sealedAtMs: clock.nowMs(),
    };
    stores.give(account, polled);
    this.#storedToMs.set(account, book.closedToMs);
    return true;
  }
}
