// One run of a seed: the real program and a real broker under load and faults, then a fresh aggregator over copies of
// the same stream, then the comparison. All its files are in one folder, which is kept if there is a difference.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tick } from '../../../src/federation/simulator/publication.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { until } from '../../support/until.ts';
import { Broker } from './broker.ts';
import { storedDifferences, tickDifferences } from './differences.ts';
import { killsIn, type Target, tormentAggregator, tormentBroker } from './faults.ts';
import { Load } from './load.ts';
import { createOracleCheck } from './oracle-check.ts';
import { PATIENCE_MS } from './patience.ts';
import { Program } from './program.ts';
import { readReference, type StreamCopy } from './reference.ts';
import { restingTick } from './resting-tick.ts';
import type { Scenario } from './scenario.ts';
import { type Position, readPositions, readPrunedRows, readStored } from './stored.ts';
import { changeStream, type Stage, takeBackup } from './stream-changes.ts';
import { createWatch } from './watch.ts';

/** The results of the disturbed aggregator. */
export interface Account {
  readonly positions: readonly Position[];
  /** Tasks and nodes pruned, nodes evicted, as retention counts them. */
  readonly pruned: number;
  readonly rssBytesMax: number;
}

export interface Result extends Account {
  readonly scenario: Scenario;
  readonly faults: ReadonlyMap<string, number>;
  readonly differences: readonly string[];
  /** Where databases, streams and logs are; null if they were removed. */
  readonly folder: string | null;
}

/** However short the run. */
const KILLS_MIN = 3;

export async function runScenario(scenario: Scenario, keepFolder = false): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), `aggregator-chaos-${scenario.seed}-`));
  const faults = new Map<string, number>();
  const timeline: string[] = [];
  const startedMs = performance.now();
  const count = (kind: string) => {
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
    timeline.push(`${((performance.now() - startedMs) / 1000).toFixed(3)} ${kind}`);
  };
  const differences: string[] = [];
  let account: Account = { positions: [], pruned: 0, rssBytesMax: 0 };
  try {
    account = await torment(scenario, folder, { count, kills: () => killsIn(faults) }, differences);
  } catch (error) {
    differences.push(
      `the run broke off: ${error instanceof Error ? `${error.name} ${error.stack ?? error.message}` : String(error)}`,
    );
  }
  const isKept = keepFolder || differences.length > 0;
  if (isKept) {
    const summary = { scenario, faults: Object.fromEntries(faults), timeline, differences };
    writeFileSync(join(folder, 'run.json'), `${JSON.stringify(summary, null, 2)}\n`);
  } else {
    rmSync(folder, { recursive: true, force: true });
  }
  return { scenario, faults, ...account, differences, folder: isKept ? folder : null };
}

