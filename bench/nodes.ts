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
/** A start with a million nodes takes up to a minute. */
const RESUME_WAIT_MS = 300_000;

/** How many nodes beat for how long, and the settings that so many need. */
interface NodesRun {
  readonly nodes: number;
  readonly seconds: number;
  readonly settings: Readonly<Record<string, string>>;
  /** True if the figures have the aims of docs/performance.md. */
  readonly isAimed: boolean;
}

export function benchNodes({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const nodes = isQuick ? 10_000 : 100_000;
  return measureNodes({ nodes, seconds: isQuick ? 2 : 60, settings: {}, isAimed: true });
}

/** A million nodes, which decides who needs more than one process. */
export function benchMillion({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const nodes = isQuick ? 100_000 : 1_000_000;
  const settings = { MAX_NODES: '0', NEW_NODES_PER_MINUTE: '0' };
  return measureNodes({ nodes, seconds: isQuick ? 2 : 60, settings, isAimed: false });
}

async function measureNodes({ nodes, seconds, settings, isAimed }: NodesRun): Promise<readonly Figure[]> {
  const aim = (atMost: number) => (isAimed ? { atMost } : null);
  const startSettings = { PUBLISH_INTERVAL: '30000', ...settings };
  const stage = await openStage('jetstream');
  try {
    const databasePath = join(stage.folder, 'aggregator.db');
    const ids = Array.from({ length: nodes }, (_, node) => `node-${String(node).padStart(32, '0')}`);
    const first = await startProgram(stage, startSettings);
    const heap = () => first.metric('nodejs_heap_size_used_bytes');
    const pid = first.process.pid ?? 0;
    const [heapBefore, rssBefore] = [await least(heap), memoryBytes(pid, 'VmRSS')];
    await publish(stage.port, pack(ids.map(heartbeat), 100));
    await committedUpTo(databasePath, nodes);
    await until(
      'every actor',
      async () => (await first.metric('aggregator_nodes', 'state="online"')) === nodes,
      RESUME_WAIT_MS,
    );
    const perSecond = nodes / INTERVAL_SECONDS;
    const beats = Array.from({ length: Math.round(perSecond * seconds) }, (_, beat) =>
      heartbeat(ids[beat % nodes] ?? ''),
    );
    const [cpuBefore, startedMs] = [cpuSeconds(pid), performance.now()];
    await publish(stage.port, pack(beats, 20), { perSecond });
    const share = ((cpuSeconds(pid) - cpuBefore) * 1000) / (performance.now() - startedMs);
    const ticked = await tickSeconds(first.metric);
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
    const second = await startProgram(stage, startSettings);
    await until(
      'every actor again',
      async () => (await second.metric('aggregator_nodes', 'state="online"')) === nodes,
      RESUME_WAIT_MS,
    );
    const resumeSeconds = (performance.now() - restartMs) / 1000;
    await second.stop();
    return [
      {
        name: `processor, ${nodes} nodes beating every ${INTERVAL_SECONDS} s`,
        value: share * 100,
        unit: '%',
        aim: aim(10),
        note: 'of one core, whole process',
      },
      {
        name: "main's heap a node",
        value: (heapAfter - heapBefore) / nodes,
        unit: 'B',
        aim: aim(6000),
      },
      { name: 'resident memory a node', value: (rssAfter - rssBefore) / nodes, unit: 'B', aim: null },
      { name: 'restart until every node has its actor', value: resumeSeconds, unit: 's', aim: aim(5) },
      { name: 'tick', value: ticked * 1000, unit: 'ms', aim: null },
      { name: 'scrape', value: median(scrapes), unit: 'ms', aim: aim(20) },
      { name: 'transitions meanwhile', value: states, unit: '', aim: { atMost: 0 } },
    ];
  } finally {
    await stage.close();
  }
}

/** Mean duration of the ticks of a program so far. */
async function tickSeconds(metric: (name: string) => Promise<number>): Promise<number> {
  return (await metric('aggregator_tick_seconds_sum')) / (await metric('aggregator_tick_seconds_count'));
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
