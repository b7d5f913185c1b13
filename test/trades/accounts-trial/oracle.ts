// What the summaries of an account must add up to: a fold of the plan in rational numbers. It shares no code with the
// program, and rounds nothing.

import { NOTHING, Rational } from '../domain/rational.ts';
import { HOUR_MS, type Plan, type PlannedAccount, type PlannedFill, priceKey } from './plan.ts';

/** The exact figures of one hour of one account. */
export interface ExpectedHour {
  trades: number;
  base: Rational;
  volume: Rational;
  fees: Rational;
  profit: Rational;
  basis: Rational;
}

interface Lot {
  open: Rational;
  readonly received: Rational;
  readonly price: Rational;
  readonly side: 'buy' | 'sell';
  /** In USD, by the prices of their own hour. */
  readonly fees: Rational;
}

const HUNDRED = new Rational(100n);

export function hourOf(atMs: number): number {
  return atMs - (atMs % HOUR_MS);
}

/** Percent, as a summary states it. */
export function returnOf({ profit, basis }: ExpectedHour): Rational {
  return basis.sign === 0 ? NOTHING : profit.times(HUNDRED).over(basis);
}

/** The hours of an account by their start. */
export function expectedHours(plan: Plan, account: PlannedAccount): Map<number, ExpectedHour> {
  const hours = new Map<number, ExpectedHour>();
  const lots = new Map<string, Lot[]>();
  for (const fill of account.fills.toSorted(inOrder)) {
    const key = `${fill.market.kind} ${fill.market.id}`;
    const own = lots.get(key) ?? [];
    lots.set(key, own);
    fold(plan, hourAt(hours, hourOf(fill.atMs)), own, fill);
  }
  return hours;
}

/** By time; ids are numbers that ascend. */
function inOrder(one: PlannedFill, other: PlannedFill): number {
  return one.atMs - other.atMs || Number(one.id) - Number(other.id);
}

function hourAt(hours: Map<number, ExpectedHour>, startMs: number): ExpectedHour {
  let hour = hours.get(startMs);
  if (hour === undefined) {
    hour = { trades: 0, base: NOTHING, volume: NOTHING, fees: NOTHING, profit: NOTHING, basis: NOTHING };
    hours.set(startMs, hour);
  }
  return hour;
}

/** In USD; null without a price. */
function priceOf(plan: Plan, asset: string, atMs: number): Rational | null {
  if (asset === 'USDT') return new Rational(1n);
  const price = plan.prices.get(priceKey(asset, hourOf(atMs))) ?? null;
  return price === null ? null : Rational.of(price);
}

function fold(plan: Plan, hour: ExpectedHour, lots: Lot[], fill: PlannedFill): void {
  const { market, side, atMs } = fill;
  const [price, amount, fee] = [fill.price, fill.amount, fill.fee].map(Rational.of) as [
    Rational,
    Rational,
    Rational,
  ];
  const quotePrice = priceOf(plan, market.quote, atMs) ?? NOTHING;
  // A fee in what was bought is a part of it that did not come in.
  const isKept = market.kind === 'spot' && side === 'buy' && fill.feeAsset === market.base;
  const received = isKept ? amount.minus(fee) : amount;
  const feeUsd = isKept
    ? fee.times(price).times(quotePrice)
    : fee.times(priceOf(plan, fill.feeAsset, atMs) ?? NOTHING);
  hour.trades += 1;
  hour.base = hour.base.plus(amount);
  hour.volume = hour.volume.plus(amount.times(price).times(quotePrice));
  hour.fees = hour.fees.plus(feeUsd);
  let left = received;
  while (left.sign > 0) {
    const lot = lots.find((each) => each.side !== side && each.open.sign > 0);
    if (lot === undefined) break;
    const closed = left.isAbove(lot.open) ? lot.open : left;
    lot.open = lot.open.minus(closed);
    left = left.minus(closed);
    const moved = side === 'sell' ? price.minus(lot.price) : lot.price.minus(price);
    const fees = lot.fees.times(closed).over(lot.received).plus(feeUsd.times(closed).over(received));
    hour.profit = hour.profit.plus(moved.times(closed).times(quotePrice)).minus(fees);
    hour.basis = hour.basis.plus(lot.price.times(closed).times(quotePrice));
  }
  const opens = market.kind === 'linear' || side === 'buy';
  if (left.sign > 0 && opens) {
    lots.push({ open: left, received, price, side, fees: feeUsd });
  }
}
