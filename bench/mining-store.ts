// A day of mining in the database: 1,000 miners that submit in all 720 blocks. Measured: the size of the file, the time
// of commits, of the restart's statistics, of a snapshot, of the charts and of retention; and `/stats` over HTTP.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Entry, Fact } from '../src/mining/domain/facts.ts';
import type { MiningInformation } from '../src/mining/domain/information.ts';
import { statsDocument } from '../src/mining/domain/stats-document.ts';
import { statsText } from '../src/mining/http/shared-statistics.ts';
import { openMiningWriter } from '../src/mining/store/mining-database.ts';
import { MiningWriter } from '../src/mining/store/writer.ts';
import { readRounds } from '../src/mining/workers/charts.ts';
import { until } from '../test/support/until.ts';
import type { Bench, Figure } from './figures.ts';
import { median, quantile } from './machine.ts';
import { startMiningProgram } from './mining-program.ts';

const MINERS = 1_000;
const BLOCKS = 720;
const BLOCK_MS = 120_000;
const DAY_MS = 86_400_000;
/** Then the program makes the statistics anew. */
const STATISTICS_REST_MS = 2_000;
const BASE_TARGET = 36_650_387_592n;

interface Day {
  readonly path: string;
  readonly blocks: number;
  readonly startMs: number;
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

function informationOf(block: number): MiningInformation {
  return {
    generationSignature: hex(block, 64),
    baseTarget: BASE_TARGET,
    height: BigInt(1_000_000 + block),
    blockHash: hex(block + 1, 64),
    targetQuality: null,
    minimumCompression: 1n,
    targetCompression: 1n,
    text: '{}',
  };
}

function submittedOf(block: number, miner: number, startMs: number): Fact {
  const { blockHash, height } = informationOf(block);
  // Spread without a random source, so that each run makes the same file.
  const spread = BigInt((miner * 7_919 + block * 104_729) % 100_003);
  return {
    type: 'submitted',
    atMs: startMs + block * BLOCK_MS + (miner % 100) * 1_000,
    machineId: `10.${miner >> 16}.${(miner >> 8) & 255}.${miner & 255}`,
    accountId: hex(miner * 31 + 1, 40),
    upstream: 'pool',
    blockHash,
    height,
    baseTarget: BASE_TARGET,
    rawQuality: (spread * BASE_TARGET) / 50n,
    pocTime: spread / 10n,
    verdict: 'held',
  };
}

/** Fills the file; returns the times of the commits of one block's 1,000 submissions each, in ms. */
function fill({ path, blocks, startMs }: Day): number[] {
  const database = openMiningWriter(path);
  const writer = new MiningWriter(database, 0, startMs);
  const times: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const facts: Fact[] = [
      {
        type: 'information',
        atMs: startMs + block * BLOCK_MS,
        upstream: 'pool',
        information: informationOf(block),
        isNewBlock: true,
        isActive: true,
      },
    ];
    for (let miner = 0; miner < MINERS; miner++)
      facts.push(submittedOf(block, (miner * 389) % MINERS, startMs));
    const fromMs = performance.now();
    writer.commit([{ facts, observedMs: block * BLOCK_MS }], false);
    times.push(performance.now() - fromMs);
  }
  database.pragma('wal_checkpoint(TRUNCATE)');
  writer.close();
  return times;
}

function entryOf(id: number): Fact {
  const { blockHash, height, generationSignature, baseTarget } = informationOf(0);
  const entry: Entry = {
    id,
    upstream: 'pool',
    mode: 'pool',
    blockHash,
    submission: {
      blockHash,
      height,
      generationSignature,
      baseTarget,
      accountId: hex(id, 40),
      seed: hex(id, 64),
      nonce: BigInt(id),
      compression: 1,
      rawQuality: BigInt(id),
    },
    machineId: '10.0.0.1',
    address: '10.0.0.1',
    receivedAtMs: id,
    pocTime: 1n,
    state: 'waiting',
  };
  return { type: 'entry', entry };
}

/** Times of commits that are on the disk before the next one begins, in ms. */
function durableCommits(writer: MiningWriter, count: number, facts: number): number[] {
  const times: number[] = [];
  for (let commit = 0; commit < count; commit++) {
    const group = Array.from({ length: facts }, (_, fact) => entryOf(commit * facts + fact + 1));
    const fromMs = performance.now();
    writer.commit([{ facts: group, observedMs: 0 }], true);
    times.push(performance.now() - fromMs);
  }
  return times;
}

function time<T>(run: () => T): { readonly ms: number; readonly result: T } {
  const fromMs = performance.now();
  const result = run();
  return { ms: performance.now() - fromMs, result };
}

