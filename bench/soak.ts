// An hour of ordinary operation: the program with a broker of its own, 300 nodes that beat, readers of the live feed
// that come and go, a page of nodes and a scrape every second, questions that differ, and rounds of the load simulator.
// Reports whether memory grows, and all faults. `SOAK_MINUTES` makes it shorter for a look.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect } from 'nats';
import { startAggregator } from '../test/support/aggregator.ts';
import { ownFolder } from '../test/support/embedded.ts';
import { until } from '../test/support/until.ts';
import { machine, median } from './machine.ts';
import { memoryBytes } from './stage.ts';

const NODES = 300;
const BEAT_INTERVAL_MS = 30_000;
const FEED_READERS = 15;
const FEED_READ_MS_MAX = 60_000;
const SIMULATE_REST_MS = 60_000;
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SORTS = ['firstSeen', 'lastSeen', 'nodeId', 'state', 'heartbeats'];
const MEGABYTE = 1024 * 1024;

interface SoakReading {
  readonly atMs: number;
  readonly bytes: number;
}

/** The median of the samples in tenths [from, to) of the run, in MB. */
function between(samples: readonly SoakReading[], runMs: number, from: number, to: number): number {
  const within = samples.filter(({ atMs }) => atMs >= (runMs * from) / 60 && atMs < (runMs * to) / 60);
  return median(within.map(({ bytes }) => bytes / MEGABYTE));
}

