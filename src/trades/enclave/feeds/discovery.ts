// Decides from balances which markets were traded, without naming any: what moved, which fills explain it, and which
// markets have to be asked next. Pure.

import { exact, Exact, ZERO } from '../../domain/amount.ts';
import type { TableMarket } from '../../domain/exchange-calls.ts';
import type { Trade } from '../../domain/trade.ts';

/**
 * Distance within which it is unknown whether a fill was in a balance, in ms: the exchange's clock is known about so well,
 * and the answer took its time.
 */
export const SNAPSHOT_FUZZ_MS = 5_000;
/** Exchanges round the quote of a fill to so small a unit. */
const ROUNDING = exact('0.00000001');
/** Quotes that markets usually have; one can be emptied between two reads. */
const USUAL_QUOTES: ReadonlySet<string> = new Set('USDT USDC FDUSD USD EUR BTC'.split(' '));

/** Amounts by what holds them: an asset, or an asset of an isolated pair. */
export type Amounts = Readonly<Record<string, string>>;

/** How a fill changed the amounts. */
export interface Effect {
  readonly atMs: number;
  readonly changes: readonly (readonly [string, Exact])[];
}

/** The name under which an asset of a market is held. */
export type HolderName = (market: string, asset: string) => string;

/** How a spot fill changed what is held, fees included. `market`: its symbol in the market table. */
export function effectOf(trade: Trade, market: string, nameOf: HolderName): Effect {
  const { side, timestampMs, fees } = trade;
  const { base, quote } = trade.market;
  const amount = exact(trade.amount);
  const value = amount.times(exact(trade.price));
  const isBuy = side === 'buy';
  return {
    atMs: timestampMs,
    changes: [
      [nameOf(market, base), isBuy ? amount : ZERO.minus(amount)],
      [nameOf(market, quote), isBuy ? ZERO.minus(value) : value],
      ...fees.map((fee) => [nameOf(market, fee.asset), ZERO.minus(exact(fee.amount))] as const),
    ],
  };
}

/** What moved between two balances; absent amounts are zero. */
export function movesOf(before: Amounts, after: ReadonlyMap<string, string>): Map<string, Exact> {
  const moves = new Map<string, Exact>();
  for (const name of new Set([...Object.keys(before), ...after.keys()])) {
    const move = exact(after.get(name) ?? '0').minus(exact(before[name] ?? '0'));
    if (move.sign !== 0) moves.set(name, move);
  }
  return moves;
}

/** The amounts after the effects; those that become zero are left out. */
export function withEffects(amounts: Amounts, effects: readonly Effect[]): Amounts {
  const sums = new Map(Object.entries(amounts).map(([name, amount]) => [name, exact(amount)]));
  for (const { changes } of effects) {
    for (const [name, change] of changes) sums.set(name, (sums.get(name) ?? ZERO).plus(change));
  }
  return Object.fromEntries(
    [...sums].filter(([, sum]) => sum.sign !== 0).map(([name, sum]) => [name, sum.toText()]),
  );
}

/** What fills leave unexplained. */
export interface Rest {
  /** What no fill explains. */
  readonly open: ReadonlyMap<string, Exact>;
  /** What exchanges round away. The caller takes it into the amounts, so that many such rests do not add up to a move. */
  readonly tiny: ReadonlyMap<string, Exact>;
}

/**
 * What the effects leave unexplained of the moves between two balances. `askedMs`: when the later balance was asked. Some
 * fills around that time may not be in it: the border between those that are and those that are not is drawn where most
 * is explained.
 */
export function unexplainedOf(
  moves: ReadonlyMap<string, Exact>,
  effects: readonly Effect[],
  askedMs: number,
): Rest {
  const ordered = effects.toSorted((one, other) => one.atMs - other.atMs);
  const rest = new Map(moves);
  const rounding = ROUNDING.times(Exact.whole(ordered.length + 1));
  let best: Rest | null = null;
  for (const { atMs, changes } of ordered) {
    if (atMs >= askedMs - SNAPSHOT_FUZZ_MS) best = better(best, rest, rounding);
    // Surely later than the balance.
    if (atMs >= askedMs + SNAPSHOT_FUZZ_MS) return best ?? restOf(rest, rounding);
    for (const [name, change] of changes) rest.set(name, (rest.get(name) ?? ZERO).minus(change));
  }
  return better(best, rest, rounding);
}

function restOf(amounts: ReadonlyMap<string, Exact>, rounding: Exact): Rest {
  const left = [...amounts].filter(([, amount]) => amount.sign !== 0);
  return {
    open: new Map(left.filter(([, amount]) => isBeyond(amount, rounding))),
    tiny: new Map(left.filter(([, amount]) => !isBeyond(amount, rounding))),
  };
}

function better(best: Rest | null, amounts: ReadonlyMap<string, Exact>, rounding: Exact): Rest {
  const rest = restOf(amounts, rounding);
  return best !== null && best.open.size <= rest.open.size ? best : rest;
}

function isBeyond(amount: Exact, limit: Exact): boolean {
  return (amount.sign < 0 ? ZERO.minus(amount) : amount).cmp(limit) > 0;
}

/** Markets whose base and quote both moved, active ones first. */
export function marketsBetween(
  markets: readonly TableMarket[],
  moved: ReadonlySet<string>,
  nameOf: HolderName,
): readonly TableMarket[] {
  return markets
    .filter(({ symbol, base, quote }) => moved.has(nameOf(symbol, base)) && moved.has(nameOf(symbol, quote)))
    .toSorted(bySearchOrder);
}

/** Markets of what is held with what is held, then with usual quotes: a quote may just have been spent. */
export function likelyMarkets(
  markets: readonly TableMarket[],
  held: ReadonlySet<string>,
  nameOf: HolderName,
): readonly TableMarket[] {
  const between = marketsBetween(markets, held, nameOf);
  const usual = markets.filter(
    ({ symbol, base, quote, isActive }) =>
      isActive &&
      USUAL_QUOTES.has(quote) &&
      held.has(nameOf(symbol, base)) &&
      !held.has(nameOf(symbol, quote)),
  );
  return [...between, ...usual.toSorted(bySearchOrder)];
}

/** The order of a search: active markets first, then by symbol. */
function bySearchOrder(one: TableMarket, other: TableMarket): number {
  const [name, otherName] = [searchName(one), searchName(other)];
  return name < otherName ? -1 : name > otherName ? 1 : 0;
}

/** The place of a market in a search, as text that sorts. */
export function searchName({ isActive, symbol }: TableMarket): string {
  return `${isActive ? 0 : 1}${symbol}`;
}

/** The markets that a search for what is held under a name still has to ask, in their order. */
export function marketsToSearch(
  markets: readonly TableMarket[],
  name: string,
  after: string,
  nameOf: HolderName,
): readonly TableMarket[] {
  return markets
    .filter(
      (market) =>
        searchName(market) > after &&
        (nameOf(market.symbol, market.base) === name || nameOf(market.symbol, market.quote) === name),
    )
    .toSorted(bySearchOrder);
}
