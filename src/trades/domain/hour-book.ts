// Folds trades, one after the other, into exact sums of UTC hours and open lots. It does not order trades, knows no price
// source and rounds nothing.

import type { PricedAmount } from './amounts.ts';
import { hourOf, type HourState, HourSums } from './hour-sums.ts';
import type { SettledFees } from './lot.ts';
import { type FillOutcome, Lots, type LotsState, type Opening } from './lots.ts';
import { type ReadFill, readFill, resultOf } from './read-fill.ts';
import type { ReturnBasis } from './summary.ts';
import type { Market, Trade } from './trade.ts';

/** Between position and symbol in the key of lots. */
const KEY_SEPARATOR = ' ';

/** Counts a fill. Fees of opening of what it closed are not in it. `outcome`: what it did to the lots. */
function count(hour: HourSums, fill: ReadFill, outcome: FillOutcome | null): void {
  const { trade, price, quantity, value, fees } = fill;
  const { market } = trade;
  const isInverse = market.kind === 'inverse';
  hour.addFill(market, isInverse ? quantity.div(price) : quantity, value, fees);
  if (outcome === null) return;
  const { results } = hour.sums;
  for (const part of outcome.closed) {
    const { gross, basis } = resultOf(trade, price, part);
    results.add(market.quote, gross, basis);
  }
  results.addFees(market.quote, outcome.closingFees);
  const { unmatched } = outcome;
  if (unmatched.sign > 0) hour.addUnmatched(market.quote, isInverse ? unmatched : unmatched.times(price));
}

function openingOf({ market, position }: Trade): Opening {
  if (market.kind === 'spot') return 'buy';
  if (position === null) return 'both';
  return position === 'long' ? 'buy' : 'sell';
}

/** The latest of ascending times that is not after the time; -Infinity if there is none. */
function latestUntil(times: readonly number[], timeMs: number): number {
  return times.findLast((time) => time <= timeMs) ?? -Infinity;
}

/** Takes all that a book counts once more, by market. */
export interface MarketTally {
  /** The sums of a market from `startMs` on: the start of an hour, or of a part of it. */
  at(symbol: string, startMs: number): HourSums;
}

/** Open lots by market and position, and sums by hour. Memory grows with both, never with trades. */
export class HourBook {
  readonly #returnBasis: ReturnBasis;
  readonly #tally: MarketTally | null;
  readonly #lots = new Map<string, Lots>();
  /** By their start. */
  readonly #hours = new Map<number, HourSums>();
  /** Times within hours at which a period begins, ascending. */
  #cuts: number[] = [];

  /** `tally`: where everything is counted by market too; null for nowhere. */
  constructor(returnBasis: ReturnBasis, tally: MarketTally | null = null) {
    this.#returnBasis = returnBasis;
    this.#tally = tally;
  }

  /**
   * Folds one trade at the present lots; all its effects are in the hour of its time. Returns that hour. Throws if an
   * amount is no decimal number.
   */
  fold(trade: Trade): HourSums {
    const { market, side, timestampMs } = trade;
    const fill = readFill(trade);
    const { price, value, fees, received } = fill;
    const hour = this.#hourAt(timestampMs);
    const { startMs } = hour;
    // A fee that takes all of what came in leaves no lot.
    const outcome =
      received.sign > 0 ? this.#lotsOf(trade).fold({ side, quantity: received, price, fees, startMs }) : null;
    hour.sums.moves?.add(market.symbol, market.quote, timestampMs, price, value);
    count(hour, fill, outcome);
    if (this.#tally !== null) count(this.#tally.at(market.symbol, startMs), fill, outcome);
    for (const settled of outcome?.settled ?? []) this.#addSettled(market, settled);
    return hour;
  }

  #addSettled({ symbol, quote }: Pick<Market, 'symbol' | 'quote'>, { startMs, fees }: SettledFees): void {
    this.#hourFrom(startMs).sums.results.addFees(quote, fees);
    if (fees.length > 0) this.#tally?.at(symbol, startMs).sums.results.addFees(quote, fees);
  }

  #hourAt(timeMs: number): HourSums {
    const hourMs = hourOf(timeMs);
    if (this.#cuts.length === 0) return this.#hourFrom(hourMs);
    return this.#hourFrom(Math.max(hourMs, latestUntil(this.#cuts, timeMs)));
  }

