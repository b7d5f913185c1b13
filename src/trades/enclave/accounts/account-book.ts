// The book of one account: takes what was read, folds what is old enough, says what is to be sealed next and which prices
// that needs, and goes on from its state as if nothing had happened. No I/O; all times are the exchange's.

import { figuresOf } from '../../domain/figures.ts';
import type { ReadReport, ReadSpan } from '../../domain/exchange-calls.ts';
import { HourBook } from '../../domain/hour-book.ts';
import { type HourSums, hourOf } from '../../domain/hour-sums.ts';
import { MarketFigures } from '../../domain/market-figures.ts';
import { type SealingAccount, type SealingWho, sealSummary } from '../../domain/payload.ts';
import { type NextSummary, Periods, type Span } from '../../domain/period.ts';
import { PriceBook, type WantedPrice } from '../../domain/price-book.ts';
import type { UserMetrics, UserSummary } from '../../domain/registration.ts';
import type { SealedSummary } from '../../domain/summary.ts';
import type { Decimal } from '../../domain/trade.ts';
import { Valuation } from '../../domain/valuation.ts';
import { TradeWindow } from '../../domain/window.ts';
import {
  type AccountBookOptions,
  CORRECTABLE_MS,
  OPEN_LOTS_MAX,
  windowOptions,
} from './account-book-options.ts';
import { type AccountBookState, firstBookState } from './account-book-state.ts';
import { type Coverage, coverageAfter, unpolledMarkets } from './coverage.ts';
import type { FillBatch } from './fill-batch.ts';
import { gapFrom, gapNote, gapUntil, widened } from './gap.ts';

const HOUR_MS = 3_600_000;

/** What became of the fills of a read. */
export interface ReadCounts {
  readonly taken: number;
  readonly repeated: number;
  /** Of those taken: fills of periods that were sealed already. */
  readonly late: number;
  readonly tooOld: number;
}

/** A summary that can be sealed. */
export interface DueSummary {
  readonly next: NextSummary;
  readonly hours: readonly HourSums[];
}

/** One account's fills, from the window to the summary. Its memory is bounded by the constants above. */
export class AccountBook {
  readonly #options: AccountBookOptions;
  readonly #startMs: number;
  readonly #window: TradeWindow;
  readonly #hours: HourBook;
  readonly #prices: PriceBook;
  readonly #periods: Periods;
  #figures: MarketFigures;
  #readToMs: number;
  #completeToMs: number;
  #closedToMs: number;
  #sessionFromMs: number;
  readonly #changed: Set<number>;
  #gap: Span | null;
  #coverage: Coverage;
  #feed: unknown;

