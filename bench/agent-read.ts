// A large event file, read by the agent: how long it takes, how much memory above idle, and whether the event loop goes on.
// Once by the running agent, which only remembers what it finds (AGENT_HISTORY=none), and once by `agent --dry-run --once`,
// which prints every message.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePrometheusText, sumOf } from '../src/lib/prometheus-text.ts';
import { freePort } from '../test/support/free-port.ts';
import { largeEventFile } from '../test/support/node-files.ts';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { memoryBytes } from './stage.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const MIB = 2 ** 20;
const MB = 1_000_000;
const NODE_FLAGS = ['--max-semi-space-size=8'];
const PATIENCE_MS = 900_000;

interface Run {
  readonly seconds: number;
  /** The most above what it had before it read. */
  readonly aboveIdleBytes: number;
  readonly peakBytes: number;
  readonly delaySeconds: number;
}

function environment(folder: string, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    AGENT_EVENTS: join(folder, '*-eventDB.json'),
    AGENT_LOGS: '',
    FEDERATION_SALT: 'f'.repeat(64),
    LOG_FORMAT: 'json',
    ...more,
  };
}

/** The running agent meets the file, remembers what it holds, and sends nothing of it. */
async function readByAgent(folder: string, path: string, executions: number): Promise<Run> {
  const port = await freePort();
  const env = environment(folder, {
    FEDERATION_NATS_URL: `nats://127.0.0.1:${await freePort()}`,
    AGENT_HISTORY: 'none',
    DB_PATH: join(folder, 'agent.db'),
    PORT: String(port),
  });
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, 'agent'], { env, stdio: 'ignore' });
  try {
    const metrics = async () =>
      parsePrometheusText(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    await until('the agent', async () =>
      metrics().then(
        (samples) => samples.length > 0,
        () => false,
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const pid = child.pid ?? 0;
    const idle = memoryBytes(pid, 'VmRSS');
    const startedMs = performance.now();
    renameSync(path, join(folder, 'bench-eventDB.json'));
    let delay = 0;
    await until(
      'the file to be read',
      async () => {
        const samples = await metrics();
        delay = Math.max(delay, sumOf(samples, 'agent_event_loop_delay_p99_seconds'));
        return sumOf(samples, 'agent_facts_total') >= 3 * executions;
      },
      PATIENCE_MS,
    );
    const seconds = (performance.now() - startedMs) / 1_000;
    const peakBytes = memoryBytes(pid, 'VmHWM');
    return { seconds, peakBytes, aboveIdleBytes: peakBytes - idle, delaySeconds: delay };
  } finally {
    renameSync(join(folder, 'bench-eventDB.json'), path);
    await end(child);
  }
}

/** What the command prints goes nowhere. */
async function dryRun(folder: string): Promise<Run> {
  const env = environment(folder, { DB_PATH: join(folder, 'none.db') });
  const words = [...NODE_FLAGS, MAIN, 'agent', '--dry-run', '--once'];
  const startedMs = performance.now();
  const child = spawn(process.execPath, words, { env, stdio: 'ignore' });
  let peakBytes = 0;
  let isEnded = false;
  child.once('exit', () => (isEnded = true));
  await until(
    'the command to end',
    () => {
      if (!isEnded) peakBytes = Math.max(peakBytes, memoryBytes(child.pid ?? 0, 'VmHWM'));
      return isEnded;
    },
    PATIENCE_MS,
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  return { seconds, peakBytes, aboveIdleBytes: 0, delaySeconds: 0 };
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-agent-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rounds(size: number, count: number): Promise<readonly Run[]> {
  return inFolder(async (folder) => {
    const path = join(folder, 'waiting.json');
    const executions = largeEventFile(path, size);
    const runs: Run[] = [];
    for (let round = 0; round < count; round++) {
      runs.push(await readByAgent(folder, path, executions));
      for (const suffix of ['', '-wal', '-shm', '.identity', '.lock', '.holder'])
        rmSync(join(folder, `agent.db${suffix}`), { force: true });
    }
    return runs;
  });
}

async function dryRounds(size: number, count: number): Promise<readonly Run[]> {
  const idle = await inFolder(async (folder) => {
    writeFileSync(join(folder, 'bench-eventDB.json'), '{"records":[]}');
    return (await dryRun(folder)).peakBytes;
  });
  return inFolder(async (folder) => {
    largeEventFile(join(folder, 'bench-eventDB.json'), size);
    const runs: Run[] = [];
    for (let round = 0; round < count; round++) {
      const run = await dryRun(folder);
      runs.push({ ...run, aboveIdleBytes: run.peakBytes - idle });
    }
    return runs;
  });
}

/** The figures of docs/performance.md#agent. */
export async function benchAgentRead({ isQuick, rounds: wanted }: BenchOptions): Promise<readonly Figure[]> {
  const count = isQuick ? 1 : Math.min(3, wanted);
  const size = (isQuick ? 50 : 200) * MB;
  const agent = await rounds(size, count);
  const dry = await dryRounds(size, count);
  const large = isQuick ? [] : await rounds(1_000 * MB, 1);
  const of = (runs: readonly Run[], value: (run: Run) => number) => median(runs.map(value));
  const name = `${size / MB} MB`;
  return [
    {
      name: `${name}, remembered: time`,
      value: of(agent, (run) => run.seconds),
      unit: 's',
      aim: { atMost: 10 },
    },
    {
      name: `${name}, remembered: memory above idle`,
      value: of(agent, (run) => run.aboveIdleBytes) / MIB,
      unit: 'MiB',
      aim: { atMost: 96 },
    },
    {
      name: `${name}, remembered: event-loop delay p99`,
      value: of(agent, (run) => run.delaySeconds) * 1_000,
      unit: 'ms',
      aim: { atMost: 50 },
    },
    {
      name: `${name}, dry run: time, with the start`,
      value: of(dry, (run) => run.seconds),
      unit: 's',
      aim: { atMost: 10 },
    },
    {
      name: `${name}, dry run: memory above an empty file`,
      value: of(dry, (run) => run.aboveIdleBytes) / MIB,
      unit: 'MiB',
      aim: { atMost: 96 },
    },
    ...large.map((run) => ({
      name: '1 GB, remembered: peak memory',
      value: run.peakBytes / MIB,
      unit: 'MiB',
      aim: { atMost: 244 },
      note: `read in ${run.seconds.toFixed(1)} s`,
    })),
  ];
}
