// The random faults during a stretch: one actor disturbs the aggregator, one the broker, each at its own pace, so that
// their faults overlap. Every fault is counted under its kind when it has happened.

import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Random } from '../../../src/lib/random.ts';
import type { Broker } from './broker.ts';
import type { Load } from './load.ts';
import type { Program } from './program.ts';
import { readPruned } from './stored.ts';

export interface Target {
  readonly program: Program;
  readonly broker: Broker;
  readonly load: Load;
  readonly isPruned: boolean;
  /** Resolves with the next statistics message. */
  nextPublication(): Promise<void>;
  /** A fault of this kind has happened. */
  count(kind: string): void;
}

/** The longest wait for the moment of a kill; afterwards the kill comes anyway, and counts as a random one. */
const AIM_TIME_MAX_MS = 2500;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

type Fault = (target: Target, random: Random) => Promise<void>;

const AGGREGATOR_FAULTS: readonly (readonly [weight: number, fault: Fault])[] = [
  [
    3,
    (target, random) =>
      killAt(
        target,
        random,
        'kill',
        wait(0).then(() => true),
      ),
  ],
  [
    3,
    (target, random) => killAt(target, random, 'kill in a commit', firstWrite(target.program.databasePath)),
  ],
  [
    2,
    (target, random) =>
      killAt(target, random, 'kill between commit and publish', firstWrite(target.program.databasePath), 15),
  ],
  [
    2,
    (target, random) =>
      killAt(
        target,
        random,
        'kill at a publication',
        target.nextPublication().then(() => true),
      ),
  ],
  [2, killInPruning],
  [2, killDuringStart],
  [2, killWhileCatchingUp],
  [2, pauseAggregator],
  [1, stopAggregator],
];

const BROKER_FAULTS: readonly (readonly [weight: number, fault: Fault])[] = [
  [3, killBroker],
  [1, killBrokerDuringStart],
  [3, pauseBroker],
  [1, stopBroker],
];

/** Kills of the aggregator. */
export function killsIn(faults: ReadonlyMap<string, number>): number {
  return [...faults].reduce((total, [kind, number]) => total + (kind.startsWith('kill') ? number : 0), 0);
}

/** Disturbs the aggregator until `isOver`; it runs again at the end. */
export async function tormentAggregator(
  target: Target,
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  await torment(AGGREGATOR_FAULTS, 150, 1300, target, random, isOver);
}

/** Disturbs the broker until `isOver`; it runs again at the end. */
export async function tormentBroker(target: Target, random: Random, isOver: () => boolean): Promise<void> {
  await torment(BROKER_FAULTS, 600, 4500, target, random, isOver);
}

async function torment(
  faults: readonly (readonly [number, Fault])[],
  restMsMin: number,
  restMsMax: number,
  target: Target,
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const weighted = faults.flatMap(([weight, fault]) => Array.from({ length: weight }, () => fault));
  for (;;) {
    await wait(restMsMin + random.below(restMsMax - restMsMin));
    if (isOver()) return;
    await random.pick(weighted)(target, random);
  }
}

/** Kills at the given moment, then starts again, soon or after a while, quick or slow to commit. */
async function killAt(
  target: Target,
  random: Random,
  kind: string,
  moment: Promise<boolean>,
  laterMsMax = 0,
): Promise<void> {
  const isHit = await Promise.race([moment, wait(AIM_TIME_MAX_MS).then(() => false)]);
  if (laterMsMax > 0) await wait(random.next() * laterMsMax);
  await target.program.kill();
  target.count(isHit ? kind : 'kill');
  await startAgain(target, random);
}

async function startAgain({ program }: Target, random: Random): Promise<void> {
  await wait(random.chance(0.7) ? 0 : random.below(1500));
  program.start(random.chance(0.5) ? 0 : 5 + random.below(60));
}

async function killInPruning(target: Target, random: Random): Promise<void> {
  if (!target.isPruned)
    return killAt(
      target,
      random,
      'kill',
      wait(0).then(() => true),
    );
  const { databasePath } = target.program;
  const before = readPruned(databasePath);
  const deadlineMs = performance.now() + AIM_TIME_MAX_MS;
  let isSeen = false;
  while (!isSeen && performance.now() < deadlineMs) {
    await wait(4);
    isSeen = readPruned(databasePath) !== before;
  }
  await target.program.kill();
  target.count(isSeen ? 'kill in pruning' : 'kill');
  await startAgain(target, random);
}

/** From the first moments of the process (lock, migration) to its first messages. */
async function killDuringStart(target: Target, random: Random): Promise<void> {
  await target.program.kill();
  target.count('kill');
  for (let kill = 1 + random.below(3); kill > 0; kill--) {
    target.program.start();
    await wait(random.below(1200));
    await target.program.kill();
    target.count('kill during the start');
  }
  await startAgain(target, random);
}

async function killWhileCatchingUp(target: Target, random: Random): Promise<void> {
  const { program, load } = target;
  await program.kill();
  target.count('kill');
  const before = load.said.length;
  for (let rounds = 0; rounds < 60 && load.said.length < before + 500; rounds++) await wait(25);
  program.start(40 + random.below(100));
  const isReading = await program.says('reading the stream', AIM_TIME_MAX_MS);
  await wait(random.below(300));
  await program.kill();
  target.count(isReading ? 'kill while catching up' : 'kill during the start');
  await startAgain(target, random);
}

async function pauseAggregator({ program, count }: Target, random: Random): Promise<void> {
  program.pause();
  await wait(100 + random.below(2500));
  program.resume();
  count('pause');
}

async function stopAggregator(target: Target, random: Random): Promise<void> {
  await target.program.stop();
  target.count('orderly stop');
  await startAgain(target, random);
}

async function killBroker({ broker, count }: Target, random: Random): Promise<void> {
  await broker.stop('SIGKILL');
  count('broker: kill');
  await wait(random.below(1500));
  await broker.start();
}

async function killBrokerDuringStart({ broker, count }: Target, random: Random): Promise<void> {
  await broker.stop('SIGKILL');
  count('broker: kill');
  await broker.start();
  await wait(random.below(150));
  await broker.stop('SIGKILL');
  count('broker: kill after its start');
  await broker.start();
}

async function pauseBroker({ broker, count }: Target, random: Random): Promise<void> {
  broker.pause();
  await wait(100 + random.below(2500));
  broker.resume();
  count('broker: pause');
}

async function stopBroker({ broker, count }: Target, random: Random): Promise<void> {
  await broker.stop('SIGTERM');
  count('broker: orderly stop');
  await wait(random.below(1000));
  await broker.start();
}

/** True at the first write into the database's log: a commit has begun, and may not be complete. */
function firstWrite(databasePath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (isHit: boolean) => {
      clearTimeout(timer);
      watcher.close();
      resolve(isHit);
    };
    const timer = setTimeout(() => done(false), AIM_TIME_MAX_MS);
    const watcher = watch(dirname(databasePath), (_event, name) => {
      if (name === `${basename(databasePath)}-wal`) done(true);
    });
  });
}
