// Messages a second from publishing to commit, with everything on, against references on the same kind of stage.

import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { setTimeout as pause } from 'node:timers/promises';
import { parsePrometheusText } from '../src/lib/prometheus-text.ts';
import type { Aggregator } from '../test/support/aggregator.ts';
import { until } from '../test/support/until.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { type Load, makeLoad } from './load.ts';
import { median } from './machine.ts';
import { publish } from './publisher.ts';
import {
  committed,
  committedUpTo,
  cpuSeconds,
  memoryBytes,
  openStage,
  startProgram,
  startReference,
} from './stage.ts';

type Mode = 'jetstream' | 'core';

/** The results of one run. */
export interface Run {
  readonly perSecond: number;
  /** Most resident memory, bytes. */
  readonly rssBytes: number;
  /** Processor time a message in µs: of the consumer, of the broker. */
  readonly cpuUs: number;
  readonly brokerCpuUs: number;
}

type Env = Readonly<Record<string, string>>;
const CHUNK = 150;
const METRIC_MS = 120_000;
const LOOK_MS = 100;
const NOTHING = { rssBytes: 0, cpuUs: 0, brokerCpuUs: 0 };

export function loadOf({ isQuick }: BenchOptions, seed: number): Load {
  return makeLoad({ tasks: isQuick ? 10_000 : 100_000, chunk: CHUNK, seed });
}

/**
 * The broker drops a reader that lags by 64 MiB, so the slow reference gets less; it is as slow from the first message
 * on.
 */
function smallLoad({ isQuick }: BenchOptions, seed: number): Load {
  return makeLoad({ tasks: isQuick ? 800 : 5000, chunk: CHUNK, seed });
}

const perSecond = (messages: number, fromMs: number, toMs: number) => (messages * 1000) / (toMs - fromMs);

/** The program, while the load is published. */
export async function runProgram(mode: Mode, load: Load, env: Env = {}): Promise<Run> {
  const stage = await openStage(mode);
  try {
    const databasePath = env['DB_PATH'] ?? join(stage.folder, 'aggregator.db');
    const program = await startProgram(stage, { ...env, DB_PATH: databasePath });
    const pid = program.process.pid ?? 0;
    const [cpu, brokerCpu] = [cpuSeconds(pid), stage.brokerCpuSeconds()];
    const before = committed(databasePath);
    const published = publish(stage.port, load);
    let endedMs = mode === 'jetstream' ? await committedUpTo(databasePath, before + load.messages) : 0;
    // On plain NATS only the program knows the number; its counters come with each commit.
    const shed = await counted(program, load.messages);
    if (mode === 'core') endedMs = Date.now();
    const messages = load.messages - shed;
    const { startedMs } = await published;
    const us = (seconds: number) => (seconds * 1e6) / load.messages;
    const run = {
      perSecond: perSecond(messages, startedMs, endedMs),
      rssBytes: memoryBytes(pid, 'VmHWM'),
      cpuUs: us(cpuSeconds(pid) - cpu),
      brokerCpuUs: us(stage.brokerCpuSeconds() - brokerCpu),
    };
    await program.stop();
    return run;
  } finally {
    await stage.close();
  }
}

/**
 * Waits until every message has its outcome, and returns the number of shed messages. Scrapes seldom, because a scrape
 * slows the measured program.
 */
async function counted(program: Aggregator, messages: number): Promise<number> {
  const deadlineMs = Date.now() + METRIC_MS;
  for (;;) {
    const series = parsePrometheusText(await (await fetch(`${await program.url()}/metrics`)).text());
    const outcomes = new Map<string, number>();
    for (const { name, labels, value } of series) {
      const outcome = labels['outcome'] ?? '';
      if (name === 'aggregator_messages_total') outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + value);
    }
    const of = (outcome: string) => outcomes.get(outcome) ?? 0;
    if (of('applied') + of('duplicate') + of('shed') >= messages) return of('shed');
    if (Date.now() > deadlineMs)
      throw new Error(`of ${messages} messages: ${[...outcomes].map((entry) => entry.join(' ')).join(', ')}`);
    await pause(LOOK_MS);
  }
}

/** A reference, while the load is published. */
export async function runReference(name: string, mode: Mode, load: Load): Promise<Run> {
  const stage = await openStage(mode);
  try {
    if (mode === 'jetstream') await stage.makeStream();
    const url = name === 'straightforward' ? stage.wsUrl : stage.url;
    const reference = await startReference(name, [url, String(load.messages), stage.folder]);
    const published = publish(stage.port, load);
    const endedMs = await reference.done;
    return { perSecond: perSecond(load.messages, (await published).startedMs, endedMs), ...NOTHING };
  } finally {
    await stage.close();
  }
}

/**
 * The program from a filled stream, from its first commit to its last, so that the start of the process does not count.
 */
