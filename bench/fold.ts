// Trades folded a second by the exact aggregation, and by the same fold with plain doubles; both take turns in one run.
// Measured in processor time, so that other work on the machine changes little.

import { createRandom } from '../src/lib/random.ts';
import { foldJob } from '../src/trades/domain/fold-job.ts';
import { jobMarket } from '../src/trades/domain/market.ts';
import type { Market, Trade } from '../src/trades/domain/trade.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { plainFold } from './references/plain-fold.ts';

const TRADES = 100_000;
const SYMBOLS = ['BTCUSDT', 'ETH/USDT', 'SOL-USDT', 'ETH/USDT:USDT'];
const START_MS = Date.parse('2025-01-01T00:00:00.000Z');
const GOES = 3;

/** A walk of prices in four markets over some 14 hours; sizes of 5 and fees of 8 fractional digits. */
function makeTrades(seed: number): readonly Trade[] {
  const random = createRandom(seed, 'fold');
  const markets = SYMBOLS.map(jobMarket).filter((market): market is Market => market !== null);
  let walk = 50_000;
  return Array.from({ length: TRADES }, (_, index) => {
    walk += (random.next() - 0.5) * 20;
    const price = walk.toFixed(2);
    const amount = ((1 + random.below(100_000)) / 100_000).toFixed(5);
    return {
      market: random.pick(markets),
      side: random.chance(0.5) ? 'buy' : 'sell',
      price,
      amount,
      timestampMs: START_MS + index * 500,
      id: String(index),
      fees: [{ asset: 'USDT', amount: (Number(price) * Number(amount) * 0.001).toFixed(8) }],
      position: null,
    };
  });
}

function perSecond(trades: readonly Trade[], fold: (trades: readonly Trade[]) => unknown): number {
  const before = process.cpuUsage();
  for (let go = 0; go < GOES; go++) fold(trades);
  const { user, system } = process.cpuUsage(before);
  return (GOES * trades.length * 1e6) / (user + system);
}

/** The figures of the fold. */
export function benchFold({ rounds }: BenchOptions): Promise<readonly Figure[]> {
  const trades = makeTrades(1);
  const exactFold = (all: readonly Trade[]) => foldJob(all, { returnBasis: 'realized_fifo' });
  const exact: number[] = [];
  const plain: number[] = [];
  // Once before, for the compilers.
  perSecond(trades, exactFold);
  perSecond(trades, plainFold);
  for (let round = 0; round < rounds; round++) {
    exact.push(perSecond(trades, exactFold));
    plain.push(perSecond(trades, plainFold));
  }
  const note = (values: readonly number[]) => values.map((value) => `${Math.round(value / 1000)}k`).join(' ');
  return Promise.resolve([
    {
      name: 'exact: trades folded a second',
      value: median(exact),
      unit: '/s',
      aim: { atLeast: 100_000 },
      note: note(exact),
    },
    {
      name: 'plain doubles: trades folded a second',
      value: median(plain),
      unit: '/s',
      aim: null,
      note: note(plain),
    },
    { name: 'exact ÷ plain', value: median(exact) / median(plain), unit: '', aim: { atLeast: 0.2 } },
  ]);
}
