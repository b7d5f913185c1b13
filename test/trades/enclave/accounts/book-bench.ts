// A book of an account with an exchange that has fills, for tests of the book alone.

import type { ReadReport, ReadSpan } from '../../../../src/trades/domain/exchange-calls.ts';
import { nextSpan } from '../../../../src/trades/domain/poll-span.ts';
import type { SealedSummary } from '../../../../src/trades/domain/summary.ts';
import type { Trade } from '../../../../src/trades/domain/trade.ts';
import { AccountBook } from '../../../../src/trades/enclave/accounts/account-book.ts';
import type { AccountBookOptions } from '../../../../src/trades/enclave/accounts/account-book-options.ts';
import { FillBatch } from '../../../../src/trades/enclave/accounts/fill-batch.ts';
import { HOUR, TEN_O_CLOCK_MS } from '../../domain/fills.ts';

export const GRACE_MS = 120_000;
export const OPTIONS: AccountBookOptions = {
  graceMs: GRACE_MS,
  withMetadata: true,
  returnBasis: 'realized_fifo',
  hashKey: new Uint8Array(32).fill(7),
};
export const WHO = {
  clientId: 'account',
  exchange: 'binance',
  connectorVersion: '0.2.0',
  keyId: 'key',
  canonical: 'rfc8785',
  nowMs: 0,
} as const;
export const FULL: ReadReport = { unpolled: [], unsearched: 0, isIncomplete: false, userId: null };

/** A fill that the exchange shows from a time on; without one, at once. */
export interface Shown {
  readonly trade: Trade;
  readonly shownAtMs?: number;
}

/** A reader of fills that keeps one cursor a market, and reads only some markets unless the read is thorough. */
export function readFills(
  shown: readonly Shown[],
  cursors: Readonly<Record<string, number>>,
  span: ReadSpan,
  nowMs: number,
): { readonly batch: FillBatch; readonly cursors: Readonly<Record<string, number>> } {
  const batch = new FillBatch();
  const next: Record<string, number> = { ...cursors };
  const symbols = [...new Set(shown.map(({ trade }) => trade.market.symbol))];
  const asked = span.isThorough ? symbols : symbols.filter((_, index) => (span.toMs + index) % 2 === 0);
  for (const symbol of asked) {
    const fromMs = Math.min(cursors[symbol] ?? -Infinity, span.fromMs);
    const fills = shown
      .filter(({ shownAtMs = 0 }) => shownAtMs <= nowMs)
      .map(({ trade }) => trade)
      .filter((trade) => trade.market.symbol === symbol)
      .filter(({ timestampMs }) => timestampMs >= fromMs && timestampMs < span.toMs);
    batch.take(fills, 'spot');
    next[symbol] = span.toMs;
  }
  return { batch, cursors: next };
}

/** An account of one exchange. */
export class BookBench {
  book: AccountBook;
  readonly sealed: SealedSummary[] = [];
  readonly shown: Shown[];
  report: ReadReport = FULL;
  priceOf: (asset: string, hourMs: number) => string | null = () => '2.5';
  readonly options: AccountBookOptions;

  constructor(shown: readonly Shown[], startMs = TEN_O_CLOCK_MS, options: Partial<AccountBookOptions> = {}) {
    this.options = { ...OPTIONS, ...options };
    this.shown = [...shown];
    this.book = AccountBook.from(startMs, {}, this.options);
  }

  /** One poll at this time of the exchange, with all that is due after it. */
  poll(nowMs: number, spanMaxMs = 7 * 24 * HOUR, overlapMs = 0) {
    const { book } = this;
    const bounds = { graceMs: this.options.graceMs, overlapMs, spanMaxMs, startMs: book.startMs };
    const { span, isBehind } = nextSpan(book, nowMs, bounds);
    const { batch, cursors } = readFills(this.shown, book.feed as Record<string, number>, span, nowMs);
    const counts = book.read(span, batch, cursors, this.report);
    this.sealDue();
    return { span, isBehind, counts };
  }

  sealDue(): void {
    for (let due = this.book.due(); due !== null; due = this.book.due()) this.seal(due);
  }

  seal(due: NonNullable<ReturnType<AccountBook['due']>>): SealedSummary {
    for (const wanted of this.book.missingPrices(due)) {
      const price = this.priceOf(wanted.asset, wanted.hourMs);
      if (price !== null) this.book.addPrice(wanted, price);
    }
    const summary = this.book.seal(due, WHO);
    this.book.sealed(due, summary.digest);
    this.sealed.push(summary);
    return summary;
  }

  flush(): SealedSummary | null {
    const due = this.book.flush();
    return due && this.seal(due);
  }

  /** The state as it stands in a checkpoint. */
  checkpoint(): string {
    return JSON.stringify(this.book.toState());
  }

  restore(checkpoint: string): void {
    this.book = new AccountBook(JSON.parse(checkpoint), this.options);
  }
}
