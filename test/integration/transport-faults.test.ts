// A broker that answers, and yet does not do what we need: what is shown then, and how it ends.

import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import type { Aggregator } from '../support/aggregator.ts';
import { counted, send } from '../support/federation.ts';
import { heartbeat, tasks } from '../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../support/program.ts';
import { until } from '../support/until.ts';

/** `ingest` of the live state. */
async function live(program: Aggregator) {
  const { body } = await program.get('/api/federation/health');
  return body['ingest'] as { readonly clockOffsetMs: number | null; readonly lagMs: number };
}

describe('transport faults: the clock of the broker', () => {
  it('transport faults - messages that had waited say nothing about the clock of the broker, a live one does', async () => {
    const own = await testFolder('offset');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'EVERYTHING', subjects: ['truebit.>'] });
    await send(connection, tasks(0, 30));
    const { state } = await manager.streams.info('EVERYTHING');
    await until('the messages to be old', () => Date.now() - Date.parse(state.last_ts) > 1500);
    const program = launch(at(broker.url, own, { PUBLISH: 'off' }));
    await counted(program, 30);
    await program.ready();
    expect(await live(program)).toMatchObject({ clockOffsetMs: null });
    expect(await program.metric('aggregator_clock_offset_seconds')).toBe(0);
    await send(connection, [heartbeat('node-0001')]);
    const offsetMs = await until('a live message', async () => {
      const { clockOffsetMs } = await live(program);
      return clockOffsetMs !== null && { clockOffsetMs };
    });
    // A pull rests for 100 ms behind the end of the stream, and the machine may be busy.
    expect(Math.abs(offsetMs.clockOffsetMs)).toBeLessThan(1000);
    expect(await program.stop()).toBe(0);
  });
});
