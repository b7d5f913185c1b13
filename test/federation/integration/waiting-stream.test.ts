import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import { BATCH_BYTES_MAX, BATCHES_UNDER_WAY_MAX } from '../../../src/federation/sources/handover.ts';
import { PULL_MESSAGES, PULLS_OUTSTANDING } from '../../../src/federation/sources/stream-input.ts';
import { SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { hashOf } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const STREAM = 'TRUEBIT_INGEST';
const MESSAGES = 100_000;
/** A batch is full of bytes before it is full of messages: 200 MB wait, and 64 MB may be with the writer. */
const PADDING = 'x'.repeat(1800);
const RSS_BYTES_MAX = 500e6;

async function fill(connection: NatsConnection): Promise<number> {
  let payloadBytes = 0;
  for (let task = 0; task < MESSAGES; task++) {
    const nodeId = `node-${task % 500}`;
    const data = { chainId: '1', taskIdHash: hashOf(task), success: true };
    const payload = JSON.stringify({ version: '1.0', type: 'task_completed', nodeId, data, PADDING });
    payloadBytes += payload.length;
    connection.publish('truebit.tasks.completed', payload);
    if (task % 2000 === 1999) await connection.flush();
  }
  await connection.flush();
  return payloadBytes / MESSAGES;
}

/** The last sequence that the broker has delivered to the program's only consumer. */
async function deliveredSeq(manager: JetStreamManager): Promise<number> {
  let seq = 0;
  for await (const consumer of manager.consumers.list(STREAM)) seq = consumer.delivered.stream_seq;
  return seq;
}

function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

describe('waiting stream', () => {
  it('waiting stream - with 100,000 messages waiting and slow commits, few are under way, none is shed, and memory is bounded', async () => {
    const own = await testFolder('waiting');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const connection = await connectTo(broker.url);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: STREAM, subjects: [...SUBJECTS] });
    const messageBytes = await fill(connection);

    const program = launch(at(broker.url, own, { SEAMS: '{"commitDelayMs":400}' }), SERVE_WITH_SEAMS);
    const committed = () => {
      try {
        return Number(valueOf(own.databasePath, 'SELECT last_seq FROM ingest_position') ?? 0);
      } catch {
        return 0; // not made yet
      }
    };
    let underWayMax = 0;
    await until('all to be committed', async () => {
      const delivered = await deliveredSeq(manager);
      // Read second, so that a commit between the two reads can only make the figure smaller.
      underWayMax = Math.max(underWayMax, delivered - committed());
      return committed() === MESSAGES;
    });
    const batchMessages = Math.ceil(BATCH_BYTES_MAX / messageBytes);
    // The batches at the writer, the batch being filled, and messages requested before the writer stopped reading.
    const bound = (BATCHES_UNDER_WAY_MAX + 1) * batchMessages + PULLS_OUTSTANDING * PULL_MESSAGES;
    expect(underWayMax).toBeLessThanOrEqual(bound);
    expect(underWayMax).toBeGreaterThan(2 * batchMessages);
    expect(bound).toBeLessThan(MESSAGES / 2);

    expect(await program.metric('aggregator_messages_total', 'outcome="applied"')).toBe(MESSAGES);
    expect(await program.metric('aggregator_messages_total', 'outcome="shed"')).toBe(0);
    expect(await program.metric('aggregator_messages_total', 'outcome="replayed"')).toBe(0);
    expect(await program.metric('aggregator_broker_reconnects_total')).toBe(0);
    expect(program.log.filter(({ msg }) => msg.includes('reading the stream')).length).toBe(1);
    expect(peakBytes(program.process.pid ?? 0)).toBeLessThan(RSS_BYTES_MAX);
    await expectConserved(program, own.databasePath);
    expect(await program.stop()).toBe(0);
  });
});
