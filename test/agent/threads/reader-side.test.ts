import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { READER_REQUESTS_MAX } from '../../../src/agent/threads/reader-side.ts';
import { dataIn, Reader, SALT, scratch, writeEvents } from '../support/reader.ts';

test('ReaderSide - reads the files once a salt is known, and knows them after a restart', async () => {
  const folder = scratch();
  writeEvents(folder, 5);
  const first = new Reader(dataIn(folder));
  const opened = await first.side.start();
  expect(opened.isNew).toBe(true);
  expect(opened.salt).toBeNull();
  const paused = await first.reported('a pause', ({ pause }) => pause === 'no_salt');
  expect(paused.sources.some(({ isReadable }) => isReadable)).toBe(true);
  expect(await first.side.setSalt(SALT)).toBe(false);
  expect(await first.reported('the end', ({ isAtEnd }) => isAtEnd)).toMatchObject({
    waiting: 5,
    facts: { known: 0, remembered: 0, queued: 5 },
    counts: { total: 5, received: 5 },
    stateProblem: null,
    pause: null,
  });
  expect(await first.drain()).toHaveLength(5);
  expect(await first.drain()).toHaveLength(0);
  await first.side.stop();
  expect(statSync(join(folder, 'agent.db')).mode & 0o777).toBe(0o600);

  writeEvents(folder, 7);
  const second = new Reader(dataIn(folder));
  const again = await second.side.start();
  expect(again).toMatchObject({ isNew: false, salt: SALT, warnings: [] });
  expect(again.window).toHaveLength(1);
  expect(again.identity).toEqual(opened.identity);
  await second.reported('the end', ({ isAtEnd, waiting }) => isAtEnd && waiting === 2);
  expect(await second.drain()).toHaveLength(2);
  expect(await second.side.setSalt('e'.repeat(64))).toBe(true);
  const forgotten = await second.side.forget();
  expect(forgotten.nodeId).not.toBe(opened.identity.nodeId);
  await second.side.stop();
  expect([...first.lines, ...second.lines]).toEqual([]);
  await expect(second.side.forget()).rejects.toThrow('has stopped');
});

test('ReaderSide - with no path nothing remains of a run', async () => {
  const folder = scratch();
  writeEvents(folder, 3);
  const reader = new Reader(dataIn(folder, { path: null }));
  await reader.side.start();
  await reader.side.setSalt(SALT);
  await reader.reported('the end', ({ isAtEnd }) => isAtEnd);
  expect((await reader.drain()).map(({ type }) => type)).toEqual(
    Array.from({ length: 3 }, () => 'task_received'),
  );
  await reader.side.stop();
  expect(readdirSync(folder)).toEqual(['node-eventDB.json']);
});

test('ReaderSide - a second process on the state file is refused', async () => {
  const folder = scratch();
  const first = new Reader(dataIn(folder));
  await first.side.start();
  const second = new Reader(dataIn(folder));
  await expect(second.side.start()).rejects.toMatchObject({ code: 'database_in_use' });
  await second.side.stop();
  await first.side.stop();
  expect(first.errors).toEqual([]);
});

test('ReaderSide - a state that was lost is said once, without a path', async () => {
  const folder = scratch();
  const first = new Reader(dataIn(folder));
  const { identity } = await first.side.start();
  await first.side.stop();
  truncateSync(join(folder, 'agent.db'), 0);
  const second = new Reader(dataIn(folder));
  expect((await second.side.start()).identity).toEqual(identity);
  await second.side.stop();
  const [line, ...more] = second.lines.filter((one) => one.includes('state: '));
  expect(more).toEqual([]);
  expect(line).toContain('the state file agent.db is missing or empty');
  expect(second.lines.join()).not.toContain(folder);
});

test('ReaderSide - above its limit of requests it refuses, and every other is answered', async () => {
  const reader = new Reader(dataIn(scratch()));
  await reader.side.start();
  const answers = Array.from({ length: READER_REQUESTS_MAX + 5 }, () => reader.side.outbox.returned());
  const settled = await Promise.allSettled(answers);
  expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(5);
  await reader.side.stop();
});

test('ReaderSide - logs and event file together: the metrics of the log, and nothing of its folder', async () => {
  const folder = scratch();
  const address = `0x${'ab'.repeat(20)}`;
  const logs = join(folder, `worker-runner-node-${address}`, 'debug');
  mkdirSync(logs, { recursive: true });
  const entry = (second: number, text: string) =>
    `2026-01-15 10:00:0${second} info: @truebit/worker-runner-node-${address}:1.2.3 ${text}\n`;
  writeFileSync(
    join(logs, 'node.log'),
    [
      entry(1, 'Starting task execution execution-0'),
      entry(
        2,
        'Command execution stdout: {"elapsed":750000000,"wasi":{"exitCode":0},"metering":{"last":{"steps":5000000}}}',
      ),
      entry(3, 'Execution execution-0 completed'),
      // Longer than the first 1,024 bytes, by which a log is known.
      entry(4, `something else ${'x'.repeat(2_000)}`),
    ].join(''),
  );
  writeEvents(folder, 1);
  const data = dataIn(folder, { logs: [join(folder, 'worker-runner-node-*', 'debug')] });
  const first = new Reader(data);
  await first.side.start();
  await first.side.setSalt(SALT);
  const report = await first.reported('the end', ({ isAtEnd, waiting }) => isAtEnd && waiting === 2);
  const sent = (await first.drain()).map(({ payload }) => payload).toSorted();
  expect(sent[0]).toContain('"executionTimeBucket":"500ms-1s","gasUsedBucket":"1M-10M"');
  expect(report.sources.map(({ source, isReadable }) => [source, isReadable])).toEqual([
    ['logs', true],
    ['events', true],
  ]);
  await first.side.stop();
  const shown = JSON.stringify([report, first.lines]);
  expect(shown).not.toContain(address);
  expect(shown).not.toContain(folder);
  const state = readFileSync(join(folder, 'agent.db'), 'latin1');
  for (const secret of [address, folder, 'execution-0', 'node.log']) expect(state).not.toContain(secret);

  const second = new Reader(data);
  await second.side.start();
  await second.reported('the end', ({ isAtEnd }) => isAtEnd);
  expect(await second.drain()).toEqual([]);
  await second.side.stop();
});
