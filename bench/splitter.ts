// A splitter alone, from a filled stream into the logs of one, four or eight partitions on the same broker, against an
// empty consumer that parses.

import { connect } from 'nats';
import { jetstreamManager } from '@nats-io/jetstream';
import { keepClusterStreams, wantedClusterStreams } from '../src/federation/broker/cluster-streams.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { type Load, makeLoad } from './load.ts';
import { median } from './machine.ts';
import { publish } from './publisher.ts';
import { openStage, type Stage, startReference } from './stage.ts';

const CHUNK = 150;
const SIZES = { logMaxAgeMs: 86_400_000, maxBytes: 4_294_967_296 };
const PARTITIONS = [1, 4, 8];

/** The results of one run. */
interface Run {
  readonly perSecond: number;
  /** Processor time a message in µs: of the process, of the broker. */
  readonly cpuUs: number;
  readonly brokerCpuUs: number;
  /** Bytes of the rounds a message. */
  readonly bytes: number;
}

async function run(load: Load, start: (stage: Stage) => ReturnType<typeof startReference>): Promise<Run> {
  const stage = await openStage('jetstream');
  try {
    await stage.makeStream();
    const connection = await connect({ servers: stage.url });
    const manager = await jetstreamManager(connection);
    await keepClusterStreams(manager, wantedClusterStreams(Math.max(...PARTITIONS), SIZES), false);
    await connection.close();
    await publish(stage.port, load);
    const brokerCpu = stage.brokerCpuSeconds();
    const process = await start(stage);
    const doneMs = await process.done;
    const [cpuUs = 0, bytes = 0] = process.rest();
    return {
      perSecond: (load.messages * 1000) / (doneMs - process.readyMs),
      cpuUs: cpuUs / load.messages,
      brokerCpuUs: ((stage.brokerCpuSeconds() - brokerCpu) * 1e6) / load.messages,
      bytes: bytes / load.messages,
    };
  } finally {
    await stage.close();
  }
}

const emptyConsumer = (load: Load) =>
  run(load, ({ url }) => startReference('empty-consumer', [url, String(load.messages)]));
const splitter = (load: Load, partitions: number) =>
  run(load, ({ url }) =>
    startReference('../splitter-program', [url, String(load.messages), String(partitions)]),
  );

export async function benchSplitter({ rounds, isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const bare: Run[] = [];
  const ours = PARTITIONS.map((partitions) => ({ partitions, runs: [] as Run[] }));
  for (let round = 0; round < rounds; round++) {
    const load = makeLoad({ tasks: isQuick ? 10_000 : 100_000, chunk: CHUNK, seed: round });
    bare.push(await emptyConsumer(load));
    for (const { partitions, runs } of ours) runs.push(await splitter(load, partitions));
  }
  const of = (runs: readonly Run[], value: (one: Run) => number) => median(runs.map(value));
  const figure = (name: string, value: number, unit: string, note = ''): Figure => ({
    name,
    value,
    unit,
    aim: null,
    note,
  });
  return [
    figure(
      'empty-consumer',
      of(bare, ({ perSecond }) => perSecond),
      '/s',
      speeds(bare),
    ),
    ...ours.flatMap(({ partitions, runs }) => [
      figure(
        `splitter, ${partitions} log(s)`,
        of(runs, ({ perSecond }) => perSecond),
        '/s',
        speeds(runs),
      ),
      {
        name: `splitter, ${partitions} log(s) ÷ empty-consumer`,
        value: median(runs.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN))),
        unit: '×',
        aim: { atLeast: 0.75 },
      },
      {
        name: '  processor time a message, empty-consumer ÷ ours',
        value: median(runs.map(({ cpuUs }, round) => (bare[round]?.cpuUs ?? Number.NaN) / cpuUs)),
        unit: '×',
        aim: null,
        note: 'of all threads of the process, the compiler included',
      },
      figure(
        '  processor time a message, ours',
        of(runs, ({ cpuUs }) => cpuUs),
        'µs',
      ),
      figure(
        "  processor time a message, the broker's",
        of(runs, ({ brokerCpuUs }) => brokerCpuUs),
        'µs',
      ),
      figure(
        '  bytes a message in the logs',
        of(runs, ({ bytes }) => bytes),
        'B',
      ),
    ]),
  ];
}

function speeds(runs: readonly Run[]): string {
  return runs.map(({ perSecond }) => Math.round(perSecond / 1000)).join(' ');
}
