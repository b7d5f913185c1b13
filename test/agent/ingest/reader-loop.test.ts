import { expect, test } from 'vitest';
import { idHash } from '../../../src/agent/domain/id-hash.ts';
import type { SourceFact } from '../../../src/agent/domain/source-facts.ts';
import { ManualTime } from '../../support/manual-time.ts';
import {
  CHAIN,
  completedFact,
  invoiceFact,
  metricsFact,
  receivedFact,
  startedFact,
} from '../support/facts.ts';
import { PlainSource } from '../support/plain-source.ts';
import { dataOf, Reading, type ReadingOptions, SALT } from '../support/reading.ts';

const NOW = new ManualTime().nowMs();
const hash = (id: string) => idHash(SALT, id);

async function read(
  logs: readonly SourceFact[],
  events: readonly SourceFact[],
  options: ReadingOptions = {},
): Promise<{ reading: Reading; logs: PlainSource; events: PlainSource }> {
  const sources = [new PlainSource('logs', logs), new PlainSource('events', events)] as const;
  const reading = await new Reading(() => sources, options).start();
  return { reading, logs: sources[0], events: sources[1] };
}

test('an execution in both sources becomes one message of each kind', async () => {
  const { reading } = await read(
    [
      receivedFact('a', NOW - 5_000),
      startedFact('a', NOW - 4_000),
      metricsFact(null, NOW - 3_000),
      completedFact('a', NOW - 2_000),
    ],
    [
      receivedFact('a', NOW - 5_100, null),
      completedFact('a', NOW - 1_900),
      invoiceFact('i', 'a', NOW - 1_000),
    ],
  );
  const messages = await reading.drain();
  expect(messages.map(dataOf)).toEqual([
    { type: 'task_received', chainId: CHAIN, taskType: 'api', taskIdHash: hash('a') },
    {
      type: 'task_completed',
      chainId: CHAIN,
      taskIdHash: hash('a'),
      status: 'completed',
      success: true,
      executionTimeBucket: '500ms-1s',
      gasUsedBucket: '1M-10M',
      cached: false,
    },
    {
      type: 'invoice_created',
      invoiceIdHash: hash('i'),
      taskIdHash: hash('a'),
      chainId: CHAIN,
      stepsComputedBucket: '1M-10M',
      memoryUsedBucket: '64-256MB',
      operation: 'charge',
    },
  ]);
  expect(reading.state.writer.values.factCounts).toEqual({ known: 2, remembered: 0, queued: 3 });
  expect(reading.state.writer.values.messageEnds).toEqual({ confirmed: 3, setAside: 0 });
  expect(reading.state.writer.counts(NOW)).toEqual({
    active: 0,
    total: 1,
    received: 1,
    completed: 1,
    failed: 0,
    invoices: 1,
  });
  await reading.stop();
});
