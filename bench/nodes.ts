// What twice as many invented node ids cost: the real program takes 10,000 and 20,000 joins and a heartbeat each, and
// its processor time and memory are compared.

import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'nats';
import { startAggregator } from '../test/support/aggregator.ts';
import { ownFolder } from '../test/support/embedded.ts';
import { until } from '../test/support/until.ts';
import { machine, median } from './machine.ts';

const SIZES = [10_000, 20_000];
const ROUNDS = 5;

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}

async function run(nodes: number): Promise<Cost> {
  const { folder, env, natsUrl } = await ownFolder('bench-nodes');
  const program = startAggregator({ ...env, MAX_NODES: '0', PUBLISH_INTERVAL: '30000', LOG_LEVEL: 'info' });
  try {
    await program.ready();
    const cpu = () => program.metric('process_cpu_seconds_total');
    const memory = () => residentBytes(program.process.pid ?? 0);
    const [cpuBefore, bytesBefore] = [await cpu(), memory()];
    const connection = await connect({ servers: natsUrl });
    const startedMs = performance.now();
    for (let node = 0; node < nodes; node++) {
      const nodeId = `node-${node.toString(16).padStart(32, '0')}`;
      connection.publish(
        'truebit.nodes.joined',
        JSON.stringify({ version: '1.0', type: 'node_joined', nodeId, data: {} }),
      );
      connection.publish(
        'truebit.heartbeat',
        JSON.stringify({
          version: '1.0',
          type: 'heartbeat',
          nodeId,
          data: { status: 'online', totalTasksBucket: '0' },
        }),
      );
      if (node % 1000 === 999) await connection.flush();
    }
    await connection.flush();
    await until(
      'every node to be online',
      async () => (await program.metric('aggregator_nodes', 'state="online"')) === nodes,
      120_000,
    );
    const seconds = (performance.now() - startedMs) / 1000;
    await connection.close();
    return { seconds, cpuSeconds: (await cpu()) - cpuBefore, bytes: memory() - bytesBefore };
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true });
  }
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

export async function benchNodes(): Promise<void> {
  const costs = new Map<number, Cost[]>(SIZES.map((size) => [size, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of SIZES) costs.get(size)?.push(await run(size));
  }
  console.log(`nodes  ${machine()}`);
  const of = (size: number, pick: (cost: Cost) => number) => median((costs.get(size) ?? []).map(pick));
  const [small = 0, large = 0] = SIZES;
  for (const [name, pick, unit, scale] of [
    ['time', (cost: Cost) => cost.seconds, 's', 1],
    ['processor time', (cost: Cost) => cost.cpuSeconds, 's', 1],
    ['memory', (cost: Cost) => cost.bytes, 'MB', 1e-6],
  ] as const) {
    const [a, b] = [of(small, pick), of(large, pick)];
    console.log(
      `  ${name}: ${(a * scale).toFixed(2)} ${unit} for ${small}, ${(b * scale).toFixed(2)} ${unit} for ${large}: ratio ${(b / a).toFixed(2)} (aim ≤ 2.2)`,
    );
  }
}
