// The fresh aggregator: a new database, no faults, and copies of the stream as it was at each of its changes, read one
// after the other from the first sequence. The disturbed aggregator must hold the same.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Tick } from '../../../src/federation/simulator/publication.ts';
import { Broker, STREAM } from './broker.ts';
import { PATIENCE_MS } from './patience.ts';
import { Program } from './program.ts';
import type { Scenario } from './scenario.ts';
import { readPositions, readStored, type Stored } from './stored.ts';
import { restingTick } from './resting-tick.ts';
import { until } from '../../support/until.ts';

/** The stream at one moment. */
export interface StreamCopy {
  readonly store: string;
  /** The last sequence that the disturbed aggregator had read; it will never read the messages behind it. */
  readonly upTo: number;
}

export interface Reference {
  readonly stored: Stored;
  readonly tick: Tick;
  readonly complaints: readonly string[];
}

/** `look` is called while the last copy can be read. */
export async function readReference(
  folder: string,
  scenario: Scenario,
  copies: readonly StreamCopy[],
  look: (broker: Broker) => Promise<void>,
): Promise<Reference> {
  mkdirSync(folder, { recursive: true });
  const { pruneEvery, settings } = scenario;
  const seams = pruneEvery === null ? {} : { pruneEvery };
  let tick: Tick | null = null;
  const complaints: string[] = [];
  const databasePath = join(folder, 'aggregator.db');
  for (const { store, upTo } of copies) {
    const broker = await Broker.create(store);
    await broker.start();
    const program = new Program(folder, { ...settings, NATS_URL: broker.url }, seams);
    try {
      await cutBehind(broker, upTo);
      program.start();
      await until(
        `the reference to reach ${upTo}`,
        () => readPositions(databasePath).at(-1)?.last_seq === upTo,
        PATIENCE_MS,
      );
      if (store === copies.at(-1)?.store) {
        tick = await restingTick(broker, program);
        await look(broker);
      }
      await program.stop();
      complaints.push(...program.complaints);
    } finally {
      await program.kill();
      await broker.stop('SIGTERM');
    }
  }
  if (tick === null) throw new Error('there was no stream to read');
  return { stored: readStored(databasePath), tick, complaints };
}

/** Removes the messages of the stream behind a sequence, one by one; the stream keeps its next sequence. */
async function cutBehind(broker: Broker, seq: number): Promise<void> {
  await broker.manage(async (manager) => {
    const { state } = await manager.streams.info(STREAM);
    for (let doomed = Math.max(seq + 1, state.first_seq); doomed <= state.last_seq; doomed++) {
      await manager.streams.deleteMessage(STREAM, doomed);
    }
  });
}
