import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { QueuedMessage } from '../../../src/agent/domain/messages.ts';
import type { ReaderThreadData } from '../../../src/agent/threads/messages.ts';
import { ReaderSide } from '../../../src/agent/threads/reader-side.ts';
import type { CodedError } from '../../../src/lib/errors.ts';
import { until } from '../../support/until.ts';

const SALT = 'f'.repeat(64);

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-reader-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function dataIn(folder: string, changes: Partial<ReaderThreadData> = {}): ReaderThreadData {
  return {
    path: join(folder, 'agent.db'),
    events: [join(folder, '*-eventDB.json')],
    logs: [],
    logTimeZone: 'UTC',
    history: 'all',
    pollIntervalMs: 200,
    rescanIntervalMs: 3_600_000,
    outcomeWaitMs: 200,
    queueMax: 10_000,
    ...changes,
  };
}

function events(folder: string, count: number): void {
  const records = Array.from({ length: count }, (_, index) => ({
    type: 'task_created',
    executionId: `execution-${index}`,
    message: { chainId: '43113', taskType: 'api' },
  }));
  writeFileSync(join(folder, 'node-eventDB.json'), JSON.stringify({ records }));
}

class Side {
  readonly lines: string[] = [];
  readonly errors: CodedError[] = [];
  readonly side: ReaderSide;

  constructor(data: ReaderThreadData) {
    const say = (line: string) => void this.lines.push(line);
    this.side = new ReaderSide(data, {
      log: { info: say, warn: say, error: say },
      reported: () => undefined,
      fatal: (error) => void this.errors.push(error),
    });
  }
}

async function drain(side: ReaderSide): Promise<readonly QueuedMessage[]> {
  const messages = await side.outbox.take(1_000, Date.now(), []);
  await side.outbox.confirmed(messages.map(({ id }) => id));
  return messages;
}

test('ReaderSide - reads the files once a salt is known, and knows them after a restart', async () => {
  const folder = scratch();
  events(folder, 5);
  const first = new Side(dataIn(folder));
  const opened = await first.side.start();
  expect(opened.isNew).toBe(true);
  expect(opened.salt).toBeNull();
  await until('a pause', () => first.side.report?.pause === 'no_salt');
  expect(first.side.report?.sources[0]?.isReadable).toBe(true);
  expect(await first.side.setSalt(SALT)).toBe(false);
  await until('the end', () => first.side.report?.isAtEnd === true);
  expect(first.side.report).toMatchObject({
    waiting: 5,
    facts: { known: 0, remembered: 0, queued: 5 },
    counts: { total: 5, received: 5 },
    stateProblem: null,
    pause: null,
  });
  expect(await drain(first.side)).toHaveLength(5);
  expect(await first.side.outbox.take(1_000, Date.now(), [])).toHaveLength(0);
  await first.side.stop();
  expect(statSync(join(folder, 'agent.db')).mode & 0o777).toBe(0o600);

  events(folder, 7);
  const second = new Side(dataIn(folder));
  const again = await second.side.start();
  expect(again).toMatchObject({ isNew: false, salt: SALT, warnings: [] });
  expect(again.window).toHaveLength(1);
  expect(again.identity).toEqual(opened.identity);
  await until('the end', () => second.side.report?.isAtEnd === true && second.side.report.waiting === 2);
  expect(await drain(second.side)).toHaveLength(2);
  expect(await second.side.setSalt('e'.repeat(64))).toBe(true);
  const forgotten = await second.side.forget();
  expect(forgotten.nodeId).not.toBe(opened.identity.nodeId);
  await second.side.stop();
  expect(first.lines.concat(second.lines)).toEqual([]);
  await expect(second.side.forget()).rejects.toThrow('has stopped');
});

test('ReaderSide - with no path nothing remains of a run', async () => {
  const folder = scratch();
  events(folder, 3);
  const { side } = new Side(dataIn(folder, { path: null }));
  await side.start();
  await side.setSalt(SALT);
  await until('the end', () => side.report?.isAtEnd === true);
  expect((await drain(side)).map(({ type }) => type)).toEqual([
    'task_received',
    'task_received',
    'task_received',
  ]);
  await side.stop();
  expect(readdirSync(folder)).toEqual(['node-eventDB.json']);
});

test('ReaderSide - a second process on the state file is refused', async () => {
  const folder = scratch();
  const first = new Side(dataIn(folder));
  await first.side.start();
  const second = new Side(dataIn(folder));
  await expect(second.side.start()).rejects.toMatchObject({ code: 'database_in_use' });
  await second.side.stop();
  await first.side.stop();
  expect(first.errors).toEqual([]);
});
