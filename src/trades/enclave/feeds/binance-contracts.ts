// The two kinds of contracts at Binance: how their account and their income are asked for.
//
// Sources: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History
// (three months, 1,000 rows, pages) and the same pages of COIN-M.

import { exact, type Exact } from '../../domain/amount.ts';
import { ExchangeError, type ExchangeCalls, TooManyFills } from '../../domain/exchange-calls.ts';
import { decimalOf, memberOf, rowsOf, textOf } from './answer.ts';
import { positionName } from './positions.ts';
import type { Span } from './spans.ts';
import type { TradeReader } from './trade-reader.ts';

const INCOME_ROWS = 1_000;
/** Most pages of income of one read: 100,000 rows. */
const INCOME_PAGES_MAX = 100;
/** As the exchange spells it. */
const DELIVERED = 'DELIVERED_SETTELMENT';
/** Income that comes with fills. */
const FROM_FILLS: ReadonlySet<string> = new Set(['COMMISSION', 'REALIZED_PNL', 'INSURANCE_CLEAR', DELIVERED]);
const DIGITS = /^\d{1,19}$/;

/** One kind of contracts. */
export interface BinanceContracts {
  readonly identity: 'linear' | 'inverse';
  readonly fillsMethod: string;
  readonly incomeMethod: string;
  readonly accountMethod: string;
}

/** USD-M. */
export const LINEAR_CONTRACTS: BinanceContracts = {
  identity: 'linear',
  fillsMethod: 'fapiPrivateGetUserTrades',
  incomeMethod: 'fapiPrivateGetIncome',
  accountMethod: 'fapiPrivateV3GetAccount',
};

/** COIN-M. */
export const INVERSE_CONTRACTS: BinanceContracts = {
  identity: 'inverse',
  fillsMethod: 'dapiPrivateGetUserTrades',
  incomeMethod: 'dapiPrivateGetIncome',
  accountMethod: 'dapiPrivateGetAccount',
};

/** What the income of a span tells. */
export interface Income {
  /** Greatest id of a fill by the exchange's name of the market; null where the income names none. */
  readonly newest: ReadonlyMap<string, bigint | null>;
  /** Markets whose contract was delivered: its position ends without a fill. */
  readonly delivered: ReadonlySet<string>;
}

/** Reads the income of a span to its last page. */
export async function incomeOf(
  calls: ExchangeCalls,
  { incomeMethod }: BinanceContracts,
  span: Span,
): Promise<Income> {
  const newest = new Map<string, bigint | null>();
  const delivered = new Set<string>();
  for (let page = 1; ; page++) {
    if (page > INCOME_PAGES_MAX) throw new TooManyFills();
    const rows = rowsOf(
      await calls.call(incomeMethod, {
        startTime: span.fromMs,
        endTime: span.toMs - 1,
        limit: INCOME_ROWS,
        page,
      }),
    );
    for (const row of rows) {
      const id = textOf(memberOf(row, 'symbol'));
      const type = textOf(memberOf(row, 'incomeType')) ?? '';
      if (id === null || !FROM_FILLS.has(type)) continue;
      if (type === DELIVERED) delivered.add(id);
      const tradeId = textOf(memberOf(row, 'tradeId')) ?? '';
      const known = newest.get(id);
      if (!DIGITS.test(tradeId) || known === null) newest.set(id, null);
      else if (known === undefined || BigInt(tradeId) > known) newest.set(id, BigInt(tradeId));
    }
    if (rows.length === 0) return { newest, delivered };
  }
}

/** What an account of contracts holds. */
export interface ContractsAccount {
  /** Positions that are not zero, by name. */
  readonly positions: ReadonlyMap<string, string>;
  /** Money that is not zero, by asset. Every fee and every result moves it. */
  readonly money: ReadonlyMap<string, string>;
}

/** Reads positions and money in one request. */
export async function accountOf(
  calls: ExchangeCalls,
  reader: TradeReader,
  { accountMethod }: BinanceContracts,
): Promise<ContractsAccount> {
  const answer = await calls.call(accountMethod, {});
  const positions = new Map<string, string>();
  for (const row of rowsOf(memberOf(answer, 'positions'))) {
    const amount = amountIn(row, 'positionAmt');
    if (amount.sign === 0) continue;
    const id = textOf(memberOf(row, 'symbol')) ?? '';
    const side = textOf(memberOf(row, 'positionSide'));
    const market = await reader.marketById(id);
    const position = side === 'LONG' ? 'long' : side === 'SHORT' ? 'short' : null;
    positions.set(positionName(market?.symbol ?? id, position), amount.toText());
  }
  const money = new Map<string, string>();
  for (const row of rowsOf(memberOf(answer, 'assets'))) {
    const amount = amountIn(row, 'walletBalance');
    if (amount.sign !== 0) money.set(textOf(memberOf(row, 'asset')) ?? '', amount.toText());
  }
  return { positions, money };
}

function amountIn(row: unknown, name: string): Exact {
  const amount = decimalOf(memberOf(row, name));
  if (amount === null) throw new ExchangeError('exchange_error');
  return exact(amount);
}
