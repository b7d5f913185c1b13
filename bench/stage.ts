// One run's stage: a fresh broker in a folder of its own, and beside it the program or a reference, which are compared.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { connect } from 'nats';
import { jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { type Aggregator, startAggregator } from '../test/support/aggregator.ts';
import { freePort } from '../test/support/free-port.ts';
import { startNatsServer } from '../test/support/nats-server.ts';
import { until } from '../test/support/until.ts';

/** Every limit is on, with values above the load: the program computes them, and they refuse nothing. */
export const LIMITS_ABOVE_LOAD = {
  RATE_LIMIT_PER_MINUTE: '1000000',
  RATE_LIMIT_BURST: '1000000',
  RATE_LIMIT_GLOBAL_PER_SECOND: '1000000',
  NEW_NODES_PER_MINUTE: '1000000',
  MAX_NODES: '200000',
};

const WAIT_MS = 300_000;

export interface Stage {
  readonly folder: string;
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  /** The processes started on the stage, which end with it in every case. */
  readonly programs: Aggregator[];
  brokerCpuSeconds(): number;
  /** Makes the stream for references as the program would. */
  makeStream(): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(mode: 'jetstream' | 'core'): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  const wsPort = await freePort();
  const configurationFile = join(folder, 'broker.conf');
  writeFileSync(configurationFile, `websocket { host: "127.0.0.1", port: ${wsPort}, no_tls: true }\n`);
  const broker = await startNatsServer({
    configurationFile,
    ...(mode === 'jetstream' ? { storeFolder: join(folder, 'broker') } : {}),
  });
  const programs: Aggregator[] = [];
  return {
    folder,
    programs,
    url: broker.url,
    wsUrl: `ws://127.0.0.1:${wsPort}`,
    port: broker.port,
    brokerCpuSeconds: () => cpuSeconds(broker.process.pid ?? 0),
    async makeStream() {
      const connection = await connect({ servers: broker.url });
      const manager = await jetstreamManager(connection);
      await manager.streams.add({
        name: 'TRUEBIT_INGEST',
        subjects: ['truebit.tasks.*', 'truebit.invoices.created', 'truebit.heartbeat', 'truebit.nodes.*'],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
      });
      await connection.close();
    },
    async close() {
      for (const program of programs) if (program.process.exitCode === null) await program.stop('SIGKILL');
      await broker.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The program on a stage, ready to read. */
export async function startProgram(
  stage: Stage,
  env: Readonly<Record<string, string>> = {},
): Promise<Aggregator> {
  const program = startAggregator({
    DB_PATH: join(stage.folder, 'aggregator.db'),
    EMBEDDED_NATS: 'off',
    NATS_URL: stage.url,
    LOG_LEVEL: 'info',
    PUBLISH_INTERVAL: '1000',
    ...LIMITS_ABOVE_LOAD,
    ...env,
  });
  stage.programs.push(program);
  await program.ready();
  return program;
}

const READ = 'SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM ingest_position';

/** Messages of any stream that this database has committed. */
export function committed(databasePath: string): number {
  const reader = new Sqlite(databasePath, { readonly: true });
  try {
    return Number(reader.prepare(READ).pluck().get());
  } finally {
    reader.close();
  }
}

/**
 * Waits until this number of messages is committed; returns the moment, ms since the epoch. Reads the file, which does
 * not slow the program.
 */
export async function committedUpTo(databasePath: string, messages: number): Promise<number> {
  const reader = new Sqlite(databasePath, { readonly: true });
  const read = reader.prepare(READ).pluck();
  try {
    await until(`${messages} messages to be committed`, () => Number(read.get()) >= messages, WAIT_MS);
    return Date.now();
  } finally {
    reader.close();
  }
}

/** A reference at work. */
export interface Reference {
  /** When it was ready, ms since the epoch. */
  readonly readyMs: number;
  /** Resolves with the moment when it was done, ms since the epoch. */
  readonly done: Promise<number>;
  /** What it said beside that moment: numbers of its own. */
  rest(): readonly number[];
}

/** A reference that runs in a process of its own. */
export async function startReference(name: string, args: readonly string[]): Promise<Reference> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL(`references/${name}.ts`, import.meta.url)), ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let ready = () => {};
  let rest: readonly number[] = [];
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  const done = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') ready();
      if (!line.startsWith('done ')) return;
      const [, doneMs, ...others] = line.split(' ').map(Number);
      rest = others;
      resolve(doneMs ?? Number.NaN);
    });
    child.once('exit', (code) => code !== 0 && reject(new Error(`${name} ended with ${code}`)));
  });
  await isReady;
  return { readyMs: Date.now(), done, rest: () => rest };
}

/** Processor time of a process so far, its threads included. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A line of /proc/PID/status, in bytes: `VmRSS` now, `VmHWM` at most so far. */
export function memoryBytes(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] =
    new RegExp(`${line}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
