// A second fold, as plain as possible, in rational numbers: it shares no code with the program and rounds nothing. One
// unit of a lot after the other is looked for from the first trade on.

import type { Trade } from '../../../src/trades/domain/trade.ts';
import { NOTHING, Rational } from './rational.ts';

export type Sums = Map<string, Rational>;

/** Sums of one hour: amounts by asset; realised fees by quote, asset and hour. */
export interface NaiveHour {
  trades: number;
  base: Rational;
  readonly volume: Sums;
  readonly fees: Sums;
  readonly gross: Sums;
  readonly basis: Sums;
  readonly realizedFees: Sums;
  readonly unmatched: Sums;
  unmatchedSells: number;
}

export interface NaiveLot {
  readonly trade: Trade;
  readonly size: Rational;
  open: Rational;
  readonly fees: readonly (readonly [asset: string, amount: Rational])[];
}

export interface NaiveBook {
  readonly hours: Map<number, NaiveHour>;
  readonly lots: NaiveLot[];
}

const hourOf = (trade: Trade) => trade.timestampMs - (trade.timestampMs % 3_600_000);

function add(sums: Sums, key: string, amount: Rational): void {
  sums.set(key, (sums.get(key) ?? NOTHING).plus(amount));
}

function feesOf({ fees, market, side, price }: Trade): { paid: [string, Rational][]; kept: Rational } {
  let kept = NOTHING;
  const paid = fees.map(({ asset, amount }): [string, Rational] => {
    const value = Rational.of(amount);
    if (market.kind !== 'spot' || side !== 'buy' || asset !== market.base) return [asset, value];
    kept = kept.plus(value);
    return [market.quote, value.times(Rational.of(price))];
  });
  return { paid, kept };
}

const ONE = Rational.of('1');

function foldOne(book: NaiveBook, trade: Trade): void {
  const { market, position, side } = trade;
  const at = hourOf(trade);
  const hour: NaiveHour = book.hours.get(at) ?? {
    trades: 0,
    base: NOTHING,
    unmatchedSells: 0,
    volume: new Map(),
    fees: new Map(),
    gross: new Map(),
    basis: new Map(),
    realizedFees: new Map(),
    unmatched: new Map(),
  };
  book.hours.set(at, hour);
  const isInverse = market.kind === 'inverse';
  const price = Rational.of(trade.price);
  const contracts = Rational.of(trade.amount).times(Rational.of(market.contractSize));
  const worth = (units: Rational) => (isInverse ? units : units.times(price));
  const { paid, kept } = feesOf(trade);
  hour.trades++;
  hour.base = hour.base.plus(isInverse ? contracts.over(price) : contracts);
  add(hour.volume, market.quote, worth(contracts));
  for (const [asset, amount] of paid) if (amount.sign !== 0) add(hour.fees, asset, amount);

  const size = contracts.minus(kept);
  if (size.sign <= 0) return;
  let rest = size;
  for (const lot of book.lots) {
    const isSame = lot.trade.market.symbol === market.symbol && lot.trade.position === position;
    if (!isSame || lot.open.sign === 0 || lot.trade.side === side || rest.sign === 0) continue;
    const part = lot.open.isAbove(rest) ? rest : lot.open;
    const openingPrice = Rational.of(lot.trade.price);
    const basis = isInverse ? part : part.times(openingPrice);
    const now = isInverse ? part.times(price).over(openingPrice) : part.times(price);
    add(hour.gross, market.quote, side === 'sell' ? now.minus(basis) : basis.minus(now));
    add(hour.basis, market.quote, basis);
    for (const [asset, amount] of lot.fees) {
      add(
        hour.realizedFees,
        `${market.quote} ${asset} ${hourOf(lot.trade)}`,
        amount.times(part.over(lot.size)),
      );
    }
    lot.open = lot.open.minus(part);
    rest = rest.minus(part);
  }
  for (const [asset, amount] of paid) {
    add(hour.realizedFees, `${market.quote} ${asset} ${at}`, amount.times(ONE.minus(rest.over(size))));
  }
  if (rest.sign === 0) return;
  const opens =
    position === null ? market.kind !== 'spot' || side === 'buy' : (side === 'buy') === (position === 'long');
  if (opens) {
    const share = rest.over(size);
    const fees = paid.map(([asset, amount]) => [asset, amount.times(share)] as const);
    book.lots.push({ trade, size: rest, open: rest, fees });
  } else {
    hour.unmatchedSells++;
    add(hour.unmatched, market.quote, worth(rest));
  }
}

/** Folds trades that are in their order. */
export function naiveFold(trades: readonly Trade[]): NaiveBook {
  const book: NaiveBook = { hours: new Map(), lots: [] };
  for (const trade of trades) foldOne(book, trade);
  return book;
}