export async function catchUpProgram(load: Load): Promise<Run> {
  const stage = await openStage('jetstream');
  try {
    await stage.makeStream();
    await publish(stage.port, load);
    const databasePath = join(stage.folder, 'aggregator.db');
    const starting = startProgram(stage, { DB_PATH: databasePath });
    const first = await until('the first commit', () => lastSeq(databasePath), METRIC_MS);
    const startedMs = Date.now();
    const endedMs = await committedUpTo(databasePath, load.messages);
    const program = await starting;
    const rssBytes = memoryBytes(program.process.pid ?? 0, 'VmHWM');
    await program.stop();
    return { ...NOTHING, rssBytes, perSecond: perSecond(load.messages - first, startedMs, endedMs) };
  } finally {
    await stage.close();
  }
}

async function catchUpReference(load: Load): Promise<Run> {
  const stage = await openStage('jetstream');
  try {
    await stage.makeStream();
    await publish(stage.port, load);
    const reference = await startReference('empty-consumer', [stage.url, String(load.messages)]);
    return { perSecond: perSecond(load.messages, reference.readyMs, await reference.done), ...NOTHING };
  } finally {
    await stage.close();
  }
}

/** The position as committed; null while there is none, or no file yet. */
function lastSeq(databasePath: string): number | null {
  try {
    const reader = new Sqlite(databasePath, { readonly: true, fileMustExist: true });
    try {
      return Number(reader.prepare('SELECT max(last_seq) FROM ingest_position').pluck().get()) || null;
    } finally {
      reader.close();
    }
  } catch {
    return null;
  }
}

/** Rounds of all in turn, so that a slow machine slows them alike. */
async function interleaved(
  { rounds }: BenchOptions,
  runs: readonly ((round: number) => Promise<Run>)[],
): Promise<readonly (readonly Run[])[]> {
  const found: Run[][] = runs.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, run] of runs.entries()) found[index]?.push(await run(round));
  return found;
}

const speed = (runs: readonly Run[]) => median(runs.map((run) => run.perSecond));

/** The median of the ratios of neighbouring runs. */
export function ratio(ours: readonly Run[], reference: readonly Run[]): number {
  return median(ours.map((run, round) => run.perSecond / (reference[round]?.perSecond ?? Number.NaN)));
}

async function benchMode(
  options: BenchOptions,
  mode: Mode,
  aims: { readonly empty: number; readonly straightforward: number },
): Promise<readonly Figure[]> {
  const empty = mode === 'jetstream' ? 'empty-consumer' : 'empty-subscriber';
  const loads = (round: number) => loadOf(options, round);
  const [ours = [], bare = [], plain = []] = await interleaved(options, [
    (round) => runProgram(mode, loads(round)),
    (round) => runReference(empty, mode, loads(round)),
    (round) => runReference('straightforward', mode, smallLoad(options, round)),
  ]);
  const rate = (name: string, runs: readonly Run[]): Figure => ({
    name,
    value: speed(runs),
    unit: '/s',
    aim: null,
    note: runs.map((run) => Math.round(run.perSecond / 1000)).join(' '),
  });
  return [
    rate('publish to commit', ours),
    rate(empty, bare),
    rate('straightforward', plain),
    { name: `÷ ${empty}`, value: ratio(ours, bare), unit: '×', aim: { atLeast: aims.empty } },
    {
      name: '÷ straightforward',
      value: ratio(ours, plain),
      unit: '×',
      aim: { atLeast: aims.straightforward },
    },
    {
      name: 'processor time a message, ours',
      value: median(ours.map((run) => run.cpuUs)),
      unit: 'µs',
      aim: null,
    },
    {
      name: "processor time a message, the broker's",
      value: median(ours.map((run) => run.brokerCpuUs)),
      unit: 'µs',
      aim: null,
    },
    {
      name: 'resident memory at full speed, at most',
      value: Math.max(...ours.map((run) => run.rssBytes)) / 1e6,
      unit: 'MB',
      aim: { atMost: 500 },
    },
  ];
}

export const benchIngest = (options: BenchOptions) =>
  benchMode(options, 'jetstream', { empty: 0.75, straightforward: 5 });

export const benchPlain = (options: BenchOptions) =>
  benchMode(options, 'core', { empty: 0.44, straightforward: 7 });

export async function benchCatchUp(options: BenchOptions): Promise<readonly Figure[]> {
  const [ours = [], bare = []] = await interleaved(options, [
    (round) => catchUpProgram(loadOf(options, round)),
    (round) => catchUpReference(loadOf(options, round)),
  ]);
  return [
    { name: 'from a filled stream', value: speed(ours), unit: '/s', aim: null },
    { name: 'empty-consumer', value: speed(bare), unit: '/s', aim: null },
    { name: '÷ empty-consumer', value: ratio(ours, bare), unit: '×', aim: { atLeast: 0.75 } },
    {
      name: 'resident memory, at most',
      value: Math.max(...ours.map((run) => run.rssBytes)) / 1e6,
      unit: 'MB',
      aim: { atMost: 500 },
    },
  ];
}

/** The program's memory while a million messages wait for it in the stream. */
export async function benchMemory(options: BenchOptions): Promise<readonly Figure[]> {
  const load = makeLoad({ tasks: options.isQuick ? 10_000 : 150_000, chunk: CHUNK, seed: 0 });
  const { rssBytes } = await catchUpProgram(load);
  return [
    {
      name: `resident memory, ${load.messages} messages waiting`,
      value: rssBytes / 1e6,
      unit: 'MB',
      aim: { atMost: 500 },
    },
  ];
}
