// One trade of Kraken's history, and what margin trades say of their positions.
// Source: krakenfx/api-specs, spot-rest/schemas/objects/user/trades/trade.yaml and the example history.yaml.

import { costOf } from './account-books.ts';
import { type AccountState, listedId } from './exchange-state.ts';
import type { SimFill, SimMarket } from './scenario.ts';
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

/** Digits of costs, fees and margins: `cost_decimals` of the pairs. */
const COST_DIGITS = 5;
const VOLUME_DIGITS = 8;
/** Leverage of every margin trade, and the share of its cost that is its initial margin. */
const LEVERAGE = '5';
const MARGIN_SHARE = decimal('0.2');

/** What a margin trade did to the position of its market. */
interface MarginEffect {
  readonly isClosing: boolean;
  /** True for a trade that opened a position which is closed by now. */
  readonly isPositionClosed: boolean;
  /** What was closed of that which the trade opened; null if it opened nothing. */
  readonly closed: {
    readonly volume: SimDecimal;
    readonly cost: SimDecimal;
    readonly by: readonly string[];
  } | null;
}

/** A trade with its effect; `margin` is null for a trade without a position. */
export interface KrakenTrade {
  readonly fill: SimFill;
  readonly margin: MarginEffect | null;
}

interface OpenPart {
  readonly fill: SimFill;
  readonly opened: SimDecimal;
  left: SimDecimal;
  closedCost: SimDecimal;
  readonly by: string[];
}

/** Trades of an account up to a time, hidden ones too, in the order of time. Fees of positions that stay open are none. */
export function krakenTrades(account: AccountState, nowMs: number): readonly KrakenTrade[] {
  const fills = account.fills.filter(({ atMs, cause }) => atMs <= nowMs && cause !== 'funding');
  const open = new Map<SimMarket, OpenPart[]>();
  const opening = new Map<SimFill, OpenPart>();
  const closing = new Set<SimFill>();
  for (const fill of fills) {
    if (fill.kind === 'spot') continue;
    const parts = open.get(fill.market) ?? [];
    open.set(fill.market, parts);
    const rest = closeParts(parts, fill);
    if (rest.isClosing) closing.add(fill);
    if (signOf(rest.left) === 0) continue;
    const part = { fill, opened: rest.left, left: rest.left, closedCost: ZERO, by: [] };
    parts.push(part);
    opening.set(fill, part);
  }
  return fills.map((fill) => ({
    fill,
    margin: fill.kind === 'spot' ? null : effectOf(opening.get(fill), closing.has(fill)),
  }));
}

/** Closes what the fill can close, oldest first; returns what is left of the fill. */
function closeParts(
  parts: OpenPart[],
  fill: SimFill,
): { readonly isClosing: boolean; readonly left: SimDecimal } {
  let left = decimal(fill.amount);
  let isClosing = false;
  for (let part = parts[0]; part !== undefined && part.fill.side !== fill.side; part = parts[0]) {
    if (signOf(left) === 0) break;
    isClosing = true;
    const isWhole = signOf(plus(left, negative(part.left))) >= 0;
    const volume = isWhole ? part.left : left;
    part.left = plus(part.left, negative(volume));
    part.closedCost = plus(part.closedCost, times(volume, decimal(fill.price)));
    part.by.push(fill.id);
    left = plus(left, negative(volume));
    if (isWhole) parts.shift();
  }
  return { isClosing, left };
}

function effectOf(part: OpenPart | undefined, isClosing: boolean): MarginEffect {
  if (part === undefined) return { isClosing, isPositionClosed: false, closed: null };
  const volume = plus(part.opened, negative(part.left));
  return {
    isClosing,
    isPositionClosed: signOf(part.left) === 0,
    closed: { volume, cost: part.closedCost, by: part.by },
  };
}

/** The row of a trade. `isWithClosing`: the ids of closing trades are asked for. */
export function tradeRow({ fill, margin }: KrakenTrade, nowMs: number, isWithClosing: boolean): unknown {
  const cost = costOf(fill);
  return {
    ordertxid: fill.orderId,
    postxid: `TKH${fill.id.slice(3)}`,
    pair: listedId(fill.market, nowMs),
    time: secondsOf(fill),
    type: fill.side,
    // ccxt 4.5.84 has the example `liquidation market`; `settle-position` is an order type of Add Order.
    ordertype:
      fill.cause === 'liquidation'
        ? 'liquidation market'
        : fill.cause === 'settle'
          ? 'settle-position'
          : 'limit',
    price: fill.price,
    cost: fixedText(cost, COST_DIGITS),
    fee: textOf(feeOf(fill)),
    vol: textOf(decimal(fill.amount)),
    margin: fixedText(margin === null ? ZERO : times(cost, MARGIN_SHARE), COST_DIGITS),
    leverage: margin === null ? '0' : LEVERAGE,
    misc: margin?.isClosing === true ? 'closing' : '',
    trade_id: 2_560_000 + fill.ordinal,
    maker: signOf(feeOf(fill)) < 0,
    ...positionMembers(margin, isWithClosing),
  };
}

/**
 * Seconds with four digits behind the point, as in the example: the fourth is made up, and absent in a full second, so
 * that a bound of whole seconds means what the scenario says. JSON has it as a number.
 */
function secondsOf({ atMs, ordinal }: SimFill): number {
  const isFullSecond = atMs % 1_000 === 0;
  return Number(
    `${Math.floor(atMs / 1_000)}.${String(atMs % 1_000).padStart(3, '0')}${isFullSecond ? 0 : 1 + (ordinal % 9)}`,
  );
}

/**
 * "Total fee (quote currency)": a fee in the base is valued at the price of the trade (unverified); one in another asset
 * cannot be told here and is left out.
 */
function feeOf({ fees, market, price }: SimFill): SimDecimal {
  return fees.reduce((sum, { asset, amount }) => {
    if (asset === market.quote) return plus(sum, decimal(amount));
    return asset === market.base ? plus(sum, times(decimal(amount), decimal(price))) : sum;
  }, ZERO);
}

/** "Only present if trade opened a position". */
function positionMembers(
  margin: MarginEffect | null,
  isWithClosing: boolean,
): Readonly<Record<string, unknown>> {
  if (margin === null || margin.closed === null) return {};
  const { volume, cost, by } = margin.closed;
  const price = signOf(volume) === 0 ? ZERO : divided(cost, volume, COST_DIGITS);
  return {
    posstatus: margin.isPositionClosed ? 'closed' : 'open',
    cprice: textOf(price),
    ccost: fixedText(cost, COST_DIGITS),
    cfee: '0',
    cvol: fixedText(volume, VOLUME_DIGITS),
    cmargin: fixedText(times(cost, MARGIN_SHARE), COST_DIGITS),
    net: '0.0000',
    ...(isWithClosing ? { trades: by } : {}),
  };
}
