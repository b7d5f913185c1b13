// Changes to the stream itself between two stretches: purged, made again, restored from a backup. The aggregator is
// killed before, so that its position is known, and copies of the stream are kept for the reference.

import { join } from 'node:path';
import type { Random } from '../../../src/lib/random.ts';
import { until } from '../../support/until.ts';
import { type Broker, STREAM } from './broker.ts';
import type { Load } from './load.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Program } from './program.ts';
import type { StreamCopy } from './reference.ts';
import type { Scenario, StreamChange } from './scenario.ts';
import { readPositions } from './stored.ts';

export interface Stage {
  readonly folder: string;
  readonly scenario: Scenario;
  readonly broker: Broker;
  readonly program: Program;
  readonly load: Load;
  readonly random: Random;
  count(kind: string): void;
}

/** A backup of the stream as it is now, with everything in it read: which {@link changeStream} may restore. */
export async function takeBackup(stage: Stage): Promise<string> {
  await settle(stage);
  const store = join(stage.folder, 'backup');
  await stage.broker.copyTo(store);
  stage.load.resume();
  return store;
}

/** Changes the stream; returns the copies of it that the reference must read before the last one. */
export async function changeStream(
  change: Exclude<StreamChange, 'none'>,
  stage: Stage,
  backup: string | null,
): Promise<readonly StreamCopy[]> {
  switch (change) {
    case 'purge':
      return purge(stage);
    case 'recreate':
      return recreate(stage);
    case 'restore':
      return backup === null ? [] : restore(stage, backup);
  }
}

/** From the front, up to anywhere, with messages unread: those are lost, those behind are not. */
async function purge(stage: Stage): Promise<readonly StreamCopy[]> {
  const { broker, program, load, random, scenario, count } = stage;
  await program.kill();
  await load.pause();
  const upTo = readPositions(program.databasePath).at(-1)?.last_seq ?? 0;
  // Behind a gap, no later commit would complete a pass of retention that the kill interrupted.
  const isInPruning = scenario.pruneEvery !== null && upTo % scenario.pruneEvery.messages === 0;
  if (upTo === 0 || isInPruning) {
    await startReading(stage);
    return [];
  }
  const copy = { store: join(stage.folder, 'before-purge'), upTo };
  await broker.copyTo(copy.store);
  await sayMore(stage, 100 + random.below(300));
  const { first, last } = await broker.sequences();
  const seq = random.chance(0.3) ? last + 1 : first + random.below(last - first + 1);
  await broker.manage((manager) => manager.streams.purge(STREAM, { seq }));
  count('stream: purge');
  await startReading(stage);
  return [copy];
}

/** The stream is deleted, and the aggregator makes it again; the same sequences then hold other messages. */
async function recreate(stage: Stage): Promise<readonly StreamCopy[]> {
  const { broker, program, count } = stage;
  const upTo = await settle(stage);
  await program.kill();
  const copy = { store: join(stage.folder, 'before-deletion'), upTo };
  await broker.copyTo(copy.store);
  await broker.manage((manager) => manager.streams.delete(STREAM));
  count('stream: recreate');
  await startReading(stage);
  return [copy];
}

/**
 * Set back to a backup, with other messages under sequences that were read before; perhaps it is already beyond the
 * position.
 */
async function restore(stage: Stage, backup: string): Promise<readonly StreamCopy[]> {
  const { broker, program, random, count } = stage;
  const upTo = await settle(stage);
  await program.kill();
  const before = { store: join(stage.folder, 'before-restore'), upTo };
  await broker.copyTo(before.store);
  await broker.restore(backup);
  await sayMore(stage, random.pick([0, 50, 2000]));
  const after = { store: join(stage.folder, 'after-restore'), upTo: (await broker.sequences()).last };
  await broker.copyTo(after.store);
  count('stream: restore');
  const rows = readPositions(program.databasePath).length;
  program.start();
  // Whether it begins behind the stream's end or behind its own position depends on how long the stream is now.
  await until(
    'the restored stream to be recognised',
    () => {
      const positions = readPositions(program.databasePath);
      return positions.length > rows && (positions.at(-1)?.last_seq ?? 0) >= after.upTo;
    },
    PATIENCE_MS,
  );
  stage.load.resume();
  return [before, { ...after, upTo: readPositions(program.databasePath).at(-1)?.last_seq ?? 0 }];
}

/** Sends more messages while the aggregator does not read. */
async function sayMore({ load }: Stage, messages: number): Promise<void> {
  if (messages === 0) return;
  const before = load.said.length;
  load.resume();
  await until('more to be said', () => load.said.length >= before + messages, PATIENCE_MS);
  await load.pause();
}

/** Pauses the load and waits until everything is read; returns the last sequence. */
async function settle({ load, broker, program }: Stage): Promise<number> {
  await load.pause();
  const { last } = await broker.sequences();
  await until(
    `sequence ${last} to be committed`,
    () => readPositions(program.databasePath).at(-1)?.last_seq === last,
    PATIENCE_MS,
  );
  return last;
}

/** Starts the aggregator, and the load once the stream is being read. */
async function startReading({ program, load }: Stage): Promise<void> {
  program.start();
  await program.says('reading the stream', PATIENCE_MS);
  load.resume();
}
