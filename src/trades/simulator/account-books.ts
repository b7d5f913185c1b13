// What follows from an account's fills and movements: balances, positions and the rows of its ledger, at a time. Each is
// computed anew from the fills, so nothing can drift apart.

import { type AccountState, listedBase } from './exchange-state.ts';
import type { FillCause, FillKind, MovementCause, SimFill, SimMarket } from './scenario.ts';
import { decimal, divided, negative, plus, signOf, type SimDecimal, times, ZERO } from './sim-decimal.ts';

/** Digits behind the point of a quotient. */
const QUOTIENT_DIGITS = 18;

/** Something that moved one balance. */
export interface LedgerRow {
  readonly atMs: number;
  readonly wallet: FillKind;
  /** Isolated margin has a wallet for each market; null elsewhere. */
  readonly market: SimMarket | null;
  readonly asset: string;
  /** Without the fee. */
  readonly amount: SimDecimal;
  /** Paid in the same asset; negative for a rebate. */
  readonly fee: SimDecimal;
  /** What the wallet holds of the asset afterwards. */
  readonly balance: SimDecimal;
  readonly cause: FillCause | MovementCause;
  /** Null for a movement. */
  readonly fill: SimFill | null;
  /** Number of the row, from 1, in the order of time. */
  readonly ordinal: number;
}

/** A position in a contract. */
export interface Position {
  readonly market: SimMarket;
  /** Null in one-way mode. */
  readonly side: 'long' | 'short' | null;
  /** In the base, or contracts; negative if short. */
  readonly amount: SimDecimal;
  /** Average price of what is open. */
  readonly entryPrice: SimDecimal;
}

type Change = Omit<LedgerRow, 'balance' | 'ordinal'>;

/** Size of a fill in the quote (inverse contracts: in the base). */
export function costOf({ market, price, amount }: SimFill): SimDecimal {
  const size = times(decimal(amount), decimal(market.contractSize));
  if (market.kind === 'inverse') return divided(size, decimal(price), QUOTIENT_DIGITS);
  return times(size, decimal(price));
}

/** All rows of the ledger up to a time, in the order of time. Balances move at the time of a fill, shown or not. */
export function ledgerOf(account: AccountState, nowMs: number): readonly LedgerRow[] {
  const changes = [...fillChanges(account, nowMs), ...movementChanges(account, nowMs)];
  const balances = new Map<string, SimDecimal>();
  for (const [asset, amount] of account.balances) balances.set(`spot  ${asset}`, decimal(amount));
  return changes
    .toSorted((a, b) => a.atMs - b.atMs)
    .map((change, index) => {
      const wallet = `${change.wallet} ${change.market?.id ?? ''} ${change.asset}`;
      const balance = plus(balances.get(wallet) ?? ZERO, plus(change.amount, negative(change.fee)));
      balances.set(wallet, balance);
      return { ...change, balance, ordinal: index + 1 };
    });
}

/** What a wallet holds at a time, by asset. `market`: for isolated margin. */
export function balancesOf(
  account: AccountState,
  nowMs: number,
  wallet: FillKind,
  market: SimMarket | null = null,
): ReadonlyMap<string, SimDecimal> {
  const balances = new Map<string, SimDecimal>();
  if (wallet === 'spot') for (const [asset, amount] of account.balances) balances.set(asset, decimal(amount));
  for (const row of ledgerOf(account, nowMs)) {
    if (row.wallet === wallet && row.market === market) balances.set(row.asset, row.balance);
  }
  return balances;
}

/** Positions at a time, closed ones (amount 0) too, so that whoever lists them can choose. */
export function positionsOf(
  account: AccountState,
  markets: readonly SimMarket[],
  nowMs: number,
): readonly Position[] {
  const positions = new Map<string, Position>();
  for (const [id, amount] of account.positions) {
    const market = markets.find((each) => each.id === id && each.kind !== 'spot');
    if (market === undefined) continue;
    positions.set(`${market.kind} ${id} `, { market, side: null, amount: decimal(amount), entryPrice: ZERO });
  }
  for (const fill of account.fills) {
    if (fill.atMs > nowMs || !isContract(fill) || fill.cause === 'funding') continue;
    const { market, position: side } = fill;
    const key = `${market.kind} ${market.id} ${side ?? ''}`;
    const before = positions.get(key) ?? { market, side, amount: ZERO, entryPrice: ZERO };
    positions.set(key, { ...before, ...moved(before, fill) });
  }
  return [...positions.values()];
}

/** A position while fills are walked through. */
type Open = Pick<Position, 'amount' | 'entryPrice'>;

