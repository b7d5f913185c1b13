// What a trade brings into the arithmetic: its amounts as exact numbers, by the kind of its market. It folds nothing.

import { exact, type Exact } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import { hourOf } from './hour-sums.ts';
import type { ClosedPart } from './lots.ts';
import type { Trade } from './trade.ts';

/** A trade with its amounts read. */
export interface ReadFill {
  readonly trade: Trade;
  readonly price: Exact;
  /** Units of the base; of an inverse market, of the quote. */
  readonly quantity: Exact;
  /** In the quote. */
  readonly value: Exact;
  readonly fees: readonly PricedAmount[];
  /** The quantity that lots count; of a spot buy without the fee in the base. */
  readonly received: Exact;
}

/**
 * Reads the amounts of a trade. A fee in the base of a spot buy reduces what came in, and its value at the price of the
 * fill counts as the fee. Throws if an amount is no decimal number.
 */
export function readFill(trade: Trade): ReadFill {
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
export function resultOf(
  { market, side }: Trade,
  price: Exact,
  part: ClosedPart,
): { gross: Exact; basis: Exact } {
  const { quantity, openingPrice } = part;
  const isInverse = market.kind === 'inverse';
  const basis = isInverse ? quantity : quantity.times(openingPrice);
  const closing = isInverse ? quantity.times(price).div(openingPrice) : quantity.times(price);
  return { gross: side === 'sell' ? closing.minus(basis) : basis.minus(closing), basis };
}
