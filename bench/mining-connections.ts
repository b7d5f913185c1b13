// Ten thousand kept connections, each a machine that polls once a second: memory of the program, and answers that were
// lost.

import type { BenchOptions, Figure } from './figures.ts';
import { quantile } from './machine.ts';
import { startMiningProgram } from './mining-program.ts';
import { Pollers } from './pollers.ts';
import { cpuSeconds, memoryBytes } from './stage.ts';

const PROCESSES = 2;
const MEGABYTE = 1e6;

export async function benchMiningConnections({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const connections = isQuick ? 1_000 : 10_000;
  const seconds = isQuick ? 3 : 30;
  // A first start has the compiler of TypeScript in memory.
  await (await startMiningProgram()).end();
  const mining = await startMiningProgram();
  const memory = (line: 'VmRSS' | 'VmHWM') => memoryBytes(mining.pid, line) / MEGABYTE;
  const atStart = memory('VmRSS');
  const pollers = await Pollers.connect({ port: mining.port, connections, processes: PROCESSES });
  try {
    // The first half shows what growth there is in the second one.
    const first = await pollers.poll(seconds);
    const afterHalf = memory('VmRSS');
    const startMs = performance.now();
    const startCpu = cpuSeconds(mining.pid);
    const second = await pollers.poll(seconds);
    const cores = (cpuSeconds(mining.pid) - startCpu) / ((performance.now() - startMs) / 1000);
    const atEnd = memory('VmRSS');
    const latencies = [...first.latenciesMs, ...second.latenciesMs];
    const open = await mining.metric('aggregator_mining_connections');
    const machines = await mining.metric('aggregator_mining_machines', 'state="online"');
    const sent = first.sent + second.sent;
    return [
      {
        name: 'connections',
        value: open,
        unit: '',
        aim: { atLeast: connections },
        note: `${machines} machines`,
      },
      { name: 'polls', value: sent, unit: '', aim: null, note: `${2 * seconds} s` },
      { name: 'lost answers', value: first.lost + second.lost, unit: '', aim: { atMost: 0 } },
      { name: 'memory without connections', value: atStart, unit: 'MB', aim: null },
      { name: 'memory at most', value: memory('VmHWM'), unit: 'MB', aim: { atMost: 400 } },
      {
        name: 'memory, second half ÷ first',
        value: atEnd / afterHalf,
        unit: '',
        aim: null,
        note: `${Math.round(afterHalf)} and ${Math.round(atEnd)} MB`,
      },
      { name: 'processor', value: cores * 100, unit: '%', aim: null, note: 'of one core' },
      {
        name: 'p99 of the answers',
        value: quantile(latencies, 0.99),
        unit: 'ms',
        aim: null,
        note: `median ${quantile(latencies, 0.5).toFixed(1)}`,
      },
    ];
  } finally {
    await pollers.end();
    await mining.end();
  }
}
