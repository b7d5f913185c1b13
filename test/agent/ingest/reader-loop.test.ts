import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { idHash } from '../../../src/agent/domain/id-hash.ts';
import type { SourceFact } from '../../../src/agent/domain/source-facts.ts';
import type { AgentState } from '../../../src/agent/store/open-state.ts';
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

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-loop-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'agent.db');
}

async function read(
  logs: readonly SourceFact[],
  events: readonly SourceFact[],
  options: ReadingOptions = {},
): Promise<{ reading: Reading; logs: PlainSource; events: PlainSource }> {
  const sources = [new PlainSource('logs', [...logs]), new PlainSource('events', [...events])] as const;
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

describe('a completion waits for metrics', () => {
  test('up to the wait, counted from when the logs were read to their end', async () => {
    const { reading, logs } = await read([], [receivedFact('a', NOW), completedFact('a', NOW)]);
    expect((await reading.drain()).map(({ type }) => type)).toEqual(['task_received']);
    expect(reading.state.writer.awaiting).toBe(1);
    expect(reading.loop.isAtEnd).toBe(false);
    await reading.advance(9_000);
    expect(await reading.drain()).toEqual([]);
    logs.facts.push(startedFact('a', NOW), metricsFact(null, NOW, { exitCode: 1 }), completedFact('a', NOW));
    await reading.advance(900);
    await reading.advance(200);
    const messages = await reading.drain();
    expect(messages.map(dataOf)).toMatchObject([
      { type: 'task_completed', status: 'failed', success: false },
    ]);
    expect(reading.state.writer.counts(NOW)).toMatchObject({ completed: 1, failed: 1, total: 1 });
    await reading.stop();
  });

  test('then it is sent without them, once, and what the log tells later changes nothing', async () => {
    const { reading, logs } = await read([], [completedFact('a', NOW)]);
    await reading.advance(11_000);
    const [message] = await reading.drain();
    expect(message === undefined ? null : dataOf(message)).toEqual({
      type: 'task_completed',
      taskIdHash: hash('a'),
      status: 'completed',
    });
    expect(reading.loop.isAtEnd).toBe(true);
    logs.facts.push(metricsFact('a', NOW, { exitCode: 1 }), completedFact('a', NOW));
    await reading.advance(20_000);
    expect(await reading.drain()).toEqual([]);
    await reading.stop();
  });

  test.each([
    ['none are wanted', { isWanted: false }],
    ['none can be read', { isReadable: false }],
  ])('not at all if of logs %s', async (_, state) => {
    const logs = Object.assign(new PlainSource('logs', []), state);
    const events = new PlainSource('events', [completedFact('a', NOW)]);
    const reading = await new Reading(() => [logs, events]).start();
    expect(await reading.drain()).toHaveLength(1);
    await reading.stop();
  });

  test('also over a restart, where the wait begins anew', async () => {
    const path = place();
    const time = new ManualTime();
    const events = [completedFact('a', NOW)];
    const make = () => (state: AgentState) => [
      new PlainSource('logs', [], { positions: state.writer.positions() }),
      new PlainSource('events', events, { positions: state.writer.positions() }),
    ];
    const first = await new Reading(make(), { path, time }).start();
    await first.advance(9_000);
    await first.stop();
    const second = await new Reading(make(), { path, time }).start();
    await second.advance(9_000);
    expect(await second.drain()).toEqual([]);
    await second.advance(2_000);
    expect(await second.drain()).toHaveLength(1);
    await second.stop();
  });
});

describe('metrics belong', () => {
  const between = (...ids: readonly string[]) => ids.map((id) => startedFact(id, NOW - 5_000));
  const metrics = metricsFact(null, NOW - 1_000);
  const end = completedFact('a', NOW);
  const HOUR_MS = 3_600_000;
  test.each<readonly [string, readonly SourceFact[], boolean, number]>([
    ['to the only execution under way', [...between('a'), metrics, end], true, 0],
    ['to the one that the entry names', [...between('a', 'b'), metricsFact('a', NOW), end], true, 0],
    ['to nobody if two are under way', [...between('a', 'b'), metrics, end], false, 1],
    ['to nobody if none is under way', [metrics, end], false, 1],
    [
      'to the other if one was completed',
      [...between('b', 'a'), completedFact('b', NOW), metrics, end],
      true,
      0,
    ],
    [
      'to the newer if the other is an hour old',
      [startedFact('b', NOW - 1_000 - HOUR_MS - 1), ...between('a'), metrics, end],
      true,
      0,
    ],
    [
      'to nobody if the other is not quite an hour old',
      [startedFact('b', NOW - 1_000 - HOUR_MS), ...between('a'), metrics, end],
      false,
      1,
    ],
    ['to nobody if the only one began later', [startedFact('a', NOW), metrics, end], false, 1],
  ])('%s', async (_, logs, isKnown, unclear) => {
    const { reading } = await read(logs, []);
    await reading.advance(11_000);
    const message = (await reading.drain()).map(dataOf).find(({ taskIdHash }) => taskIdHash === hash('a'));
    expect(message?.['success']).toBe(isKnown ? true : undefined);
    const counted = reading.loop.unreadCounts.find(({ reason }) => reason === 'metrics_unclear');
    expect(counted?.count ?? 0).toBe(unclear);
    await reading.stop();
  });
});

describe('what is sent', () => {
  test('the chain of a task is that of its completion and invoice, also after restarts', async () => {
    const path = place();
    const time = new ManualTime();
    const facts: SourceFact[] = [receivedFact('a', NOW, '10')];
    const make = (state: AgentState) => [
      new PlainSource('events', facts, { positions: state.writer.positions() }),
    ];
    const first = await new Reading(make, { path, time }).start();
    await first.stop();
    facts.push(completedFact('a', NOW), invoiceFact('i', 'a', NOW, '11'), invoiceFact('j', 'x', NOW, '12'));
    facts.push(invoiceFact('k', null, NOW));
    const second = await new Reading(make, { path, time }).start();
    expect((await second.drain()).map((message) => dataOf(message)['chainId'])).toEqual([
      '10',
      '10',
      '10',
      '12',
      undefined,
    ]);
    await second.stop();
  });

  test('a completion that waits takes the chain that the event file tells meanwhile', async () => {
    const { reading } = await read(
      [startedFact('a', NOW - 4_000), completedFact('a', NOW - 2_000), completedFact('b', NOW - 2_000)],
      [receivedFact('a', NOW - 5_000, '10'), receivedFact('b', NOW - 5_000, '11')],
    );
    await reading.advance(10_000);
    const chains = (await reading.drain()).map(dataOf).filter(({ type }) => type === 'task_completed');
    expect(chains.map((data) => data['chainId'])).toEqual(['10', '11']);
  });

  test('a chain that only the second source knows counts from then on', async () => {
    const { reading } = await read(
      [receivedFact('a', NOW, null)],
      [receivedFact('a', NOW, '10'), invoiceFact('i', 'a', NOW)],
    );
    expect((await reading.drain()).map((message) => dataOf(message)['chainId'])).toEqual([undefined, '10']);
    await reading.stop();
  });

  test.each([
    ['none', 'remembered'],
    ['all', 'queued'],
  ] as const)(
    'AGENT_HISTORY=%s - what the sources hold at the very first start is %s',
    async (history, outcome) => {
      const path = place();
      const time = new ManualTime();
      const facts: SourceFact[] = [
        receivedFact('a', NOW - 1),
        receivedFact('b', null),
        receivedFact('c', NOW),
      ];
      const make = (state: AgentState) => [
        new PlainSource('events', facts, { positions: state.writer.positions() }),
      ];
      const first = await new Reading(make, { path, time, history }).start();
      const counts = { known: 0, remembered: 0, queued: 1 };
      expect(first.state.writer.values.factCounts).toEqual({ ...counts, [outcome]: counts[outcome] + 2 });
      // What happened since the start comes first.
      facts.push(receivedFact('d', NOW - 100_000));
      await first.advance(1_000);
      const sent = (await first.drain()).map((message) => dataOf(message)['taskIdHash']);
      expect(sent).toEqual((history === 'all' ? ['c', 'd', 'a', 'b'] : ['c', 'd']).map(hash));
      await first.stop();
      facts.push(receivedFact('e', null));
      const second = await new Reading(make, { path, time, history }).start();
      expect((await second.drain()).map((message) => dataOf(message)['taskIdHash'])).toEqual([hash('e')]);
      await second.stop();
    },
  );

  test('after a lost state, records older than 24 hours are only remembered', async () => {
    const path = place();
    const time = new ManualTime();
    const DAY_MS = 86_400_000;
    const facts = [
      receivedFact('old', NOW - DAY_MS - 5_000),
      receivedFact('young', NOW - DAY_MS + 60_000),
      receivedFact('none', null),
    ];
    const make = () => [new PlainSource('events', facts)];
    const first = await new Reading(make, { path, time }).start();
    expect(await first.drain()).toHaveLength(3);
    await first.stop();
    truncateSync(path, 0);
    const second = await new Reading(make, { path, time }).start();
    expect((await second.drain()).map((message) => dataOf(message)['taskIdHash'])).toEqual([hash('young')]);
    expect(second.state.writer.values.factCounts).toEqual({ known: 0, remembered: 2, queued: 1 });
    await second.advance(1_000);
    expect(second.state.writer.phase).toBe('kept');
    await second.stop();
  });

  test.each([{ sharesTasks: false }, { isEnabled: false }])(
    'nothing with %o, and no salt is needed',
    async (optOut) => {
      const reading = new Reading(() => [new PlainSource('events', [receivedFact('a', NOW)])], {
        salt: null,
      });
      const { writer } = reading.state;
      writer.change(() => writer.setIdentity({ ...writer.identity, ...optOut }), false);
      await reading.start();
      expect(writer.values.factCounts).toEqual({ known: 0, remembered: 1, queued: 0 });
      expect(writer.counts(NOW)).toMatchObject({ active: 1, received: 1, total: 1 });
      expect(await reading.drain()).toEqual([]);
      await reading.stop();
    },
  );

  test('without a salt the sources wait, and are only looked at', async () => {
    const source = new PlainSource('events', [receivedFact('a', NOW)]);
    const reading = await new Reading(() => [source], { salt: null }).start();
    await reading.advance(3_000);
    expect(source.looks).toBeGreaterThan(2);
    expect(reading.loop.pause).toBe('no_salt');
    expect(reading.state.writer.values.factCounts.queued).toBe(0);
    const { writer } = reading.state;
    writer.change(() => writer.setSalt(SALT), false);
    reading.loop.wake();
    await reading.rest();
    expect(await reading.drain()).toHaveLength(1);
    await reading.stop();
  });
});

describe('counts', () => {
  test('active: received, not completed, younger than ten minutes', async () => {
    const { reading } = await read(
      [
        receivedFact('a', NOW - 599_000),
        receivedFact('b', NOW - 601_000),
        receivedFact('c', NOW),
        receivedFact('d', NOW),
      ],
      [completedFact('d', NOW), completedFact('e', NOW), receivedFact('e', NOW), completedFact('e', NOW)],
    );
    const { writer } = reading.state;
    expect(writer.counts(NOW)).toMatchObject({ active: 2, total: 5, received: 5, completed: 2 });
    expect(writer.counts(NOW + 2_000)).toMatchObject({ active: 1 });
    await reading.stop();
  });
});

describe('pressure', () => {
  const facts = Array.from({ length: 500 }, (_, n) => receivedFact(`execution ${n}`, NOW));

  test('AGENT_QUEUE_MAX=10 - the outbox never holds more, and nothing is lost', async () => {
    const source = new PlainSource('events', facts, { stepFacts: 64 });
    const reading = await new Reading(() => [source], { queueMax: 10 }).start();
    const sent: string[] = [];
    for (let rounds = 0; rounds < 200 && sent.length < 500; rounds++) {
      expect(reading.state.writer.waiting).toBeLessThanOrEqual(10);
      expect(reading.loop.pause).toBe(sent.length < 490 ? 'outbox_full' : reading.loop.pause);
      const messages = await reading.outbox.take(7, reading.time.nowMs(), []);
      sent.push(...messages.map(({ payload }) => payload));
      await reading.outbox.confirmed(messages.map(({ id }) => id));
      await reading.advance(10);
    }
    expect(new Set(sent).size).toBe(500);
    expect(reading.state.writer.values.factCounts).toEqual({ known: 0, remembered: 0, queued: 500 });
    await reading.stop();
  });

  test('completions that wait for metrics cannot keep the logs from being read to their end', async () => {
    const logs = new PlainSource(
      'logs',
      Array.from({ length: 50 }, (_, n) => completedFact(`${n}`, NOW)),
    );
    const reading = await new Reading(() => [logs], { queueMax: 10 }).start();
    let sent = 0;
    for (let rounds = 0; rounds < 200 && sent < 50; rounds++) {
      sent += (await reading.drain()).length;
      expect(reading.state.writer.waiting + reading.state.writer.awaiting).toBeLessThanOrEqual(10);
      await reading.advance(5_000);
    }
    expect(sent).toBe(50);
    await reading.stop();
  });

  test('a disk that refuses loses nothing, and reading goes on by itself', async () => {
    const source = new PlainSource('events', facts);
    const reading = new Reading(() => [source]);
    reading.state.database.pragma('query_only = ON');
    await reading.start();
    await reading.advance(5_000);
    expect(reading.loop.pause).toBe('state_problem');
    expect(reading.guard.errors.length).toBeGreaterThan(2);
    expect(reading.guard.errors.length).toBeLessThan(10);
    expect(reading.state.writer.values.factCounts.queued).toBe(0);
    reading.state.database.pragma('query_only = OFF');
    await reading.advance(2_000);
    expect(reading.guard.recoveries).toBe(1);
    expect(reading.loop.pause).toBeNull();
    expect(await reading.drain()).toHaveLength(500);
    await reading.stop();
  });

  test('too little space on the disk stops reading', async () => {
    const source = new PlainSource('events', facts);
    const reading = new Reading(() => [source]);
    reading.guard.isSpaceLow = true;
    await reading.start();
    await reading.advance(2_000);
    expect(reading.loop.pause).toBe('state_problem');
    expect(reading.state.writer.waiting).toBe(0);
    reading.guard.isSpaceLow = false;
    await reading.advance(1_000);
    expect(reading.state.writer.waiting).toBe(500);
    await reading.stop();
  });
});

test('five restarts on sources that have not changed send nothing', async () => {
  const path = place();
  const time = new ManualTime();
  const facts = [
    receivedFact('a', NOW),
    startedFact('a', NOW),
    metricsFact(null, NOW),
    completedFact('a', NOW),
  ];
  for (let start = 0; start < 6; start++) {
    // Every other start reads everything again.
    const make = (state: AgentState) => [
      new PlainSource('logs', facts, { positions: start % 2 === 0 ? state.writer.positions() : [] }),
    ];
    const reading = await new Reading(make, { path, time }).start();
    await reading.advance(60_000);
    expect(await reading.drain()).toHaveLength(start === 0 ? 2 : 0);
    await reading.stop();
  }
});

test('the last entry of a log, which is complete only at the second look, was there at the first start', async () => {
  const time = new ManualTime();
  const facts = [receivedFact('a', NOW - 5), receivedFact('b', NOW - 4)];
  const logs = new PlainSource('logs', facts.splice(0, 1));
  const reading = await new Reading(() => [logs], { time, history: 'none' }).start();
  expect(reading.loop.isAtEnd).toBe(false);
  logs.facts.push(...facts);
  await reading.advance(1_000);
  expect(reading.loop.isAtEnd).toBe(true);
  logs.facts.push(receivedFact('c', NOW - 3));
  await reading.advance(1_000);
  expect((await reading.drain()).map((message) => dataOf(message)['taskIdHash'])).toEqual([hash('c')]);
  expect(reading.state.writer.values.factCounts).toEqual({ known: 0, remembered: 2, queued: 1 });
  await reading.stop();
});
