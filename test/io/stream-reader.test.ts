// The pull loop against a real nats-server.

import { jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect, type NatsConnection } from 'nats';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { StreamReader } from '../../src/io/stream-reader.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from './broker-fixtures.ts';
import { CREDENTIAL_HEADERS } from '../../src/federation/domain/message-signature.ts';

const STREAM = 'READ';

let connection: NatsConnection;

beforeEach(async () => {
  const server = await startNatsServer({ storeFolder: temporaryFolder() });
  connection = await connect({ servers: server.url });
  onTestFinished(async () => {
    await connection.close();
    await server.stop();
  });
  const { streams } = await jetstreamManager(connection);
  await streams.add({ name: STREAM, subjects: ['read.it'], storage: StorageType.Memory });
});

/** A reader from the first message on, and its output: sequences, and the reports between them. */
async function read(pullMessages: number) {
  const told: (number | 'drained' | 'resting')[] = [];
  const atMs: number[] = [];
  const broken: string[] = [];
  const tell = (what: (typeof told)[number]) => {
    told.push(what);
    atMs.push(performance.now());
  };
  const reader = new StreamReader(
    connection,
    {
      stream: STREAM,
      inboxPrefix: null,
      pullMessages,
      pullsOutstanding: 2,
      credentialHeaders: CREDENTIAL_HEADERS,
    },
    {
      message: ({ seq }) => tell(seq),
      drained: () => tell('drained'),
      ended: () => {},
      resting: () => tell('resting'),
      broken: (reason) => broken.push(reason),
    },
  );
  onTestFinished(() => reader.stop());
  const waiting = await reader.start(await jetstreamManager(connection), 1);
  return { reader, told, atMs, broken, waiting, seqs: () => told.filter((what) => typeof what === 'number') };
}

async function publish(messages: number): Promise<void> {
  for (let message = 0; message < messages; message++) connection.publish('read.it');
  await connection.flush();
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('stream reader', () => {
  it.each([1, 7, 10_000])(
    'stream reader - it gives each message once and in order, in pulls of %s',
    async (pull) => {
      await publish(1000);
      const { told, broken, waiting, seqs, reader } = await read(pull);
      expect(waiting).toBe(1000);
      for (let burst = 1; burst <= 20; burst++) {
        await publish(burst * 5);
        if (burst % 5 === 0) reader.pause();
        await new Promise((resolve) => setTimeout(resolve, (burst % 4) * 20));
        reader.resume();
      }
      await until('all of them', () => seqs().length === 2050);
      expect(seqs()).toEqual(upTo(2050));
      expect(broken).toEqual([]);
      // It reports no end before the end of the stream.
      const end = told.lastIndexOf(2050);
      expect(told.slice(0, end)).not.toContain('drained');
      await until('the end', () => told.includes('drained'));
      expect(broken).toEqual([]);
    },
  );

  it('stream reader - sparse messages arrive in groups, because the reader rests at the end of the stream', async () => {
    const { told, atMs, seqs } = await read(2500);
    for (let message = 0; message < 300; message++) {
      await publish(1);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await until('all of them', () => seqs().length === 300);
    expect(seqs()).toEqual(upTo(300));
    let rests = 0;
    told.forEach((what, index) => {
      if (what !== 'resting' || index + 1 === told.length) return;
      rests++;
      // A timer may be a millisecond early by the other clock.
      expect((atMs[index + 1] ?? 0) - (atMs[index] ?? 0)).toBeGreaterThan(95);
    });
    expect(rests).toBeGreaterThan(2);
  });

  it('stream reader - a pause ends the running requests, and loses no message', async () => {
    const { reader, seqs } = await read(10);
    reader.pause();
    await publish(500);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The messages that two pulls had requested.
    expect(seqs().length).toBeLessThanOrEqual(20);
    reader.resume();
    await until('all of them', () => seqs().length === 500);
    expect(seqs()).toEqual(upTo(500));
  });

  it('stream reader - a stopped reader leaves no consumer', async () => {
    const { reader } = await read(10);
    const { streams } = await jetstreamManager(connection);
    expect((await streams.info(STREAM)).state.consumer_count).toBe(1);
    reader.stop();
    await until('none', async () => (await streams.info(STREAM)).state.consumer_count === 0);
  });

  it('stream reader - a deleted consumer is reported once', async () => {
    const { told, broken, seqs } = await read(10);
    await publish(5);
    await until('five', () => seqs().length === 5);
    const { streams } = await jetstreamManager(connection);
    await streams.delete(STREAM);
    await until('the end', () => broken.length > 0);
    const heard = told.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(broken).toHaveLength(1);
    expect(told).toHaveLength(heard);
  });
});
