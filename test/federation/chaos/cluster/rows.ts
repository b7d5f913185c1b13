// The rows of the failure matrix that a run can make happen: each does its fault under load, and says what must hold
// beside the exact account at the end (docs/cluster.md#what-fails-and-what-you-see).

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import Sqlite from 'better-sqlite3';
import { connect } from 'nats';
import {
  CLUSTER_STREAM,
  CLUSTER_SUBJECTS,
  CONTROL_STREAM,
  logStream,
  STATS_STREAM,
} from '../../../../src/federation/domain/cluster.ts';
import type { Random } from '../../../../src/lib/random.ts';
import { runCommand } from '../../../support/command.ts';
import { heartbeat } from '../../../support/messages.ts';
import { FAKETIME_LIB, setClock } from '../../../support/set-clock.ts';
import { until } from '../../../support/until.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { Program } from '../program.ts';
import { type Replica, REPLICAS, type Stage } from './stage.ts';
import type { StatisticsWatch } from './watch.ts';

export interface Scene {
  readonly stage: Stage;
  readonly watch: StatisticsWatch;
  readonly random: Random;
  /** Shortens the waits of the matrix, so that a test of a row takes seconds. */
  readonly isQuick: boolean;
  count(fault: string): void;
  complain(sentence: string): void;
}

export interface Row {
  readonly number: number;
  readonly name: string;
  /** Longest time without a tick during the fault, in ms; null: ticks may stop. */
  readonly gapMaxMs: number | null;
  /** True if messages may be lost, each of which must be counted. Default: the account is exact. */
  readonly mayLose?: boolean;
  readonly isLimited?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  envOf?(name: string, home: string): Readonly<Record<string, string>>;
  run(scene: Scene): Promise<void>;
  /** Called when all processes have ended. */
  cleanUp?(): void;
}

/** PUBLISH_INTERVAL of a run, and what the matrix allows after the death of a process and of a broker. */
const INTERVAL_MS = 1_000;
const PROCESS_GAP_MS = 5_000 + INTERVAL_MS;
const BROKER_GAP_MS = 15_000 + INTERVAL_MS;

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const other = (replica: Replica): Replica => (replica === 'one' ? 'two' : 'one');

/** Kills a program and starts it again after `awayMs`. */
async function killAndStart(program: Program, awayMs: number): Promise<void> {
  await program.kill();
  await wait(awayMs);
  program.start();
}

/** Resolves between the first and the last message of a tick, or between two ticks if the machine is too slow. */
async function inTheMiddleOfATick(scene: Scene): Promise<void> {
  const { connection } = scene.stage;
  await new Promise<void>((resolve) => {
    const subscription = connection.subscribe(CLUSTER_SUBJECTS.stats('period.1h'), {
      callback: () => {
        subscription.unsubscribe();
        resolve();
      },
    });
  });
}

/** The server that leads the log, counted from 0. */
export async function leaderOfLog(stage: Stage): Promise<number> {
  return until(
    'the log to have a leader',
    async () => {
      const manager = await jetstreamManager(stage.connection, { timeout: 2_000, checkAPI: false });
      const { cluster } = await manager.streams.info(logStream(0));
      const number = Number(/(\d+)$/.exec(cluster?.leader ?? '')?.[1] ?? 0);
      return number > 0 ? { index: number - 1 } : null;
    },
    PATIENCE_MS,
  ).then(({ index }) => index);
}

async function deleteStream(scene: Scene, stream: string): Promise<void> {
  const manager = await jetstreamManager(scene.stage.connection, { timeout: 5_000, checkAPI: false });
  await manager.streams.delete(stream);
  scene.count(`${stream} deleted`);
}

/** Every fault of the ten minutes of the issue, by name. */
export const FAULTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async 'publisher killed in the middle of a tick'(scene) {
    const publisher = await scene.stage.publisher();
    await inTheMiddleOfATick(scene);
    await killAndStart(scene.stage.replicas[publisher], scene.random.below(2_000));
  },
  async 'replica killed'({ stage, random }) {
    await killAndStart(stage.replicas[random.pick(REPLICAS)], random.below(2_000));
  },
  async 'splitter killed'({ stage, random }) {
    await killAndStart(random.pick(stage.splitters), random.below(2_000));
  },
  async 'broker killed'({ stage, random }) {
    const broker = random.below(stage.brokers.urls.length);
    await stage.brokers.kill(broker);
    await wait(3_000 + random.below(7_000));
    await stage.brokers.restart(broker);
  },
};