function repeat(times: number, run: () => unknown): number[] {
  return Array.from({ length: times }, () => time(run).ms);
}

/** Repeats a step until it reports that it is done. */
function steps(step: () => boolean): number[] {
  const times: number[] = [];
  for (let isOver = false; !isOver; ) {
    const { ms, result } = time(step);
    times.push(ms);
    isOver = result;
  }
  return times;
}

function figure(name: string, times: readonly number[], atMost: number | null = null): Figure {
  const note = `${times.length} times, p99 ${quantile(times, 0.99).toFixed(1)}`;
  return { name, value: median(times), unit: 'ms', aim: atMost === null ? null : { atMost }, note };
}

/** Restarts on the file, and measures what the running program does with it. */
function measure({ path, blocks, startMs }: Day, rounds: number): Figure[] {
  const nowMs = startMs + blocks * BLOCK_MS;
  const database = openMiningWriter(path);
  const { ms, result: writer } = time(() => new MiningWriter(database, DAY_MS / 2, nowMs));
  const restored = steps(() => writer.restoreStep());
  const information = informationOf(blocks - 1);
  const live = { nowMs, uptimeSecs: 1, blockTimeSecs: 120, information, upstreams: [] };
  const snapshot = writer.statistics.snapshot(nowMs);
  const span = { fromMs: startMs, toMs: nowMs, points: 400 };
  const figures = [
    figure('opening, without the submissions', [ms]),
    figure('statistics of the day, a step', restored, 100),
    figure('statistics of the day, all steps', [restored.reduce((sum, each) => sum + each, 0)]),
    figure(
      'snapshot',
      repeat(rounds, () => writer.statistics.snapshot(nowMs)),
    ),
    figure(
      'its way to main',
      repeat(rounds, () => structuredClone(snapshot)),
    ),
    figure(
      '/stats',
      repeat(rounds, () => statsText(statsDocument(snapshot, live))),
      20,
    ),
    figure(
      'chart of rounds',
      repeat(rounds, () => readRounds(database, span)),
    ),
    figure('commit of 1 entry, on the disk', durableCommits(writer, 50, 1)),
    figure('commit of 100 entries, on the disk', durableCommits(writer, 50, 100)),
    figure(
      'step of retention',
      steps(() => writer.pruneStep(nowMs, [])),
      50,
    ),
  ];
  writer.close();
  return figures;
}

/** `/stats` of the running program over HTTP, each time made anew: from the request to the last byte of the answer. */
async function statsOverHttp({ path, blocks }: Day, times: number): Promise<readonly Figure[]> {
  const block = { ...informationOf(blocks - 1), minimumCompression: 1, targetCompression: 1 };
  const mining = await startMiningProgram({ databasePath: path, upstream: { block } });
  const agent = new Agent({ keepAlive: true });
  const stats = () =>
    new Promise<string>((resolve, reject) => {
      const sent = get({ port: mining.port, path: '/stats', agent }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve(text));
      });
      sent.on('error', reject);
    });
  try {
    await until('the statistics of the day', async () => (await stats()).includes('"isComplete":true'));
    const found: number[] = [];
    let bytes = 0;
    for (let made = 0; made < times; made++) {
      await delay(STATISTICS_REST_MS);
      const fromMs = performance.now();
      bytes = (await stats()).length;
      found.push(performance.now() - fromMs);
    }
    const { name, note, ...rest } = figure('/stats of the running program over HTTP', found, 20);
    return [{ ...rest, name, note: `${note ?? ''}, ${(bytes / 1e6).toFixed(2)} MB` }];
  } finally {
    agent.destroy();
    await mining.end();
  }
}

/** The bench `mining-store`. */
export const benchMiningStore: Bench = async ({ rounds, isQuick }) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-mining-store-'));
  try {
    const blocks = isQuick ? BLOCKS / 10 : BLOCKS;
    const day: Day = { path: join(folder, 'aggregator.db'), blocks, startMs: Date.now() - blocks * BLOCK_MS };
    const times = fill(day);
    const megabytes = statSync(day.path).size / 1e6;
    const figures: Figure[] = [
      {
        name: `file with ${blocks * MINERS} submissions`,
        value: megabytes,
        unit: 'MB',
        aim: { atMost: isQuick ? 10 : 100 },
        note: `${Math.round((megabytes * 1e6) / (blocks * MINERS))} bytes each`,
      },
      {
        name: 'submissions stored in a second',
        value: (blocks * MINERS) / (times.reduce((sum, ms) => sum + ms, 0) / 1000),
        unit: '/s',
        aim: null,
      },
    ];
    const overHttp = await statsOverHttp(day, isQuick ? 5 : 30);
    return [...figures, ...measure(day, Math.max(100, rounds)), ...overHttp];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
