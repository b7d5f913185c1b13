// A million invented node ids in a minute against the real program with its default limits, and once more without the limit
// on new nodes, so that MAX_NODES is reached: memory of the program and of its broker, and whether real nodes still count.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { startAggregator } from '../test/support/aggregator.ts';
import { ownFolder } from '../test/support/embedded.ts';
import { flood, realNodes, residentBytes, untilNewNodeIsLetIn } from '../test/support/flood.ts';
import { valueOf } from '../test/support/rows.ts';
import { until } from '../test/support/until.ts';
import { machine } from './machine.ts';

const INVENTED = 1_000_000;
const SECONDS = 60;
const REAL = 50;
/** Real nodes keep to their limit of 60 messages a minute: three every five seconds. */
const REAL_INTERVAL_MS = 5000;
const RECOVERY_TIME_MAX_MS = 120_000;
const CASES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['default limits', {}],
  ['no limit on new nodes, 200,000 kept', { NEW_NODES_PER_MINUTE: '0' }],
];

async function run(name: string, limits: Readonly<Record<string, string>>): Promise<void> {
  const { folder, env, natsUrl, databasePath } = await ownFolder('bench-flood');
  const { RATE_LIMIT_PER_MINUTE: _rate, NEW_NODES_PER_MINUTE: _new, ...rest } = env;
  const program = startAggregator({ ...rest, ...limits, PUBLISH_INTERVAL: '5000', LOG_LEVEL: 'info' });
  const pids = () => [
    program.process.pid ?? 0,
    Number(readFileSync(join(folder, 'aggregator-nats', 'nats-server.pid'), 'utf8')),
  ];
  const peaks = [0, 0];
  let watch: NodeJS.Timeout | undefined;
  try {
    await program.ready();
    const before = pids().map(residentBytes);
    watch = setInterval(
      () => pids().forEach((pid, index) => (peaks[index] = Math.max(peaks[index] ?? 0, residentBytes(pid)))),
      200,
    );
    const connection = await connect({ servers: natsUrl });
    const real = realNodes(connection, REAL, REAL_INTERVAL_MS);
    const startedMs = performance.now();
    await flood(natsUrl, INVENTED, INVENTED / SECONDS);
    const floodSeconds = (performance.now() - startedMs) / 1000;
    await real.stop();
    const all = async () => (await program.metric('aggregator_messages_total')) >= real.sent + INVENTED;
    await until('all to be counted', all, RECOVERY_TIME_MAX_MS);
    const caughtUpSeconds = (performance.now() - startedMs) / 1000 - floodSeconds;
    const letInMs =
      limits['NEW_NODES_PER_MINUTE'] === '0' ? null : await untilNewNodeIsLetIn(program, connection);
    await connection.close();
    const limited = await program.metric('aggregator_messages_total', 'outcome="rate_limited"');
    const nodes = Number(valueOf(databasePath, "SELECT count(*) FROM nodes WHERE node_id LIKE 'invented-%'"));
    const tasks = Number(
      valueOf(databasePath, "SELECT count(*) FROM aggregated_tasks WHERE status = 'completed'"),
    );
    const beats = Number(
      valueOf(databasePath, "SELECT sum(heartbeats) FROM nodes WHERE node_id LIKE 'node-real-%'"),
    );
    const megabytes = (bytes = 0) => `${Math.round(bytes / 1e6)} MB`;
    console.log(
      `  ${name}: ${INVENTED.toLocaleString('en')} ids in ${floodSeconds.toFixed(0)} s, all judged ${caughtUpSeconds.toFixed(1)} s later`,
    );
    console.log(
      `    let in ${nodes.toLocaleString('en')}, refused ${limited.toLocaleString('en')}; a new node ${letInMs === null ? 'was not tried' : `let in ${letInMs.toFixed(0)} ms after`}`,
    );
    console.log(
      `    real nodes: ${tasks} of ${real.tasks} tasks, ${beats} of ${real.tasks} heartbeats counted`,
    );
    console.log(
      `    program: ${megabytes(before[0])} before, at most ${megabytes(peaks[0])}; broker: ${megabytes(before[1])}, at most ${megabytes(peaks[1])}`,
    );
    if (tasks !== real.tasks || beats !== real.tasks) throw new Error('the flood cost real nodes something');
  } finally {
    clearInterval(watch);
    await program.stop();
    rmSync(folder, { recursive: true });
  }
}

export async function benchFlood(): Promise<void> {
  console.log(`flood  ${machine()}`);
  for (const [name, limits] of CASES) await run(name, limits);
}