/**
 * The profit that each fill of a contract realises by average price, without fees, in the settle asset: zero for one that
 * only opens. Spot fills are left out.
 */
export function realisedProfits(account: AccountState, nowMs: number): ReadonlyMap<SimFill, SimDecimal> {
  const profits = new Map<SimFill, SimDecimal>();
  const open = new Map<string, Open>();
  for (const fill of account.fills) {
    if (fill.atMs > nowMs || !isContract(fill) || fill.cause === 'funding') continue;
    const { market, position } = fill;
    const key = `${market.kind} ${market.id} ${position ?? ''}`;
    const before = open.get(key) ?? {
      amount: decimal((position === null ? account.positions.get(market.id) : null) ?? '0'),
      entryPrice: ZERO,
    };
    profits.set(fill, realised(before, fill));
    open.set(key, moved(before, fill));
  }
  return profits;
}

function realised(before: Open, fill: SimFill): SimDecimal {
  const signed = signedAmount(fill);
  const { entryPrice } = before;
  if (signOf(before.amount) * signOf(signed) >= 0 || signOf(entryPrice) === 0) return ZERO;
  const closed = smaller(absolute(before.amount), absolute(signed));
  const size = times(closed, decimal(fill.market.contractSize));
  const direction = decimal(signOf(before.amount) > 0 ? '1' : '-1');
  const price = decimal(fill.price);
  if (fill.market.kind === 'inverse') {
    const opened = divided(size, entryPrice, QUOTIENT_DIGITS);
    return times(direction, plus(opened, negative(divided(size, price, QUOTIENT_DIGITS))));
  }
  return times(direction, times(size, plus(price, negative(entryPrice))));
}

function isContract({ kind }: SimFill): boolean {
  return kind === 'linear' || kind === 'inverse';
}

function signedAmount({ side, amount }: SimFill): SimDecimal {
  return side === 'buy' ? decimal(amount) : negative(decimal(amount));
}

function absolute(value: SimDecimal): SimDecimal {
  return signOf(value) < 0 ? negative(value) : value;
}

function smaller(a: SimDecimal, b: SimDecimal): SimDecimal {
  return signOf(plus(a, negative(b))) < 0 ? a : b;
}

/** The position after a fill. */
function moved(before: Open, fill: SimFill): Open {
  const signed = signedAmount(fill);
  const amount = plus(before.amount, signed);
  if (signOf(amount) === 0) return { amount: ZERO, entryPrice: ZERO };
  const price = decimal(fill.price);
  // Nothing was open, or the fill turned the position round: what is open was opened at its price.
  if (signOf(before.amount) === 0 || signOf(before.amount) * signOf(amount) < 0) {
    return { amount, entryPrice: price };
  }
  if (signOf(before.amount) !== signOf(signed)) return { amount, entryPrice: before.entryPrice };
  const held = absolute(before.amount);
  const added = absolute(signed);
  const sum = plus(times(held, before.entryPrice), times(added, price));
  return { amount, entryPrice: divided(sum, plus(held, added), QUOTIENT_DIGITS) };
}

function* movementChanges({ movements }: AccountState, nowMs: number): Generator<Change> {
  for (const { atMs, asset, amount, cause, wallet } of movements) {
    if (atMs > nowMs) continue;
    yield { atMs, wallet, market: null, asset, amount: decimal(amount), fee: ZERO, cause, fill: null };
  }
}

function* fillChanges(account: AccountState, nowMs: number): Generator<Change> {
  const profits = realisedProfits(account, nowMs);
  for (const fill of account.fills) {
    if (fill.atMs > nowMs) continue;
    const amounts = isContract(fill)
      ? new Map([[fill.market.settle, profits.get(fill) ?? ZERO]])
      : spotAmounts(fill, nowMs);
    const fees = new Map<string, SimDecimal>();
    for (const { asset, amount } of fill.fees)
      fees.set(asset, plus(fees.get(asset) ?? ZERO, decimal(amount)));
    const { atMs, kind: wallet, cause } = fill;
    const market = wallet === 'isolated' ? fill.market : null;
    for (const asset of new Set([...amounts.keys(), ...fees.keys()])) {
      const amount = amounts.get(asset) ?? ZERO;
      yield { atMs, wallet, market, asset, amount, fee: fees.get(asset) ?? ZERO, cause, fill };
    }
  }
}

function spotAmounts(fill: SimFill, nowMs: number): ReadonlyMap<string, SimDecimal> {
  const { quote } = fill.market;
  const bought = signedAmount(fill);
  return new Map([
    [listedBase(fill.market, nowMs), bought],
    [quote, times(negative(bought), decimal(fill.price))],
  ]);
}
