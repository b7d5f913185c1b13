// A large event file, read by the agent: how long it takes, how much memory above idle, and whether the event loop goes on.
// Once by the running agent, which only remembers what it finds (AGENT_HISTORY=none), and once by `agent --dry-run --once`,
// which prints every message.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePrometheusText, sumOf } from '../src/lib/prometheus-text.ts';
import { freePort } from '../test/support/free-port.ts';
import { largeEventFile } from '../test/support/node-files.ts';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { median, quantile } from './machine.ts';
import { memoryBytes } from './stage.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const MIB = 2 ** 20;
const MB = 1_000_000;
const NODE_FLAGS = ['--max-semi-space-size=8'];
const PATIENCE_MS = 300_000;
const WATCH_MS = 30;
const IDLE_MS = 2_000;

interface Run {
  readonly seconds: number;
  readonly peakBytes: number;
  /** 99 of 100 requests to /livez meanwhile were answered within this time, in ms. */
  readonly answerMs: number;
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

/** An agent that starts beside the file, remembers what it holds, and sends nothing of it. */
async function readByAgent(folder: string, executions: number): Promise<Run> {
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
    const isThere = async () =>
      metrics().then(
        (samples) => samples.length > 0,
        () => false,
      );
    await until('the agent', isThere);
    const startedMs = performance.now();
    const answersMs: number[] = [];
    const isRead = async () => {
      const askedMs = performance.now();
      await (await fetch(`http://127.0.0.1:${port}/livez`)).text();
      answersMs.push(performance.now() - askedMs);
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      return sumOf(await metrics(), 'agent_facts_total') >= 3 * executions;
    };
    await until('the file to be read', isRead, PATIENCE_MS);
    // An agent beside a small file shows what it has when it is idle.
    if (executions === 0) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const seconds = (performance.now() - startedMs) / 1_000;
    return { seconds, peakBytes: memoryBytes(child.pid ?? 0, 'VmHWM'), answerMs: quantile(answersMs, 0.99) };
  } finally {
    await end(child);
    for (const name of readdirSync(folder)) if (name.startsWith('agent.db')) rmSync(join(folder, name));
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
      // A process that has just ended has no such line any more.
      const bytes = isEnded ? 0 : memoryBytes(child.pid ?? 0, 'VmHWM');
      if (bytes > peakBytes) peakBytes = bytes;
      return isEnded;
    },
    PATIENCE_MS,
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  return { seconds, peakBytes, answerMs: 0 };
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

/** Runs beside an empty file, and then beside one of so many bytes. */
async function rounds(
  read: (folder: string, executions: number) => Promise<Run>,
  size: number,
  count: number,
): Promise<{ readonly idle: Run; readonly runs: readonly Run[] }> {
  const idle = await inFolder(async (folder) => {
    writeFileSync(join(folder, 'bench-eventDB.json'), '{"records":[]}');
    return read(folder, 0);
  });
  return inFolder(async (folder) => {
    const executions = largeEventFile(join(folder, 'bench-eventDB.json'), size);
    const runs: Run[] = [];
    for (let round = 0; round < count; round++) runs.push(await read(folder, executions));
    return { idle, runs };
  });
}

/** The figures of docs/performance.md#figures. */
export async function benchAgentRead({ isQuick, rounds: wanted }: BenchOptions): Promise<readonly Figure[]> {
  const count = isQuick ? 1 : Math.min(3, wanted);
  const size = (isQuick ? 50 : 200) * MB;
  const agent = await rounds(readByAgent, size, count);
  const dry = await rounds(dryRun, size, count);
  const large = isQuick ? [] : (await rounds(readByAgent, 1_000 * MB, 1)).runs;
  const of = ({ runs }: { readonly runs: readonly Run[] }, value: (run: Run) => number) =>
    median(runs.map(value));
  const above = (measured: { readonly idle: Run; readonly runs: readonly Run[] }) =>
    (of(measured, (run) => run.peakBytes) - measured.idle.peakBytes) / MIB;
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
      value: above(agent),
      unit: 'MiB',
      aim: { atMost: 96 },
    },
    {
      name: `${name}, remembered: /livez meanwhile, p99`,
      value: of(agent, (run) => run.answerMs),
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
      value: above(dry),
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
