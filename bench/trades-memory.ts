// The memory of the program while a million trades, nearly in order, come through one connection into one
// job: the mean of the last tenth against that of the first.

import type { BenchOptions, Figure } from './figures.ts';
import { memoryBytes } from './stage.ts';
import { openTradeClient, sendTrades, tradeFrames } from './trade-client.ts';
import { startTradesProgram } from './trades-program.ts';

const TOGETHER = 50;
const WINDOW = 20;
const STEP = 5_000;
const MIB = 2 ** 20;

export async function benchTradesMemory({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const trades = isQuick ? 200_000 : 1_000_000;
  const server = await startTradesProgram(trades);
  try {
    const url = await server.openJob();
    const socket = await openTradeClient(url);
    const found: number[] = [];
    for (let from = 0; from < trades; from += STEP) {
      await sendTrades(socket, tradeFrames(from, STEP, TOGETHER), TOGETHER, WINDOW);
      found.push(memoryBytes(server.pid, 'VmRSS') / MIB);
    }
    const collectedBytes = memoryBytes(server.pid, 'VmHWM');
    // Without a backend the answer comes after 30 s; what is asked is how far the fold goes.
    await server.process(new URL(url).pathname.replace('/ws/', ''));
    socket.destroy();
    const tenth = found.length / 10;
    const first = mean(found.slice(0, tenth));
    const last = mean(found.slice(-tenth));
    const note = Array.from({ length: 10 }, (_, part) =>
      mean(found.slice(part * tenth, (part + 1) * tenth)).toFixed(0),
    ).join(' ');
    return [
      { name: 'first tenth', value: first, unit: 'MiB', aim: null, note },
      { name: 'last tenth', value: last, unit: 'MiB', aim: null },
      { name: 'last ÷ first', value: last / first, unit: '×', aim: { atMost: 1.1 } },
      {
        name: 'growth from one tenth to the other, a trade',
        value: ((last - first) * MIB) / (0.9 * trades),
        unit: 'bytes',
        aim: { atMost: 25 },
      },
      { name: 'at most while trades came', value: collectedBytes / MIB, unit: 'MiB', aim: null },
      {
        name: 'at most when they were folded',
        value: memoryBytes(server.pid, 'VmHWM') / MIB,
        unit: 'MiB',
        aim: null,
      },
    ];
  } finally {
    await server.end();
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