  #hourFrom(startMs: number): HourSums {
    let hour = this.#hours.get(startMs);
    if (hour === undefined) {
      hour = HourSums.empty(startMs, this.#returnBasis === 'price_move');
      this.#hours.set(startMs, hour);
    }
    return hour;
  }

  #lotsOf(trade: Trade): Lots {
    const key = `${trade.position ?? ''}${KEY_SEPARATOR}${trade.market.symbol}`;
    let lots = this.#lots.get(key);
    if (lots === undefined) {
      lots = new Lots(trade.market.quote, openingOf(trade));
      this.#lots.set(key, lots);
    }
    return lots;
  }

  /** A period begins here: later trades from this time on count apart from those of the same hour before it. */
  cut(atMs: number): void {
    if (!this.#cuts.includes(atMs)) this.#cuts = [...this.#cuts, atMs].toSorted((one, other) => one - other);
  }

  /** The hours that have trades and begin from `fromMs` to before `toMs`, ascending. */
  hours(fromMs = -Infinity, toMs = Infinity): readonly HourSums[] {
    this.#settle();
    return this.unsettledHours(fromMs, toMs);
  }

  /**
   * The same hours without the fees of opening of what was closed last: looking at them divides nothing, so that it does
   * not matter how often one looks.
   */
  unsettledHours(fromMs = -Infinity, toMs = Infinity): readonly HourSums[] {
    return [...this.#hours.values()]
      .filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
      .toSorted((one, other) => one.startMs - other.startMs);
  }

  #settle(): void {
    for (const [key, lots] of this.#lots) {
      const settled = lots.settle();
      const symbol = key.slice(key.indexOf(KEY_SEPARATOR) + KEY_SEPARATOR.length);
      if (settled !== null) this.#addSettled({ symbol, quote: lots.quote }, settled);
    }
  }

  /** Open lots of all positions. */
  get openLots(): number {
    return [...this.#lots.values()].reduce((sum, lots) => sum + lots.size, 0);
  }

  /** Forgets the oldest open lots of the positions that have most, until `lotsMax` are left. */
  keepLots(lotsMax: number): void {
    if (this.openLots <= lotsMax) return;
    this.#settle();
    for (let excess = this.openLots - lotsMax; excess > 0; excess = this.openLots - lotsMax) {
      const [first, second] = [...this.#lots.values()].toSorted((one, other) => other.size - one.size);
      const lead = (first?.size ?? 0) - (second?.size ?? 0);
      first?.forgetOldest(Math.min(excess, Math.max(1, lead)));
    }
  }

  /** Fees of open lots: their prices are needed when the lots are closed. */
  openFees(): readonly PricedAmount[] {
    return [...this.#lots.values()].flatMap((lots) => lots.openFees());
  }

  /** Drops the sums of hours before `beforeMs`, and positions without lots. No trade of these hours may come. */
  forget(beforeMs: number): void {
    this.#settle();
    for (const startMs of this.#hours.keys()) if (startMs < beforeMs) this.#hours.delete(startMs);
    for (const [key, lots] of this.#lots) if (lots.isEmpty) this.#lots.delete(key);
    this.#cuts = this.#cuts.filter((cutMs) => cutMs >= beforeMs);
  }

  /** All as plain data. */
  toState(): HourBookState {
    return {
      returnBasis: this.#returnBasis,
      lots: [...this.#lots].map(([key, lots]) => [key, lots.toState()]),
      hours: [...this.#hours.values()].map((hour) => hour.toState()),
      cuts: this.#cuts,
    };
  }

  /** A book from plain data: it goes on as the one before. Throws if a number is none. */
  static fromState(state: HourBookState, tally: MarketTally | null = null): HourBook {
    const book = new HourBook(state.returnBasis, tally);
    for (const [key, lots] of state.lots) book.#lots.set(key, Lots.fromState(lots));
    for (const hour of state.hours) book.#hours.set(hour.startMs, HourSums.fromState(hour));
    book.#cuts = [...state.cuts];
    return book;
  }
}

/** `HourBook` as plain data. */
export interface HourBookState {
  readonly returnBasis: ReturnBasis;
  readonly lots: readonly (readonly [key: string, lots: LotsState])[];
  readonly hours: readonly HourState[];
  readonly cuts: readonly number[];
}