  /** A book from its state: with the same secret it goes on as the one before. Throws if a number is none. */
  constructor(state: AccountBookState, options: AccountBookOptions) {
    this.#options = options;
    this.#startMs = state.startMs;
    this.#window = TradeWindow.fromState(state.window, windowOptions(options));
    this.#figures = MarketFigures.fromState(state.figures);
    this.#hours = HourBook.fromState(state.hours, {
      at: (symbol, startMs) => this.#figures.at(symbol, startMs),
    });
    this.#prices = PriceBook.fromState(state.prices);
    this.#periods = Periods.fromState(state.periods);
    this.#readToMs = state.readToMs;
    this.#completeToMs = state.completeToMs;
    this.#closedToMs = state.closedToMs;
    this.#sessionFromMs = state.sessionFromMs;
    this.#changed = new Set(state.changed);
    this.#gap = state.gap;
    this.#coverage = state.coverage;
    this.#feed = state.feed;
  }

  /** The book of an account whose collection begins here. `feed`: the first state of the reader of fills. */
  static from(startMs: number, feed: unknown, options: AccountBookOptions): AccountBook {
    return new AccountBook(firstBookState(startMs, feed, options), options);
  }

  get startMs(): number {
    return this.#startMs;
  }

  get readToMs(): number {
    return this.#readToMs;
  }

  get completeToMs(): number {
    return this.#completeToMs;
  }

  /** Up to here hours are sealed, or held back because they are empty. */
  get closedToMs(): number {
    return this.#closedToMs;
  }

  /** `seq` of the last summary; 0 before the first. */
  get seq(): number {
    return this.#periods.seq;
  }

  get feed(): unknown {
    return this.#feed;
  }

  get coverage(): Coverage {
    return this.#coverage;
  }

  /** Markets that could not be looked at. */
  get unpolledMarkets(): number {
    return unpolledMarkets(this.#coverage);
  }

  /** A read came to its end. Fills from before the start of collection do not count. */
  read(span: ReadSpan, batch: FillBatch, feed: unknown, report: ReadReport): ReadCounts {
    const counts = { taken: 0, repeated: 0, late: 0, tooOld: 0 };
    for (const { fills, identity } of batch.deliveries) {
      const own = fills.filter(({ timestampMs }) => timestampMs >= this.#startMs);
      const taken = this.#take(own, identity);
      counts.taken += taken.taken;
      counts.repeated += taken.repeated;
      counts.tooOld += taken.tooOld;
    }
    this.#feed = feed;
    this.#readToMs = Math.max(this.#readToMs, span.toMs);
    if (span.isThorough) this.#completeToMs = Math.max(this.#completeToMs, span.toMs);
    this.#coverage = coverageAfter(this.#coverage, report, span.isThorough);
    counts.late = this.#fold();
    return counts;
  }

  #take(fills: Parameters<TradeWindow['take']>[0], identity: string) {
    const counts = this.#window.take(fills, identity) ?? this.#takeWithRoom(fills, identity);
    if (counts.tooOld > 0) {
      const rememberedFromMs = this.#window.rememberedFromMs;
      const times = fills.map(({ timestampMs }) => timestampMs).filter((timeMs) => timeMs < rememberedFromMs);
      this.#gap = widened(this.#gap, { startMs: Math.min(...times), endMs: Math.max(...times) + 1 });
    }
    return counts;
  }

  /** More fills wait than ever should: those that are read are folded before their grace is over. */
  #takeWithRoom(fills: Parameters<TradeWindow['take']>[0], identity: string) {
    this.#release(this.#readToMs);
    const counts = this.#window.take(fills, identity);
    if (counts === null) throw new RangeError('the fills of one read are fewer than the window holds');
    return counts;
  }

  /** Hours are folded one by one: none is begun before the one before it is closed. */
  #fold(): number {
    const openEndMs = hourOf(this.#closedToMs) + HOUR_MS;
    return this.#release(Math.min(this.#readToMs - this.#options.graceMs, openEndMs));
  }

  /** Folds what is from before the time; returns how many fills were of sealed periods. */
  #release(toMs: number): number {
    let late = 0;
    for (const trade of this.#window.release(toMs)) {
      this.#hours.fold(trade);
      if (trade.timestampMs >= this.#periods.startMs) continue;
      late++;
      const period = this.#periods.correction(trade.timestampMs);
      if (period !== null && this.#options.withMetadata) this.#changed.add(period.startMs);
    }
    return late;
  }

  /** The exchange does not serve fills from before this time any more: what was not read of them is a gap. */
  skipTo(fromMs: number): void {
    if (fromMs <= this.#completeToMs) return;
    this.#gap = widened(this.#gap, { startMs: this.#completeToMs, endMs: fromMs });
    this.#readToMs = Math.max(this.#readToMs, fromMs);
    this.#completeToMs = fromMs;
    this.#fold();
  }

  /** A new session goes on where the account stopped; its owner sees what is collected from now on. */
  beginSession(): void {
    this.#figures = new MarketFigures();
    this.#sessionFromMs = this.#readToMs;
  }

  /** What is to be sealed next; null if nothing is due yet. Hours that are held back are closed on the way. */
  due(): DueSummary | null {
    const [changed] = this.#changed;
    if (changed !== undefined) {
      const next = this.#periods.correction(changed);
      if (next !== null) return { next, hours: this.#hours.hours(next.startMs, next.endMs) };
      this.#changed.delete(changed);
      return this.due();
    }
    for (;;) {
      const endMs = hourOf(this.#closedToMs) + HOUR_MS;
      if (endMs + this.#options.graceMs > this.#completeToMs) return null;
      const hours = this.#hours.hours(this.#periods.startMs, endMs);
      const next = this.#periods.next(endMs, tradesOf(hours));
      if (next !== null) return { next, hours };
      this.#close(endMs);
    }
  }

  /** All that is read and not sealed, because the session is over. Once it is sealed the open hour is cut. Null if there is nothing. */
  flush(): DueSummary | null {
    const endMs = this.#readToMs;
    this.#release(endMs);
    const hours = this.#hours.hours(this.#periods.startMs, endMs);
    const next = this.#periods.next(endMs, tradesOf(hours), true);
    return next && { next, hours };
  }

  /** The prices that a summary needs and the book lacks. */
  missingPrices({ hours }: DueSummary): readonly WantedPrice[] {
    return this.#prices.missing(hours);
  }

  /** The same for what is folded and not sealed. */
  missingOpenPrices(): readonly WantedPrice[] {
    return this.#prices.missing(this.#hours.unsettledHours(this.#periods.startMs));
  }

  /** Keeps a price unless one is known. */
  addPrice(wanted: WantedPrice, price: Decimal): void {
    this.#prices.add(wanted, price);
  }

  /** Makes the summary. Throws `NotCanonicalError` if a figure cannot be written. */
  seal(
    { next, hours }: DueSummary,
    who: Omit<SealingWho, 'account' | 'provenance' | 'withMetadata'>,
  ): SealedSummary {
    const { withMetadata, returnBasis } = this.#options;
    const figures = figuresOf(hours, new Valuation(null, this.#prices.priceOf), returnBasis);
    const account = this.#accountOf(next);
    return sealSummary(figures, { ...who, withMetadata, provenance: 'polled', account });
  }

  #accountOf({ seq, startMs, endMs, prev, revises }: NextSummary): SealingAccount {
    const gap = gapUntil(this.#gap, endMs);
    const unpolled = this.unpolledMarkets;
    return {
      seq,
      periodStartMs: startMs,
      periodEndMs: endMs,
      opening: 'unknown',
      ...(prev === null ? {} : { prev }),
      ...(revises === null ? {} : { revises }),
      ...(gap === null ? {} : { gap: gapNote(gap) }),
      ...(unpolled === 0 ? {} : { unpolled_markets: unpolled }),
    };
  }

  /** The summary is signed: the book goes on behind it. */
  sealed({ next }: DueSummary, digest: string): void {
    this.#periods.sealed(next, digest);
    if (gapUntil(this.#gap, next.endMs) !== null) this.#gap = gapFrom(this.#gap, next.endMs);
    if (next.revises !== null) {
      this.#changed.delete(next.startMs);
      this.#figures.value(this.#periods.startMs, this.#prices.priceOf);
    } else this.#close(next.endMs);
  }

  #close(endMs: number): void {
    this.#closedToMs = endMs;
    if (endMs !== hourOf(endMs)) this.#hours.cut(endMs);
    this.#figures.value(this.#periods.startMs, this.#prices.priceOf);
    this.#hours.keepLots(OPEN_LOTS_MAX);
    this.#periods.forget(hourOf(endMs - CORRECTABLE_MS));
    const { oldestStartMs } = this.#periods;
    this.#hours.forget(oldestStartMs);
    this.#prices.forget(hourOf(oldestStartMs), this.#hours.openFees());
    this.#fold();
  }

  /** What the owner sees: since the session began. */
  metrics(): readonly UserMetrics[] {
    return this.#figures.metrics(this.#sessionFromMs, this.#readToMs, this.#prices.priceOf);
  }

  summary(): UserSummary {
    return this.#figures.summary(this.#prices.priceOf);
  }

  /** All as plain data, for a sealed checkpoint only: it holds trades. */
  toState(): AccountBookState {
    return {
      startMs: this.#startMs,
      readToMs: this.#readToMs,
      completeToMs: this.#completeToMs,
      closedToMs: this.#closedToMs,
      sessionFromMs: this.#sessionFromMs,
      window: this.#window.toState(),
      hours: this.#hours.toState(),
      prices: this.#prices.toState(),
      periods: this.#periods.toState(),
      figures: this.#figures.toState(),
      changed: [...this.#changed],
      gap: this.#gap,
      coverage: this.#coverage,
      feed: this.#feed,
    };
  }
}

function tradesOf(hours: readonly HourSums[]): number {
  return hours.reduce((sum, { trades }) => sum + trades, 0);
}
