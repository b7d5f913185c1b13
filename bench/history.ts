// Whether anything gets slower as history grows: ingest and ticks at ten million tasks against ten thousand, the time
// of a start there, and the bytes of a task on disk.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFederationWriter } from '../src/federation/store/federation-database.ts';
import { encodeOutcome } from '../src/federation/domain/outcome.ts';
import { FederationWriter } from '../src/federation/store/writer.ts';
import { startAggregator } from '../test/support/aggregator.ts';
import { startNatsServer } from '../test/support/nats-server.ts';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { fill, WRITER_OPTIONS } from './fill.ts';
import { loadOf, ratio, type Run, runProgram } from './ingest.ts';
import { median } from './machine.ts';

const SMALL = 10_000;
const TICKS = 40;
/** The first ticks compile and fill caches; they are not the steady state. */
const FIRST_TICKS = 8;

/** One large file for all benches of a run; it takes a minute or two to make. */
async function withLargeFile(
  { isQuick }: BenchOptions,
  use: (folder: string, largePath: string, tasks: number) => Promise<readonly Figure[]>,
): Promise<readonly Figure[]> {
  const tasks = isQuick ? 200_000 : 10_000_000;
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  try {
    const largePath = join(folder, 'large.db');
    fill(largePath, tasks, Date.now());
    return await use(folder, largePath, tasks);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function benchGrowth(options: BenchOptions): Promise<readonly Figure[]> {
  return withLargeFile(options, async (folder, largePath, tasks) => {
    const [small, large]: [Run[], Run[]] = [[], []];
    for (let round = 0; round < options.rounds; round++) {
      const load = loadOf(options, round);
      const smallPath = join(folder, `${round}.db`);
      fill(smallPath, SMALL, Date.now());
      small.push(await runProgram('jetstream', load, { DB_PATH: smallPath }));
      // The file grows by a hundredth with each round.
      large.push(await runProgram('jetstream', load, { DB_PATH: largePath }));
    }
    const start = await startSeconds(largePath, folder);
    const rate = (runs: readonly Run[]) => median(runs.map((run) => run.perSecond));
    return [
      { name: `ingest at ${SMALL} tasks`, value: rate(small), unit: '/s', aim: null },
      { name: `ingest at ${tasks} tasks`, value: rate(large), unit: '/s', aim: null },
      { name: 'large ÷ small', value: ratio(large, small), unit: '×', aim: { atLeast: 0.88 } },
      { name: 'start there, until it serves', value: start, unit: 's', aim: { atMost: 5 } },
    ];
  });
}

async function startSeconds(databasePath: string, folder: string): Promise<number> {
  const broker = await startNatsServer({ storeFolder: join(folder, 'broker-start') });
  const startedMs = performance.now();
  const program = startAggregator({ DB_PATH: databasePath, NATS_URL: broker.url, EMBEDDED_NATS: 'off' });
  await program.ready();
  const seconds = (performance.now() - startedMs) / 1000;
  await program.stop();
  await broker.stop();
  return seconds;
}

export function benchTick(options: BenchOptions): Promise<readonly Figure[]> {
  return withLargeFile(options, async (folder, largePath, tasks) => {
    const smallPath = join(folder, 'small.db');
    fill(smallPath, SMALL, Date.now());
    const broker = await startNatsServer({ storeFolder: join(folder, 'broker') });
    const [small, large]: [number[], number[]] = [[], []];
    for (let round = 0; round < options.rounds; round++) {
      small.push(await tickMs(smallPath, broker.url, options));
      large.push(await tickMs(largePath, broker.url, options));
    }
    await broker.stop();
    const ratios = large.map((ms, round) => ms / (small[round] ?? Number.NaN));
    return [
      { name: `tick at ${SMALL} tasks`, value: median(small), unit: 'ms', aim: null },
      { name: `tick at ${tasks} tasks`, value: median(large), unit: 'ms', aim: { atMost: 20 } },
      { name: 'large ÷ small', value: median(ratios), unit: '×', aim: { atMost: 1.5 } },
    ];
  });
}

/** The median of the program's own times of a tick: four periods, all distributions. */
async function tickMs(databasePath: string, natsUrl: string, { isQuick }: BenchOptions): Promise<number> {
  const [first, wanted] = isQuick ? [2, 6] : [FIRST_TICKS, TICKS];
  const program = startAggregator({
    DB_PATH: databasePath,
    NATS_URL: natsUrl,
    EMBEDDED_NATS: 'off',
    PUBLISH_INTERVAL: '250',
  });
  await program.ready();
  const ticks = await until('enough ticks', () => {
    const lines = program.log.filter(({ msg }) => msg === 'tick: statistics made');
    return lines.length >= wanted + first ? lines.slice(first) : null;
  });
  await program.stop();
  return median(ticks.map(({ seconds }) => Number(seconds) * 1000));
}

/** Through the real writer, in realistic batches, because the inserts decide how full the pages become. */
export async function benchSize({ isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  const path = join(folder, 'size.db');
  const tasks = isQuick ? 50_000 : 400_000;
  try {
    const database = openFederationWriter(path);
    const writer = new FederationWriter(database, WRITER_OPTIONS, 'bench');
    const nowMs = Date.now();
    for (let task = 0; task < tasks; task++) {
      const idHash = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
      const moment = { atMs: nowMs + task, nowMs: nowMs + task + 200, observedMs: 0 };
      for (const reporter of [0, 333]) {
        const nodeId = `node-${(task + reporter) % 1000}`;
        writer.apply({ type: 'task_received', nodeId, idHash, chainId: '137', taskType: 'wasm' }, moment);
        const outcome = encodeOutcome(false, task % 9, task % 6, task % 3);
        writer.apply(
          { type: 'task_completed', nodeId, idHash, chainId: '137', outcome },
          { ...moment, atMs: moment.atMs + 900 },
        );
      }
      if (task % 8000 === 7999) writer.commit(nowMs, 0);
    }
    writer.commit(nowMs, 0);
    database.pragma('wal_checkpoint(TRUNCATE)');
    writer.close();
    return [
      {
        name: 'bytes on disk per task with two reporters',
        value: statSync(path).size / tasks,
        unit: 'B',
        aim: { atMost: 120 },
        note: 'whole file: rows, index, filters, 1,000 nodes, roll-ups',
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