export async function benchSoak(): Promise<void> {
  const runMs = Number(process.env['SOAK_MINUTES'] ?? 60) * 60_000;
  const own = await ownFolder('soak');
  const { DB_PATH, EMBEDDED_NATS, EMBEDDED_NATS_PORT, EMBEDDED_NATS_WS_PORT } = own.env as Record<
    string,
    string
  >;
  // Every other setting as shipped.
  const program = startAggregator({
    DB_PATH: DB_PATH ?? '',
    EMBEDDED_NATS: EMBEDDED_NATS ?? '',
    EMBEDDED_NATS_PORT: EMBEDDED_NATS_PORT ?? '',
    EMBEDDED_NATS_WS_PORT: EMBEDDED_NATS_WS_PORT ?? '',
    LOG_LEVEL: 'info',
  });
  await program.ready();
  const url = await program.url();
  const pid = program.process.pid ?? 0;
  const counts = { beats: 0, feeds: 0, feedBytes: 0, questions: 0, scrapes: 0, rounds: 0 };
  const faults: string[] = [];
  const startedMs = performance.now();
  const sinceMs = () => performance.now() - startedMs;
  const isOver = () => sinceMs() >= runMs;
  const fault = (what: string) => {
    faults.push(`${Math.round(sinceMs() / 1000)} s: ${what}`);
    console.log(faults.at(-1));
  };
  /** Runs `step` again and again until the hour is over; an error is a fault, and the next step follows. */
  const repeat = async (name: string, step: () => Promise<void>) => {
    while (!isOver()) {
      try {
        await step();
      } catch (error) {
        fault(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        await delay(1000);
      }
    }
  };
  const get = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
  };

  const connection = await connect({ servers: own.natsUrl });
  const beat = (node: number) =>
    JSON.stringify({
      version: '1.0',
      type: 'heartbeat',
      nodeId: `node-soak-${String(node).padStart(4, '0')}`,
      timestamp: new Date().toISOString(),
      data: { status: 'online', totalTasksBucket: '50-100', activeTasksBucket: '1', continentBucket: 'EU' },
    });
  // All at once, so that they are known before the simulator counts other nodes.
  for (let node = 0; node < NODES; node++) connection.publish('truebit.heartbeat', beat(node));
  await until(
    'every node',
    async () => (await program.metric('aggregator_nodes', 'state="online"')) === NODES,
    60_000,
  );
  const samples: SoakReading[] = [];
  let question = 0;
  await Promise.all([
    repeat('beats', async () => {
      connection.publish('truebit.heartbeat', beat(counts.beats++ % NODES));
      await delay(BEAT_INTERVAL_MS / NODES);
    }),
    ...Array.from({ length: FEED_READERS }, (_, reader) =>
      repeat('feed', async () => {
        const signal = AbortSignal.timeout(
          1000 + ((counts.feeds * 7919 + reader * 104_729) % FEED_READ_MS_MAX),
        );
        counts.feeds++;
        try {
          const answer = await fetch(`${url}/api/federation/events`, { signal });
          if (answer.status !== 200) throw new Error(`status ${answer.status}`);
          for await (const chunk of answer.body ?? []) counts.feedBytes += (chunk as Uint8Array).length;
          throw new Error('the feed ended');
        } catch (error) {
          if (!signal.aborted) throw error;
        }
      }),
    ),
    repeat('questions', async () => {
      const [sort, strip, page] = [SORTS[question % 5], question % 97, 1 + (question % 4)];
      await get(
        `/api/federation/nodes?sort=${question % 2 === 0 ? '' : '-'}${sort}&strip=${strip}&page=${page}`,
      );
      await get(`/api/federation/nodes/node-soak-${String(question % NODES).padStart(4, '0')}`);
      const [points, period] = [2 + (question % 500), ['1h', '24h', '7d', 'all'][question % 4]];
      await get(`/api/federation/history?period=${period}&points=${points}`);
      await get(`/api/federation/network-stats?period=${period}`);
      question++;
      counts.questions += 4;
      await delay(1000);
    }),
    repeat('scrape', async () => {
      await get('/metrics');
      counts.scrapes++;
      await delay(1000);
    }),
    repeat('simulate', async () => {
      const args = [MAIN, 'simulate', '--nodes', '50', '--duration', '20', '--seed', String(counts.rounds)];
      const env = { PATH: process.env['PATH'] ?? '' };
      await promisify(execFile)(process.execPath, [...args, '--nats', own.natsUrl, '--http', url], {
        env,
      }).catch((error: { stdout?: string; stderr?: string }) => {
        throw new Error(`${error.stdout?.slice(-500)} ${error.stderr?.slice(-500)}`);
      });
      counts.rounds++;
      await delay(Math.min(SIMULATE_REST_MS, Math.max(0, runMs - sinceMs())));
    }),
    repeat('sample', async () => {
      samples.push({ atMs: sinceMs(), bytes: memoryBytes(pid, 'VmRSS') });
      await delay(2000);
    }),
  ]);
  await connection.close();
  const offline = await program.metric('aggregator_node_transitions_total', 'to="offline"');
  const stoppedMs = performance.now();
  const code = await program.stop();
  const second = between(samples, runMs, 10, 20);
  const last = between(samples, runMs, 50, 60);
  const loud = program.log.filter(({ level }) => level === 'warn' || level === 'error');
  console.log(machine());
  console.log(`${runMs / 60_000} minutes: ${JSON.stringify(counts)}`);
  for (let sixth = 0; sixth < 6; sixth++) {
    const [from, to] = [sixth * 10, sixth * 10 + 10];
    console.log(
      `  minutes ${from} to ${to} of 60: ${Math.round(between(samples, runMs, from, to))} MB (median)`,
    );
  }
  console.log(`  last ten minutes ÷ second ten: ${(last / second).toFixed(3)} (aim ≤ 1.1)`);
  console.log(`  greatest: ${Math.round(Math.max(...samples.map(({ bytes }) => bytes)) / MEGABYTE)} MB`);
  console.log(
    `  ended with ${code} after ${Math.round(performance.now() - stoppedMs)} ms; nodes gone offline: ${offline}`,
  );
  console.log(`  lines of warning or error: ${loud.length}`);
  for (const line of loud.slice(0, 20)) console.log(`    ${line.level} ${line.msg}`);
  console.log(`  faults: ${faults.length}`);
  rmSync(own.folder, { recursive: true, force: true });
}