async function torment(
  scenario: Scenario,
  folder: string,
  { count, kills }: { count(kind: string): void; kills(): number },
  differences: string[],
): Promise<Account> {
  const broker = await Broker.create(join(folder, 'stream'));
  await broker.start();
  const seams = scenario.pruneEvery === null ? {} : { pruneEvery: scenario.pruneEvery };
  mkdirSync(join(folder, 'tormented'));
  const program = new Program(
    join(folder, 'tormented'),
    { ...scenario.settings, NATS_URL: broker.url },
    seams,
  );
  const connection = await broker.connect();
  try {
    const watch = createWatch(connection);
    const random = createRandom(scenario.seed, 'faults');
    const brokerRandom = createRandom(scenario.seed, 'broker faults');
    await killFirstStarts(program, random.below(3), random.below(400), count);
    program.start();
    await program.says('reading the stream', PATIENCE_MS);
    const load = new Load(connection, scenario);
    const target: Target = {
      program,
      broker,
      load,
      isPruned: scenario.pruneEvery !== null,
      nextPublication: watch.next,
      count,
    };
    const stage: Stage = { folder, scenario, broker, program, load, random, count };
    const stretch = async (share: number, killsMin = 0) => {
      const endMs = performance.now() + scenario.seconds * 1000 * share;
      const isOver = () => performance.now() >= endMs && kills() >= killsMin;
      await Promise.all([
        tormentAggregator(target, random, isOver),
        tormentBroker(target, brokerRandom, isOver),
      ]);
    };

    const copies: StreamCopy[] = [];
    const { streamChange } = scenario;
    if (streamChange === 'none') {
      await stretch(1, KILLS_MIN);
    } else if (streamChange === 'restore') {
      await stretch(0.3);
      const backup = await takeBackup(stage);
      await stretch(0.3);
      copies.push(...(await changeStream(streamChange, stage, backup)));
      await stretch(0.4, KILLS_MIN);
    } else {
      await stretch(0.5);
      copies.push(...(await changeStream(streamChange, stage, null)));
      await stretch(0.5, KILLS_MIN);
    }

    await load.stop();
    const { last } = await broker.sequences();
    const positions = () => readPositions(program.databasePath);
    await until(`sequence ${last} to be committed`, () => positions().at(-1)?.last_seq === last, PATIENCE_MS);
    await program.stop();
    program.start();
    const tick = await restingTick(broker, program);
    program.measure();
    await program.stop();
    await connection.close();
    differences.push(...program.complaints, ...watch.complaints);
    await broker.stop('SIGTERM');
    copies.push({ store: join(folder, 'stream'), upTo: last });
    await compare(scenario, folder, { program, load, copies, tick }, differences);
    const pruned = readPrunedRows(program.databasePath);
    return { positions: positions(), pruned, rssBytesMax: program.rssBytesMax };
  } finally {
    await program.kill();
    await connection.close();
    await broker.stop('SIGKILL');
  }
}

/** Kills during the first starts, which make the database. */
async function killFirstStarts(
  program: Program,
  kills: number,
  afterMs: number,
  count: (kind: string) => void,
): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    program.start();
    await until('the database file', () => program.hasDatabase, PATIENCE_MS);
    await new Promise((resolve) => setTimeout(resolve, kill === 0 ? 0 : afterMs));
    await program.kill();
    count(kill === 0 ? 'kill while migrating' : 'kill during the start');
  }
}

async function compare(
  scenario: Scenario,
  folder: string,
  tormented: { program: Program; load: Load; copies: readonly StreamCopy[]; tick: Tick },
  differences: string[],
): Promise<void> {
  const { program, load, copies, tick } = tormented;
  const { isLimited, pruneEvery } = scenario;
  const isWhole = copies.length === 1;
  const oracle = !isLimited && pruneEvery === null && isWhole ? createOracleCheck(load.said) : null;
  const reference = await readReference(join(folder, 'reference'), scenario, copies, async (broker) => {
    await oracle?.read(broker);
  });
  const stored = readStored(program.databasePath);
  differences.push(
    ...reference.complaints.map((complaint) => `reference: ${complaint}`),
    ...storedDifferences(stored, reference.stored, !isLimited),
    ...tickDifferences(tick, reference.tick, !isLimited),
    ...(oracle?.differences(stored, tick) ?? []),
    ...conservation([...stored.positions.values()]),
  );
  const lost = [...stored.positions.values()].reduce((sum, row) => sum + row.lost, 0);
  if (scenario.streamChange !== 'purge' && lost > 0) differences.push(`${lost} messages are counted as lost`);
}

/** Every sequence of every incarnation has one outcome. */
function conservation(positions: readonly Position[]): string[] {
  return positions.flatMap((row) => {
    const { applied, duplicate, rejected, rate_limited, quarantined, ignored, lost } = row;
    const outcomes = applied + duplicate + rejected + rate_limited + quarantined + ignored + lost;
    const sequences = row.last_seq - row.first_seq + 1;
    return outcomes === sequences
      ? []
      : [`${row.incarnation}: ${sequences} sequences have ${outcomes} outcomes`];
  });
}