export const ROWS: readonly Row[] = [
  {
    number: 1,
    name: 'a splitter killed again and again',
    gapMaxMs: PROCESS_GAP_MS + 10_000,
    async run({ stage, random, isQuick, count }) {
      for (let kill = 0; kill < (isQuick ? 4 : 20); kill++) {
        await killAndStart(random.pick(stage.splitters), random.below(300));
        count('splitter killed');
        await wait(500 + random.below(1_500));
      }
    },
  },
  {
    number: 2,
    name: 'the active replica killed',
    gapMaxMs: PROCESS_GAP_MS,
    async run({ stage, count }) {
      const active = REPLICAS.find((name) => stage.place(name)?.isActive === true) ?? 'one';
      await killAndStart(stage.replicas[active], 3_000);
      count('active replica killed');
      await wait(5_000);
    },
  },
  {
    number: 3,
    name: 'the publisher killed in the middle of a tick',
    gapMaxMs: PROCESS_GAP_MS,
    async run(scene) {
      for (let kill = 0; kill < (scene.isQuick ? 1 : 5); kill++) {
        await FAULTS['publisher killed in the middle of a tick']?.(scene);
        scene.count('publisher killed');
        await wait(6_000);
        await scene.stage.ready();
      }
    },
  },
  {
    number: 4,
    name: 'both replicas killed',
    gapMaxMs: null,
    async run({ stage, isQuick, count }) {
      for (const name of REPLICAS) await stage.replicas[name].kill();
      count('both replicas killed');
      await wait(isQuick ? 8_000 : 60_000);
      for (const name of REPLICAS) stage.replicas[name].start();
      await stage.ready();
    },
  },
  {
    number: 5,
    name: 'the publisher frozen in the middle of a tick',
    gapMaxMs: PROCESS_GAP_MS,
    async run(scene) {
      const { stage, watch, count, complain } = scene;
      const publisher = await stage.publisher();
      await inTheMiddleOfATick(scene);
      stage.replicas[publisher].pause();
      count('publisher frozen');
      await wait(20_000);
      const [before, wokenMs] = [watch.heard.at(-1)?.timestampMs ?? 0, performance.now()];
      stage.replicas[publisher].resume();
      await wait(5_000);
      const late = watch.heard.filter(({ atMs, timestampMs }) => atMs > wokenMs && timestampMs < before);
      if (late.length > 0) complain(`${late.length} messages of the woken publisher were heard`);
      const publishers = REPLICAS.filter((name) => stage.place(name)?.isPublisher === true);
      if (publishers.length !== 1) complain(`${publishers.length} replicas publish after the freeze`);
    },
  },
  {
    number: 7,
    name: 'two splitters of one stream at work',
    gapMaxMs: PROCESS_GAP_MS + 10_000,
    async run({ stage, random, isQuick, count }) {
      // A frozen holder loses its lease to the other, and goes on for a while when it wakes.
      for (let freeze = 0; freeze < (isQuick ? 2 : 10); freeze++) {
        const splitter = random.pick(stage.splitters);
        splitter.pause();
        await wait(4_000);
        splitter.resume();
        count('splitter frozen and woken');
        await wait(2_000);
      }
    },
  },
  {
    number: 8,
    name: 'two replicas with the same name',
    gapMaxMs: PROCESS_GAP_MS,
    envOf: (name): Readonly<Record<string, string>> => (name === 'two' ? { REPLICA: 'one' } : {}),
    async run({ stage, count, complain }) {
      await wait(8_000);
      count('two replicas named "one"');
      const told = await Promise.all(
        REPLICAS.map((name) => stage.replicas[name].says('Two processes have the name', 5_000)),
      );
      if (!told.some((isTold) => isTold)) complain('no log names the two replicas of one name');
    },
  },
  {
    number: 9,
    name: 'the broker that leads the log killed',
    gapMaxMs: BROKER_GAP_MS,
    async run({ stage, count }) {
      const leader = await leaderOfLog(stage);
      await stage.brokers.kill(leader);
      count('broker killed');
      await wait(10_000);
      await stage.brokers.restart(leader);
      await wait(10_000);
    },
  },
  {
    number: 11,
    name: 'a broker stopped by lame duck',
    gapMaxMs: PROCESS_GAP_MS,
    async run({ stage, count }) {
      const leader = await leaderOfLog(stage);
      await stage.brokers.lameDuck(leader);
      count('broker stopped by lame duck');
      await wait(3_000);
      await stage.brokers.restart(leader);
      await wait(5_000);
    },
  },
  {
    number: 12,
    name: 'a broker gone for good, its disk too',
    gapMaxMs: null,
    mayLose: true,
    async run({ stage, isQuick, count }) {
      await stage.brokers.wipe(2);
      count('broker and disk gone');
      await wait(isQuick ? 20_000 : 75_000);
    },
  },
  {
    number: 13,
    name: 'a broker cut off from the two others',
    gapMaxMs: null,
    async run({ stage, isQuick, count, complain }) {
      const leader = await leaderOfLog(stage);
      stage.brokers.isolate(leader);
      count('broker cut off');
      const untilMs = performance.now() + (isQuick ? 20_000 : 60_000);
      while (performance.now() < untilMs) {
        await wait(500);
        const publishers = REPLICAS.filter((name) => stage.place(name)?.isPublisher === true);
        if (publishers.length > 1) complain('two replicas say that they publish');
      }
      stage.brokers.heal(leader);
      await wait(10_000);
    },
  },
  {
    number: 15,
    name: 'the log deleted under way',
    gapMaxMs: null,
    async run(scene) {
      await deleteStream(scene, logStream(0));
      await wait(15_000);
    },
  },
  {
    number: 16,
    name: 'the records of the cluster deleted under way',
    gapMaxMs: 10_000 + PROCESS_GAP_MS,
    async run(scene) {
      await deleteStream(scene, CLUSTER_STREAM);
      await wait(15_000);
    },
  },
  {
    number: 17,
    name: 'the statistics deleted under way',
    gapMaxMs: 10_000 + PROCESS_GAP_MS,
    async run(scene) {
      await deleteStream(scene, STATS_STREAM);
      await wait(10_000);
      await deleteStream(scene, CONTROL_STREAM);
      await wait(10_000);
    },
  },
  {
    number: 18,
    name: 'the disk of one replica full',
    gapMaxMs: PROCESS_GAP_MS,
    envOf: mountedHome,
    cleanUp: unmount,
    async run({ stage, isQuick, count }) {
      const home = dirname(stage.replicas.two.databasePath);
      const filler = join(home, 'filler');
      try {
        writeFileSync(filler, Buffer.alloc(2 * DISK_BYTES));
      } catch {
        // It is as large as the disk allowed.
      }
      count('disk full');
      await wait(isQuick ? 10_000 : 60_000);
      rmSync(filler);
      await stage.ready();
    },
  },
  {
    number: 19,
    name: 'the commits of one replica slow',
    gapMaxMs: PROCESS_GAP_MS,
    async run({ stage, isQuick, count }) {
      const publisher = await stage.publisher();
      const slow = stage.replicas[other(publisher)];
      await slow.stop();
      slow.start(1_000);
      count('commits slower by 1 s');
      await wait(isQuick ? 10_000 : 40_000);
      // An orderly stop could take longer than it may, commit by commit.
      await slow.kill();
      slow.start();
      await stage.ready();
    },
  },
  {
    number: 20,
    name: 'the log drops rounds that a slow replica has not read',
    gapMaxMs: PROCESS_GAP_MS,
    async run({ stage, isQuick, count }) {
      const publisher = await stage.publisher();
      const slow = stage.replicas[other(publisher)];
      slow.pause();
      await wait(isQuick ? 5_000 : 20_000);
      const manager = await jetstreamManager(stage.connection, { timeout: 5_000, checkAPI: false });
      await manager.streams.purge(logStream(0));
      count('log purged under a frozen replica');
      slow.resume();
      await wait(15_000);
    },
  },
  {
    number: 24,
    name: 'every process started anew, one at a time',
    gapMaxMs: PROCESS_GAP_MS,
    async run({ stage, count }) {
      const publisher = await stage.publisher();
      for (const name of [other(publisher), publisher]) {
        await stage.replicas[name].stop();
        stage.replicas[name].start();
        await stage.replicas[name].ready();
        count('replica started anew');
      }
      for (const splitter of stage.splitters) {
        await splitter.stop();
        splitter.start();
        count('splitter started anew');
        await wait(1_000);
      }
    },
  },
  {
    number: 25,
    name: 'the clock of one machine five minutes ahead, of another behind',
    gapMaxMs: null,
    envOf: (name, home) => (FAKETIME_LIB === undefined ? {} : setClock(home, SKEW_MS[name] ?? 0).env),
    async run({ stage, count, complain }) {
      count('clocks set apart');
      await wait(15_000);
      for (const name of REPLICAS) {
        const isSkewed = await stage.replicas[name].says('clock', 5_000);
        if (!isSkewed) complain(`replica ${name} says nothing about its clock`);
      }
    },
  },
  {
    number: 28,
    name: 'a key revoked, nodes blocked and forgotten while a replica is down',
    gapMaxMs: PROCESS_GAP_MS,
    isLimited: true,
    async run({ stage, count, complain }) {
      const publisher = await stage.publisher();
      const away = stage.replicas[other(publisher)];
      await away.kill();
      const env = { DB_PATH: stage.replicas[publisher].databasePath };
      const nodes = nodesOf(stage.replicas[publisher].databasePath, 12);
      for (const [index, node] of nodes.entries()) {
        const words = ['nodes', index % 2 === 0 ? 'block' : 'forget', node];
        const { code, stderr } = await runCommand(words, env);
        if (code !== 0) complain(`${words.join(' ')} ended with ${String(code)}: ${stderr}`);
        count(`${words[0]} ${words[1]}`);
      }
      away.start();
      await away.ready();
      await wait(5_000);
    },
  },
  {
    number: 30,
    name: 'one node floods all brokers',
    gapMaxMs: PROCESS_GAP_MS,
    isLimited: true,
    settings: { RATE_LIMIT_PER_MINUTE: '600', RATE_LIMIT_BURST: '1200' },
    async run({ stage, isQuick, count }) {
      const untilMs = performance.now() + (isQuick ? 5_000 : 20_000);
      const { subject, payload } = heartbeat('node-that-floods');
      const connections = await Promise.all(stage.brokers.urls.map((url) => connect({ servers: url })));
      while (performance.now() < untilMs) {
        for (const connection of connections)
          for (let message = 0; message < 33; message++) connection.publish(subject, payload);
        await wait(10);
      }
      for (const connection of connections) await connection.close();
      count('flood of 10,000 messages a second');
    },
  },
];

/** How far the clock of each machine is ahead, by the name of its process. */
const SKEW_MS: Readonly<Record<string, number>> = { one: 300_000, two: -300_000 };

/** Size of the small disk of row 18. */
const DISK_BYTES = 150_000_000;

/** The small disks of this process. */
const mounted = new Set<string>();

function unmount(): void {
  for (const home of mounted) execFileSync('umount', ['-l', home]);
  mounted.clear();
}

/** The folder of replica two becomes a small disk. */
function mountedHome(name: string, home: string): Readonly<Record<string, string>> {
  if (name !== 'two') return {};
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', home]);
  mounted.add(home);
  return {};
}

function nodesOf(databasePath: string, count: number): readonly string[] {
  const database = new Sqlite(databasePath, { readonly: true, timeout: 2_000 });
  try {
    return database
      .prepare('SELECT node_id FROM active_nodes ORDER BY id LIMIT ?')
      .pluck()
      .all(count) as string[];
  } finally {
    database.close();
  }
}
