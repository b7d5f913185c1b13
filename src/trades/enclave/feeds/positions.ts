// Positions in contracts, and whether fills explain how they moved. Pure.

import { exact, ZERO } from '../../domain/amount.ts';
import type { Trade } from '../../domain/trade.ts';
import type { Effect } from './discovery.ts';

/** The name of a position: its market, and in hedge mode its side. */
export function positionName(symbol: string, side: Trade['position']): string {
  return side === null ? symbol : `${symbol} ${side}`;
}

/** The symbol of a position's name. */
export function symbolOfPosition(name: string): string {
  return name.split(' ')[0] ?? name;
}

/** How a fill changed its position; short ones are negative. */
export function positionEffectOf(trade: Trade, symbol: string): Effect {
  const amount = exact(trade.amount);
  const change = trade.side === 'buy' ? amount : ZERO.minus(amount);
  return { atMs: trade.timestampMs, changes: [[positionName(symbol, trade.position), change]] };
}
