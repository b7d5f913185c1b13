// One row of Bybit's list of executions. Source: bybit-exchange.github.io/docs/v5/order/execution (Response Parameters)
// and docs/v5/enum (createType, execType, orderType, Spot Fee Currency Instruction).

import { costOf } from './account-books.ts';
import { type AccountState, listedId } from './exchange-state.ts';
import type { FillCause, SimFill } from './scenario.ts';
import {
  decimal,
  divided,
  fixedText,
  negative,
  plus,
  signOf,
  type SimDecimal,
  textOf,
  times,
  ZERO,
} from './sim-decimal.ts';

/** Kinds of executions that fills of a scenario have. */
export type ExecType = 'Trade' | 'BustTrade' | 'AdlTrade' | 'Funding' | 'Settle' | 'Delivery';

const CREATE_TYPES: Readonly<Record<FillCause, string>> = {
  trade: 'CreateByUser',
  liquidation: 'CreateByTakeOver_PassThrough',
  adl: 'CreateByAdl_PassThrough',
  settle: 'CreateBySettle',
  funding: 'CreateByUser',
};
/** Digits of amounts of money: those of an example of the execution stream. */
const MONEY_DIGITS = 8;

/**
 * Docs/v5/enum, execType: `Settle` is "Inverse futures settlement; Position closed due to delisting", `Delivery` is "USDC
 * futures delivery; Position closed by contract delisted".
 */
export function execTypeOf({ cause, market }: SimFill): ExecType {
  switch (cause) {
    case 'trade':
      return 'Trade';
    case 'liquidation':
      return 'BustTrade';
    case 'adl':
      return 'AdlTrade';
    case 'funding':
      return 'Funding';
    case 'settle':
      return market.kind === 'inverse' ? 'Settle' : 'Delivery';
  }
}

/** The row of a fill. */
export function executionRow(account: AccountState, fill: SimFill, nowMs: number): unknown {
  const { market, price } = fill;
  const isSpot = market.kind === 'spot';
  const [fee, ...furtherFees] = fill.fees;
  const quantity = textOf(quantityOf(fill));
  const value = costOf(fill);
  return {
    symbol: listedId(market, nowMs),
    // "UNKNOWN … is used when execType is Funding".
    orderType: fill.cause === 'funding' ? 'UNKNOWN' : 'Market',
    underlyingPrice: '',
    orderLinkId: '',
    side: fill.side === 'buy' ? 'Buy' : 'Sell',
    indexPrice: '',
    orderId: fill.orderId,
    stopOrderType: isSpot ? '' : 'UNKNOWN',
    leavesQty: '0',
    execTime: String(fill.atMs),
    // Empty for a contract in the documentation's example; named here where it is not the settle asset (unverified).
    feeCurrency: isSpot || (fee !== undefined && fee.asset !== market.settle) ? (fee?.asset ?? '') : '',
    // Only makers earn fees.
    isMaker: fee?.amount.startsWith('-') ?? false,
    // Paid fees are positive, as in the example; negative ones are rebates.
    execFee: fee?.amount ?? '0',
    feeRate:
      fee === undefined || signOf(value) === 0
        ? '0'
        : textOf(divided(decimal(fee.amount), value, MONEY_DIGITS)),
    execId: fill.id,
    tradeIv: '',
    blockTradeId: '',
    markPrice: isSpot ? '' : price,
    execPrice: price,
    markIv: '',
    orderQty: quantity,
    orderPrice: price,
    execValue: fixedText(value, MONEY_DIGITS),
    execType: execTypeOf(fill),
    execQty: quantity,
    closedSize: isSpot ? '' : closedText(account, fill),
    // The execution stream has it ("Whether to borrow. Unified spot only"); that the list has it too is unverified.
    ...(isSpot ? { isLeverage: fill.kind === 'spot' ? '0' : '1' } : {}),
    // "Spot, Option do not have this key".
    ...(isSpot ? {} : { createType: CREATE_TYPES[fill.cause] }),
    // Its elements are unverified: the documentation names their feeType and subFeeType only.
    extraFees: furtherFees.length === 0 ? '' : JSON.stringify(furtherFees.map(extraFee)),
    seq: 4_688_000_000 + fill.ordinal,
  };
}

function extraFee({ asset, amount }: SimFill['fees'][number]): unknown {
  return { feeCoin: asset, feeType: 'UNKNOWN', subFeeType: 'UNKNOWN', feeRate: '0', fee: amount };
}

/** Contracts of Bybit are 1 of the base (linear) or 1 of the quote (inverse), so quantities are in these. */
function quantityOf({ amount, market }: SimFill): SimDecimal {
  return times(decimal(amount), decimal(market.contractSize));
}

/** "Closed position size": what the fill took off the position of its market. */
function closedText(account: AccountState, fill: SimFill): string {
  if (fill.cause === 'funding') return '0';
  let before = decimal(account.positions.get(fill.market.id) ?? '0');
  for (const each of account.fills) {
    if (each === fill) break;
    const isSame = each.market === fill.market && each.position === fill.position && each.cause !== 'funding';
    if (isSame) before = plus(before, signed(each));
  }
  const change = signed(fill);
  if (signOf(before) * signOf(change) >= 0) return '0';
  const after = plus(before, change);
  const closed = signOf(after) * signOf(before) < 0 ? before : change;
  const size = times(closed, decimal(fill.market.contractSize));
  return textOf(signOf(size) < 0 ? plus(ZERO, negative(size)) : size);
}

function signed({ side, amount }: SimFill): SimDecimal {
  return side === 'buy' ? decimal(amount) : negative(decimal(amount));
}
