// How soon a new block reaches the last of 1,000 miners that each poll once a second, from the moment at which the
// upstream has it. The moments are spread over the program's own second.

import { setTimeout as delay } from 'node:timers/promises';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { startMiningProgram } from './mining-program.ts';
import { Pollers } from './pollers.ts';

const CONNECTIONS = 1_000;
const BLOCK_MS = 3_000;
/** Each block comes this much later within a second than the one before. */
const SHIFT_MS = 83;
const AIM_MS = 2_200;

export async function benchMiningBlock({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const blocks = isQuick ? 3 : 12;
  const mining = await startMiningProgram();
  const pollers = await Pollers.connect({ port: mining.port, connections: CONNECTIONS, processes: 1 });
  const last: number[] = [];
  const half: number[] = [];
  let lost = 0;
  try {
    const polling = pollers.poll(2 + blocks * ((BLOCK_MS + SHIFT_MS) / 1000) + 1);
    await delay(2_000);
    for (let block = 0; block < blocks; block++) {
      const changedMs = Number(process.hrtime.bigint()) / 1e6;
      const seen = await pollers.seen(mining.upstream.nextBlock().blockHash);
      last.push(seen.lastMs - changedMs);
      half.push(seen.medianMs - changedMs);
      await delay(Math.max(0, BLOCK_MS + SHIFT_MS - (Number(process.hrtime.bigint()) / 1e6 - changedMs)));
    }
    ({ lost } = await polling);
  } finally {
    await pollers.end();
    await mining.end();
  }
  const note = `${blocks} blocks: ${last.map((ms) => (ms / 1000).toFixed(2)).join(' ')}`;
  return [
    { name: 'new block at half of the miners, median', value: median(half), unit: 'ms', aim: null },
    { name: 'at the last miner, median', value: median(last), unit: 'ms', aim: { atMost: AIM_MS }, note },
    { name: 'at the last miner, worst', value: Math.max(...last), unit: 'ms', aim: { atMost: AIM_MS } },
    { name: 'lost answers', value: lost, unit: '', aim: { atMost: 0 } },
  ];
}
