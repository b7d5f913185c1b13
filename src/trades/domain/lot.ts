// One open lot and its fees. It knows quantities, prices and hours, and no other lot.

import { exact, type Exact, ZERO } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import type { Decimal } from './trade.ts';

/** What was opened, and how much of it is still open. */
export interface Lot {
  quantity: Exact;
  readonly price: Exact;
  /** Fees of the open rest, and of what was closed of it and is not settled. */
  fees: readonly PricedAmount[];
  /** What one hour closed of it without its fees yet; null if nothing. */
  unsettled: { readonly startMs: number; quantity: Exact } | null;
}

/** Fees of opening whose lots were closed in an hour. */
export interface SettledFees {
  /** Start of the hour, or of the part of it. */
  readonly startMs: number;
  readonly fees: readonly PricedAmount[];
}

/** Divides fees by quantity. The rest is what the part leaves, so that a division loses nothing. */
export function splitFees(
  fees: readonly PricedAmount[],
  part: Exact,
  whole: Exact,
): { readonly ofPart: readonly PricedAmount[]; readonly ofRest: readonly PricedAmount[] } {
  const ofPart = fees.map((fee) => ({ ...fee, amount: fee.amount.times(part).div(whole) }));
  const ofRest = fees.map((fee, index) => ({
    ...fee,
    amount: fee.amount.minus(ofPart[index]?.amount ?? ZERO),
  }));
  return { ofPart, ofRest };
}

/** Closes a part of the lot in the hour, without its fees. What another hour closed must be settled. */
export function closePart(lot: Lot, quantity: Exact, startMs: number): void {
  lot.quantity = lot.quantity.minus(quantity);
  lot.unsettled ??= { startMs, quantity: ZERO };
  lot.unsettled.quantity = lot.unsettled.quantity.plus(quantity);
}

/**
 * Takes the fees of what one hour closed of the lot; null if there are none. They are divided once an hour and not once
 * a fill: divisions are what folding takes longest for, and a lot that one hour closes whole needs none.
 */
export function settleLot(lot: Lot): SettledFees | null {
  const { unsettled, fees } = lot;
  if (unsettled === null) return null;
  const whole = lot.quantity.plus(unsettled.quantity);
  const { ofPart, ofRest } = splitFees(fees, unsettled.quantity, whole);
  lot.fees = ofRest;
  lot.unsettled = null;
  return { startMs: unsettled.startMs, fees: ofPart };
}

/** The lot as plain data. */
export function toLotState({ quantity, price, fees, unsettled }: Lot): LotState {
  return {
    quantity: quantity.toText(),
    price: price.toText(),
    fees: fees.map((fee) => ({ ...fee, amount: fee.amount.toText() })),
    unsettled: unsettled && { ...unsettled, quantity: unsettled.quantity.toText() },
  };
}

/** The lot from plain data. Throws if a number is none. */
export function fromLotState({ quantity, price, fees, unsettled }: LotState): Lot {
  return {
    quantity: exact(quantity),
    price: exact(price),
    fees: fees.map((fee) => ({ ...fee, amount: exact(fee.amount) })),
    unsettled: unsettled && { ...unsettled, quantity: exact(unsettled.quantity) },
  };
}

/** `Lot` as plain data. */
export interface LotState {
  readonly quantity: Decimal;
  readonly price: Decimal;
  readonly fees: readonly { readonly asset: string; readonly hourMs: number; readonly amount: Decimal }[];
  readonly unsettled: { readonly startMs: number; readonly quantity: Decimal } | null;
}
