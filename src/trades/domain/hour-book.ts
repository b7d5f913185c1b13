// Folds trades, one after the other, into exact sums of UTC hours and open lots. It does not order trades, knows no price
// source and rounds nothing.

import { exact, type Exact } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import { hourOf, HourSums } from './hour-sums.ts';
import { type ClosedPart, type FillOutcome, Lots, type Opening, type SettledFees } from './lots.ts';
import type { ReturnBasis } from './summary.ts';
import type { Trade } from './trade.ts';

/** A trade with its amounts read. */
interface ReadTrade {
  readonly trade: Trade;
  readonly price: Exact;
  /** What lots count: units of the base; of an inverse market, of the quote. */
  readonly quantity: Exact;
  /** In the quote. */
  readonly value: Exact;
  readonly fees: readonly PricedAmount[];
  /** What a spot buy brings in, less the fee in the base. */
  readonly received: Exact;
}

function openingOf({ market, position }: Trade): Opening {
  if (market.kind === 'spot') return 'buy';
  if (position === null) return 'both';
  return position === 'long' ? 'buy' : 'sell';
}

/** A fee in the base of a spot buy reduces what came in, and its value at the price of the fill counts as the fee. */
function read(trade: Trade): ReadTrade {
  const { market, side } = trade;
  const price = exact(trade.price);
  const quantity =
    market.contractSize === '1' ? exact(trade.amount) : exact(trade.amount).times(exact(market.contractSize));
  const value = market.kind === 'inverse' ? quantity : quantity.times(price);
  const hourMs = hourOf(trade.timestampMs);
  const isReducing = market.kind === 'spot' && side === 'buy';
  let received = quantity;
  const fees: PricedAmount[] = [];
  for (const fee of trade.fees) {
    const amount = exact(fee.amount);
    if (amount.sign === 0) continue;
    if (isReducing && fee.asset === market.base) {
      received = received.minus(amount);
      fees.push({ asset: market.quote, hourMs, amount: amount.times(price) });
    } else fees.push({ asset: fee.asset, hourMs, amount });
  }
  return { trade, price, quantity, value, fees, received };
}

/** What a closed part was worth when it was opened, and what it brought. In the quote. */
function resultOf({ market, side }: Trade, price: Exact, part: ClosedPart): { gross: Exact; basis: Exact } {
  const { quantity, openingPrice } = part;
  const isInverse = market.kind === 'inverse';
  const basis = isInverse ? quantity : quantity.times(openingPrice);
  const closing = isInverse ? quantity.times(price).div(openingPrice) : quantity.times(price);
  return { gross: side === 'sell' ? closing.minus(basis) : basis.minus(closing), basis };
}

/** Open lots by market and position, and sums by hour. Memory grows with both, never with trades. */
export class HourBook {
  readonly #returnBasis: ReturnBasis;
  readonly #lots = new Map<string, Lots>();
  readonly #hours = new Map<number, HourSums>();

  constructor(returnBasis: ReturnBasis) {
    this.#returnBasis = returnBasis;
  }

  /**
   * Folds one trade at the present lots; all its effects are in the hour of its time. Returns that hour. Throws if an
   * amount is no decimal number.
   */
  fold(trade: Trade): HourSums {
    const { market, side } = trade;
    const fill = read(trade);
    const { price, quantity, value, fees, received } = fill;
    const hour = this.#hour(hourOf(trade.timestampMs));
    const size = market.kind === 'inverse' ? quantity.div(price) : quantity;
    hour.addFill(market, size, value, fees);
    hour.moves?.add(market.symbol, market.quote, trade.timestampMs, price, value);
    // A fee that takes all of what came in leaves no lot.
    if (received.sign > 0) {
      const { hourMs } = hour;
      this.#count(hour, fill, this.#lotsOf(trade).fold({ side, quantity: received, price, fees, hourMs }));
    }
    return hour;
  }

  #count(hour: HourSums, { trade, price }: ReadTrade, outcome: FillOutcome): void {
    const { quote } = trade.market;
    for (const part of outcome.closed) {
      const { gross, basis } = resultOf(trade, price, part);
      hour.addResult(quote, gross, basis);
    }
    for (const settled of outcome.settled) this.#addSettled(settled);
    for (const fee of outcome.closingFees) hour.realizedFees.add(fee);
    if (outcome.unmatched.sign === 0) return;
    hour.unmatchedSells++;
    hour.unmatchedVolume.add(
      quote,
      trade.market.kind === 'inverse' ? outcome.unmatched : outcome.unmatched.times(price),
    );
  }

  #addSettled({ hourMs, fees }: SettledFees): void {
    const hour = this.#hour(hourMs);
    for (const fee of fees) hour.realizedFees.add(fee);
  }

  #hour(hourMs: number): HourSums {
    let hour = this.#hours.get(hourMs);
    if (hour === undefined) {
      hour = new HourSums(hourMs, this.#returnBasis === 'price_move');
      this.#hours.set(hourMs, hour);
    }
    return hour;
  }

  #lotsOf(trade: Trade): Lots {
    const key = `${trade.position ?? ''} ${trade.market.symbol}`;
    let lots = this.#lots.get(key);
    if (lots === undefined) {
      lots = new Lots(openingOf(trade));
      this.#lots.set(key, lots);
    }
    return lots;
  }

  /** The hours from `fromMs` to before `toMs` that have trades, ascending. */
  hours(fromMs = -Infinity, toMs = Infinity): readonly HourSums[] {
    for (const lots of this.#lots.values()) {
      const settled = lots.settle();
      if (settled !== null) this.#addSettled(settled);
    }
    return [...this.#hours.values()]
      .filter(({ hourMs }) => hourMs >= fromMs && hourMs < toMs)
      .toSorted((one, other) => one.hourMs - other.hourMs);
  }
}
