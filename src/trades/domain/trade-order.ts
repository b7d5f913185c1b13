// The order in which trades are folded. It decides nothing but the order.

import { exact } from './amount.ts';
import type { Decimal, Fee, Trade } from './trade.ts';

const DIGITS = /^\d+$/;
const LEADING_ZEROS = /^0+(?=\d)/;

/** Compares as the UTF-8 bytes of both do. */
function compareBytes(one: string, other: string): number {
  const end = Math.min(one.length, other.length);
  for (let index = 0; index < end; index++) {
    const [unit, otherUnit] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (unit !== otherUnit) return byteRank(unit) - byteRank(otherUnit);
  }
  return one.length - other.length;
}

/** UTF-16 units in the order of UTF-8: surrogates stand for characters above all others. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function compareDigits(one: string, other: string): number {
  const [digits, otherDigits] = [one.replace(LEADING_ZEROS, ''), other.replace(LEADING_ZEROS, '')];
  return digits.length - otherDigits.length || compareBytes(digits, otherDigits);
}

/** All-digit ids first, as numbers; then others by their bytes; then none. */
function compareIds(one: string | null, other: string | null): number {
  if (one === other) return 0;
  if (one === null) return 1;
  if (other === null) return -1;
  const [isNumber, isOtherNumber] = [DIGITS.test(one), DIGITS.test(other)];
  if (isNumber && isOtherNumber) return compareDigits(one, other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return compareBytes(one, other);
}

function compareDecimals(one: Decimal, other: Decimal): number {
  return one === other ? 0 : exact(one).cmp(exact(other));
}

const NO_FEE: Fee = { asset: '', amount: '0' };

function compareFees(one: readonly Fee[], other: readonly Fee[]): number {
  for (let index = 0; index < one.length || index < other.length; index++) {
    const [fee, otherFee] = [one[index] ?? NO_FEE, other[index] ?? NO_FEE];
    const difference =
      compareDecimals(fee.amount, otherFee.amount) || compareBytes(fee.asset, otherFee.asset);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What no rule names: markets, positions and the way an id is written make the order total. */
function compareRest(one: Trade, other: Trade): number {
  return (
    compareBytes(one.market.symbol, other.market.symbol) ||
    compareBytes(one.position ?? '', other.position ?? '') ||
    compareBytes(one.id ?? '', other.id ?? '')
  );
}

/**
 * Negative if the first trade is folded first, positive if the second is; 0 only for trades that do not differ. By time,
 * id, buy before sell, price, size and fee: docs/trades.md#order.
 */
export function compareTrades(one: Trade, other: Trade): number {
  const byTime = one.timestampMs - other.timestampMs;
  if (byTime !== 0) return byTime;
  const byId = compareIds(one.id, other.id);
  if (byId !== 0) return byId;
  if (one.side !== other.side) return one.side === 'buy' ? -1 : 1;
  return (
    compareDecimals(one.price, other.price) ||
    compareDecimals(one.amount, other.amount) ||
    compareFees(one.fees, other.fees) ||
    compareRest(one, other)
  );
}
