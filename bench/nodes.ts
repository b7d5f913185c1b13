// 100,000 nodes that beat every 30 s: their cost without other load, the time of a scrape, and the time of a start that
// must load them all.

import { join } from 'node:path';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { heartbeat, pack } from './load.ts';
import { median } from './machine.ts';
import { publish } from './publisher.ts';
import { committedUpTo, cpuSeconds, memoryBytes, openStage, startProgram } from './stage.ts';

const INTERVAL_SECONDS = 30;
const SCRAPES = 20;

export async function benchNodes({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const nodes = isQuick ? 10_000 : 100_000;
  const seconds = isQuick ? 2 : 60;
  const stage = await openStage('jetstream');
  try {
    const databasePath = join(stage.folder, 'aggregator.db');
    const ids = Array.from({ length: nodes }, (_, node) => `node-${String(node).padStart(32, '0')}`);
    const first = await startProgram(stage, { PUBLISH_INTERVAL: '30000' });
    const heap = () => first.metric('nodejs_heap_size_used_bytes');
    const pid = first.process.pid ?? 0;
    const [heapBefore, rssBefore] = [await least(heap), memoryBytes(pid, 'VmRSS')];
    await publish(stage.port, pack(ids.map(heartbeat), 100));
    await committedUpTo(databasePath, nodes);
    await until(
      'every actor',
      async () => (await first.metric('aggregator_nodes', 'state="online"')) === nodes,
      60_000,
    );
    const perSecond = nodes / INTERVAL_SECONDS;
    const beats = Array.from({ length: Math.round(perSecond * seconds) }, (_, beat) =>
      heartbeat(ids[beat % nodes] ?? ''),
    );
    const [cpuBefore, startedMs] = [cpuSeconds(pid), performance.now()];
    await publish(stage.port, pack(beats, 20), { perSecond });
    const share = ((cpuSeconds(pid) - cpuBefore) * 1000) / (performance.now() - startedMs);
    const [heapAfter, rssAfter] = [await least(heap), memoryBytes(pid, 'VmRSS')];
    const scrapes: number[] = [];
    const url = `${await first.url()}/metrics`;
    for (let scrape = 0; scrape < SCRAPES; scrape++) {
      const fromMs = performance.now();
      await (await fetch(url)).arrayBuffer();
      scrapes.push(performance.now() - fromMs);
    }
    const states = await first.metric('aggregator_node_transitions_total');
    await first.stop();
    const restartMs = performance.now();
    const second = await startProgram(stage, { PUBLISH_INTERVAL: '30000' });
    await until(
      'every actor again',
      async () => (await second.metric('aggregator_nodes', 'state="online"')) === nodes,
      60_000,
    );
    const resumeSeconds = (performance.now() - restartMs) / 1000;
    await second.stop();
    return [
      {
        name: `processor, ${nodes} nodes beating every ${INTERVAL_SECONDS} s`,
        value: share * 100,
        unit: '%',
        aim: { atMost: 10 },
        note: 'of one core, whole process',
      },
      {
        name: "main's heap a node",
        value: (heapAfter - heapBefore) / nodes,
        unit: 'B',
        aim: { atMost: 6000 },
      },
      { name: 'resident memory a node', value: (rssAfter - rssBefore) / nodes, unit: 'B', aim: null },
      { name: 'restart until every node has its actor', value: resumeSeconds, unit: 's', aim: { atMost: 5 } },
      { name: 'scrape', value: median(scrapes), unit: 'ms', aim: { atMost: 20 } },
      { name: 'transitions meanwhile', value: states, unit: '', aim: { atMost: 0 } },
    ];
  } finally {
    await stage.close();
  }
}

/** The least of some readings, because garbage is not a cost of a node. */
async function least(read: () => Promise<number>): Promise<number> {
  let value = Infinity;
  for (let reading = 0; reading < 20; reading++) {
    value = Math.min(value, await read());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return value;
}
