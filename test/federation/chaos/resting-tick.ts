// The statistics of an aggregator at rest: everything committed, every leave noted, and a tick published after that.

import { createTicks, type Tick } from '../../../src/federation/simulator/publication.ts';
import type { Broker } from './broker.ts';
import { PATIENCE_MS } from './patience.ts';
import type { Program } from './program.ts';
import { until } from '../../support/until.ts';

/** Leaves become states a commit later: the time that this may take on a busy machine. */
const REST_MS = 2500;

/** Waits until the program is ready, and a little longer; resolves with the statistics that it publishes then. */
export async function restingTick(broker: Broker, program: Program): Promise<Tick> {
  await program.ready();
  const afterMs = Date.now() + REST_MS;
  const ticks = createTicks('');
  const connection = await broker.connect();
  try {
    connection.subscribe('truebit.stats.>', {
      callback: (error, message) => {
        if (error === null) ticks.add(message.data);
      },
    });
    return await until('a tick at rest', () => ticks.firstAfter(afterMs), PATIENCE_MS);
  } finally {
    await connection.close();
  }
}
