// One run: a cluster under load, a fault, rest, and the account: rows of both replicas, outcomes and published totals
// against the oracle over the input streams.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { createRandom } from '../../../../src/lib/random.ts';
import { until } from '../../../support/until.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type Position, readStored } from '../stored.ts';
import { ClusterLoad } from './load.ts';
import { type Account, differences, readInputs, replicaDifferences, tickDifferences } from './oracle.ts';
import type { Scene } from './rows.ts';
import { REPLICAS, Stage } from './stage.ts';
import { StatisticsWatch } from './watch.ts';

export interface RunOptions {
  readonly name: string;
  readonly seed: number;
  readonly perSecond: number;
  readonly isQuick: boolean;
  readonly servers: 1 | 3;
  readonly bin?: string;
  readonly gapMaxMs: number | null;
  readonly mayLose: boolean;
  readonly keepsFolder: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  envOf?(name: string, home: string): Readonly<Record<string, string>>;
  /** True if limits refuse messages, so that only the replicas can be compared with each other. */
  readonly isLimited?: boolean;
  run(scene: Scene): Promise<void>;
  cleanUp?(): void;
}

export interface RunResult {
  readonly name: string;
  readonly seed: number;
  readonly messages: number;
  readonly lost: number;
  readonly faults: ReadonlyMap<string, number>;
  /** Longest time without a tick, from the first fault to the end of the load, in ms. */
  readonly gapMs: number;
  readonly ticks: number;
  readonly differences: readonly string[];
  readonly folder: string | null;
}

type StoredPosition = Position & { readonly stream: string };

/** Load before the fault and after it, in ms. */
const AROUND_MS = 3_000;

export async function runCluster(options: RunOptions): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), `aggregator-cluster-${options.seed}-`));
  const faults = new Map<string, number>();
  const found: string[] = [];
  const figures = { messages: 0, lost: 0, gapMs: 0, ticks: 0 };
  try {
    await torment(options, folder, faults, found, figures);
  } catch (error) {
    found.push(
      `the run broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
  options.cleanUp?.();
  const isKept = options.keepsFolder || found.length > 0;
  if (!isKept) rmSync(folder, { recursive: true, force: true });
  return {
    name: options.name,
    seed: options.seed,
    ...figures,
    faults,
    differences: found,
    folder: isKept ? folder : null,
  };
}

async function torment(
  options: RunOptions,
  folder: string,
  faults: Map<string, number>,
  found: string[],
  figures: { messages: number; lost: number; gapMs: number; ticks: number },
): Promise<void> {
  const { seed, perSecond, isQuick, servers, bin, gapMaxMs, mayLose } = options;
  const { settings, envOf, isLimited = false } = options;
  await using stage = await Stage.start({
    folder,
    servers,
    ...(bin === undefined ? {} : { bin }),
    ...(settings === undefined ? {} : { settings }),
    ...(envOf === undefined ? {} : { envOf }),
  });
  await stage.begin();
  await using watch = await StatisticsWatch.start(stage.brokers.urls);
  await using load = await ClusterLoad.start(stage.brokers.urls, { seed, perSecond, rubbish: 0.02 });
  const scene: Scene = {
    stage,
    watch,
    isQuick,
    random: createRandom(seed, 'cluster faults'),
    count: (fault) => void faults.set(fault, (faults.get(fault) ?? 0) + 1),
    complain: (sentence) => void found.push(sentence),
  };
  await watch.next();
  await wait(AROUND_MS);
  const faultMs = performance.now();
  await options.run(scene);
  await stage.ready();
  await wait(AROUND_MS);
  await load.stop();
  figures.gapMs = Math.round(watch.longestGapMs(faultMs, performance.now()));
  if (gapMaxMs !== null && figures.gapMs > gapMaxMs)
    found.push(`${figures.gapMs} ms without a tick, and at most ${gapMaxMs} are allowed`);
  const account = await rest(stage, load, mayLose, isLimited);
  figures.messages = account.messages;
  const restedMs = Date.now();
  const tick = await until('a tick at rest', () => watch.ticks.firstAfter(restedMs), PATIENCE_MS);
  figures.ticks = watch.heard.filter(({ period }) => period === 'all').length;
  await stage.stopPrograms();
  const stored = REPLICAS.map((name) => ({ name, stored: readStored(stage.replicas[name].databasePath) }));
  for (const { name, stored: rows } of stored) {
    const positions = positionsOf(stage.replicas[name].databasePath);
    figures.lost = Math.max(figures.lost, ...positions.map(({ lost }) => lost));
    if (!mayLose && !isLimited) found.push(...differences(name, account, rows, positions));
  }
  if (!mayLose && !isLimited) found.push(...tickDifferences(account, tick));
  const [one, two] = stored;
  if (one !== undefined && two !== undefined) found.push(...replicaDifferences(one.stored, two.stored));
  found.push(...watch.complaints, ...stage.complaints);
}

/** Waits until both replicas have applied everything that the input streams hold, and no state changes any more. */
async function rest(stage: Stage, load: ClusterLoad, mayLose: boolean, hasOthers: boolean): Promise<Account> {
  const account = await readInputs(stage.connection, load.meaning, hasOthers);
  for (const name of REPLICAS) {
    const { databasePath } = stage.replicas[name];
    await until(
      `replica ${name} to apply everything`,
      () => {
        const upto = new Map(positionsOf(databasePath).map((row) => [row.stream, row.last_seq]));
        return [...account.streams].every(
          ([stream, { last }]) => last === 0 || (upto.get(stream) ?? 0) >= last,
        );
      },
      mayLose ? PATIENCE_MS / 5 : PATIENCE_MS,
    );
  }
  // Leaves become states a commit later.
  await wait(2_500);
  return account;
}

function positionsOf(databasePath: string): StoredPosition[] {
  const database = new Sqlite(databasePath, { readonly: true, fileMustExist: true, timeout: 2_000 });
  try {
    return database.prepare<[], StoredPosition>('SELECT * FROM ingest_position ORDER BY rowid').all();
  } finally {
    database.close();
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
