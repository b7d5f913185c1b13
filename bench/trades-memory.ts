// A million trades, nearly in order, through one connection into one job of the program: its resident memory in the last
// tenth against that in the first, with ids of trades and without, and what making the summary takes then.

import { writeFileSync } from 'node:fs';
import type { BenchOptions, Figure } from './figures.ts';
import { memoryBytes } from './stage.ts';
import { openTradeClient, sendTrades, tradeFrames, type TradeStyle } from './trade-client.ts';
import { type RunningTrades, startAgain } from './trades-program.ts';

const WINDOW = 20;
/** Trades between two readings of the memory. */
const STEP = 5_000;
/** A job of as many goes before, from its first trade to its summary: the program compiles itself and makes its pools. */
const WARM_UP_SHARE = 0.1;
const MIB = 2 ** 20;

/** Sends a job's trades; returns the memory after each step, in MiB. */
async function fill({ pid }: RunningTrades, wsUrl: string, trades: number, style: TradeStyle) {
  const found: number[] = [];
  const socket = await openTradeClient(wsUrl, true);
  for (let from = 0; from < trades; from += STEP) {
    await sendTrades(socket, tradeFrames(from, STEP, style), WINDOW);
    found.push(memoryBytes(pid, 'VmRSS') / MIB);
  }
  socket.destroy();
  return found;
}

async function measure(trades: number, hasIds: boolean): Promise<readonly Figure[]> {
  const program = await startAgain({ JOB_MAX_TRADES: String(trades), JOB_TTL_MS: '3600000' });
  const style = { hasIds, perFrame: 1, together: 50 };
  try {
    const atStart = memoryBytes(program.pid, 'VmRSS') / MIB;
    const warm = await program.openJob();
    await fill(program, warm.wsUrl, WARM_UP_SHARE * trades, style);
    await program.process(warm);
    const job = await program.openJob();
    const found = await fill(program, job.wsUrl, trades, style);
    const held = await program.metric('aggregator_trades_held_bytes');
    const before = memoryBytes(program.pid, 'VmRSS') / MIB;
    const mostBefore = memoryBytes(program.pid, 'VmHWM') / MIB;
    // The kernel's note of the most memory begins anew.
    writeFileSync(`/proc/${program.pid}/clear_refs`, '5');
    const startMs = performance.now();
    const done = await program.process(job);
    const seconds = (performance.now() - startMs) / 1000;
    if (done.trades !== trades) throw new Error(`${done.trades} trades are in the summary`);
    const tenth = found.length / 10;
    const tenths = Array.from({ length: 10 }, (_, part) =>
      mean(found.slice(part * tenth, (part + 1) * tenth)),
    );
    const [first = 0] = tenths;
    const last = tenths.at(-1) ?? 0;
    const of = hasIds ? 'with ids: ' : 'without ids: ';
    return [
      {
        name: `${of}last tenth ÷ first`,
        value: last / first,
        unit: '×',
        aim: { atMost: 1.1 },
        note: `${tenths.map((value) => value.toFixed(0)).join(' ')} MiB; at the start ${atStart.toFixed(0)}`,
      },
      {
        name: 'growth, a trade',
        value: ((last - first) * MIB) / (0.9 * trades),
        unit: 'bytes',
        aim: null,
        note: `of which the job counts ${(held / trades).toFixed(1)}`,
      },
      { name: 'at most until then', value: mostBefore, unit: 'MiB', aim: null },
      {
        name: 'at most during the seal',
        value: memoryBytes(program.pid, 'VmHWM') / MIB,
        unit: 'MiB',
        aim: null,
        note: `${before.toFixed(0)} before`,
      },
      { name: 'from the call of process to its answer', value: seconds, unit: 's', aim: null },
    ];
  } finally {
    await program.end();
  }
}

export async function benchTradesMemory({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const trades = isQuick ? 200_000 : 1_000_000;
  return [...(await measure(trades, true)), ...(await measure(trades, false))];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
