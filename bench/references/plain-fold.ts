// The same fold as the program's with plain doubles: order, hours, lots first in first out, fees pro rata, sums by asset.
// It loses digits, and keeps no fee apart by its hour.

import type { SummaryFigures } from '../../src/trades/domain/summary.ts';
import type { Trade } from '../../src/trades/domain/trade.ts';
import { compareTrades } from '../../src/trades/domain/trade-order.ts';

interface Lot {
  quantity: number;
  readonly price: number;
  fees: number;
}

class Hour {
  trades = 0;
  volumeBase = 0;
  volume = new Map<string, number>();
  fees = new Map<string, number>();
  profit = new Map<string, number>();
  basis = new Map<string, number>();
}

class Position {
  lots: Lot[] = [];
  head = 0;
  side: Trade['side'] = 'buy';
}

const add = (sums: Map<string, number>, asset: string, amount: number) =>
  void sums.set(asset, (sums.get(asset) ?? 0) + amount);
const HOUR_MS = 3_600_000;

function close(position: Position, trade: Trade, quantity: number, price: number, hour: Hour): number {
  let rest = quantity;
  while (rest > 0 && position.head < position.lots.length) {
    const lot = position.lots[position.head] as Lot;
    const part = Math.min(lot.quantity, rest);
    const fees = (lot.fees * part) / lot.quantity;
    const sign = trade.side === 'sell' ? 1 : -1;
    add(hour.profit, trade.market.quote, sign * (price - lot.price) * part - fees);
    add(hour.basis, trade.market.quote, lot.price * part);
    lot.quantity -= part;
    lot.fees -= fees;
    rest -= part;
    if (lot.quantity <= 0) position.head++;
  }
  if (position.head === position.lots.length) {
    position.lots = [];
    position.head = 0;
  }
  return rest;
}

function fold(trade: Trade, positions: Map<string, Position>, hours: Map<number, Hour>): void {
  const [price, quantity] = [Number(trade.price), Number(trade.amount)];
  const hourMs = Math.floor(trade.timestampMs / HOUR_MS) * HOUR_MS;
  let hour = hours.get(hourMs);
  if (hour === undefined) hours.set(hourMs, (hour = new Hour()));
  const key = `${trade.position ?? ''} ${trade.market.symbol}`;
  let position = positions.get(key);
  if (position === undefined) positions.set(key, (position = new Position()));
  hour.trades++;
  hour.volumeBase += quantity;
  add(hour.volume, trade.market.quote, price * quantity);
  let paid = 0;
  for (const fee of trade.fees) {
    paid += Number(fee.amount);
    add(hour.fees, fee.asset, Number(fee.amount));
  }
  const isSpot = trade.market.kind === 'spot';
  const opens = isSpot ? trade.side === 'buy' : position.lots.length === 0 || position.side === trade.side;
  let rest = quantity;
  if (!opens) {
    rest = close(position, trade, quantity, price, hour);
    add(hour.profit, trade.market.quote, (-paid * (quantity - rest)) / quantity);
  }
  if (rest > 0 && (opens || !isSpot)) {
    position.side = trade.side;
    position.lots.push({ quantity: rest, price, fees: (paid * rest) / quantity });
  }
}

const total = (sums: Map<string, number>) => [...sums.values()].reduce((sum, value) => sum + value, 0);

/** Figures of the trades, in doubles. */
export function plainFold(trades: Iterable<Trade>): Pick<SummaryFigures, 'buckets'> {
  const [positions, hours] = [new Map<string, Position>(), new Map<number, Hour>()];
  for (const trade of [...trades].toSorted(compareTrades)) fold(trade, positions, hours);
  const buckets = [...hours]
    .toSorted(([one], [other]) => one - other)
    .map(([hourMs, hour]) => ({
      t: new Date(hourMs).toISOString(),
      return_pct: total(hour.basis) === 0 ? 0 : (100 * total(hour.profit)) / total(hour.basis),
      trades: hour.trades,
      volume_base: hour.volumeBase,
      volume_quote: total(hour.volume),
      fees_usd: total(hour.fees),
    }));
  return { buckets };
}
