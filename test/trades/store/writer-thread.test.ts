import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../src/trades/domain/facts.ts';
import { WAITING_FACTS_MAX } from '../../../src/trades/threads/writer-side.ts';
import { until } from '../../support/until.ts';
import {
  attempted,
  dead,
  delivered,
  job,
  keyUsed,
  openWriter,
  replayed,
  sealed,
  temporaryPath,
} from './facts.ts';
import { programPath, startForTest } from './threaded.ts';

/** Runs the program until it has said `count` ids, kills it, and returns what it said. */
async function killAfter(path: string, count: number): Promise<number[]> {
  const child = spawn(process.execPath, [programPath('commit-until-killed.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split('\n').length <= count || child.killed) continue;
    child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return text.split('\n').slice(0, -1).map(Number);
}

const soon = () => job('one', { expiresAtMs: Date.now() + 600_000 });

describe("the writer's thread", () => {
  it('writer thread - a kill during commits loses nothing that the journal had acknowledged, and every entry is whole', async () => {
    const path = temporaryPath();
    const acknowledged: number[] = [];
    for (const count of [3, 120]) acknowledged.push(...(await killAfter(path, count)));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    const { database } = openWriter(path);
    const ids = (sql: string) => database.prepare<[], number>(sql).pluck().all();
    const stored = new Set(ids('SELECT id FROM outbox'));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(120);
    // An entry without its body, its sums or its job would be half a transaction.
    for (const rows of ['bodies', 'job_rows', 'buckets'])
      expect(database.prepare(`SELECT count(*) FROM ${rows}`).pluck().get()).toBe(stored.size);
    const { side, opened } = await startForTest(path);
    const waiting = new Set(ids("SELECT id FROM outbox WHERE state = 'waiting'"));
    expect(new Set(opened.waiting.map(({ id }) => id))).toEqual(waiting);
    expect(opened.jobs).toHaveLength(stored.size);
    expect(opened.nextEntryId).toBeGreaterThan(Math.max(...stored));
    expect(side.facts).toEqual({ waiting: 0, dropped: 0 });
  });

  it('writer thread - a restart gives what waits, in the order of delivery, with jobs, dead letters and keys', async () => {
    const path = temporaryPath();
    const first = await startForTest(path);
    expect(first.opened).toEqual({
      nextEntryId: 1,
      jobs: [],
      waiting: [],
      deadLetters: { count: 0, bytes: 0 },
      keys: [],
      accounts: 0,
    });
    await first.side.journal.commit([sealed(1, { job: soon() }), sealed(2), sealed(3), sealed(4)]);
    first.side.journal.note([
      keyUsed('one'),
      dead(1),
      dead(4),
      delivered(3),
      replayed(1),
      attempted(2, 5, 777),
    ]);
    await first.stop();
    const { opened } = await startForTest(path);
    const shown = opened.waiting.toSorted((a, b) => a.place - b.place);
    expect(shown.map(({ id, attempts, nextAtMs }) => [id, attempts, nextAtMs])).toEqual([
      [2, 5, 777],
      [1, 0, 0],
    ]);
    expect(opened).toMatchObject({
      nextEntryId: 5,
      jobs: [{ entryId: 1, state: 'waiting', attempt: { status: 400, response: 'no' } }],
      deadLetters: { count: 1, bytes: 10 },
      keys: [{ key: { kid: 'kid-one' }, isRetired: false }],
    });
  });

  it('writer thread - while another process has the file locked facts wait, and then all are stored', async () => {
    const path = temporaryPath();
    const { side, stop } = await startForTest(path);
    const other = new Sqlite(path);
    other.exec('BEGIN IMMEDIATE');
    let isStored = false;
    const stored = side.journal.commit([sealed(1)]).then(() => (isStored = true));
    for (let id = 2; id < 200; id++) side.journal.note([sealed(id)]);
    await until('the lock is told', () => side.status?.databaseProblem?.includes('locked') === true);
    expect([isStored, side.facts.waiting]).toEqual([false, 199]);
    other.exec('COMMIT');
    other.close();
    await stored;
    await until('everything is stored', () => side.facts.waiting === 0);
    await until('the problem is over', () => side.status?.databaseProblem === null);
    expect(side.commitSeconds.counts.reduce((sum, count) => sum + count)).toBe(1);
    await stop();
    expect([...openWriter(path).writer.waitingPages()].flat()).toHaveLength(199);
  });

  it('writer thread - a full disk is waited for', async () => {
    const path = temporaryPath();
    const pagesMax = new Int32Array(new SharedArrayBuffer(4));
    const { side, log, stop } = await startForTest(path, { pagesMax });
    await side.journal.commit([sealed(1)]);
    pagesMax[0] = 1;
    const body = 'x'.repeat(60_000);
    const stored = side.journal.commit([sealed(2, { body })]);
    await until(
      'the full disk is told',
      () => side.status?.databaseProblem?.includes('the disk is full') === true,
    );
    pagesMax[0] = 0;
    await stored;
    await until('the end is told', () => /the disk is full.*\n.*commits work again/s.test(log.join('\n')));
    await stop();
    const { database } = openWriter(path);
    expect(database.prepare('SELECT body FROM bodies WHERE id = 2').pluck().get()).toBe(body);
  });

  it('writer thread - a fact that cannot be stored is left out and counted, and its neighbours are stored', async () => {
    const path = temporaryPath();
    const { side, log, stop } = await startForTest(path);
    const bad = sealed(2, { entry: { trades: null as unknown as number } });
    await side.journal.commit([sealed(1), bad, sealed(3)]);
    await until('the fact is counted', () => side.status?.unstorableFacts === 1);
    expect(log.join('\n')).toMatch(/a fact of the kind "sealed" cannot be stored \(SQLITE_CONSTRAINT/);
    await stop();
    expect([...openWriter(path).writer.waitingPages()].flat().map(({ id }) => id)).toEqual([1, 3]);
  });

  it('writer thread - above half of its room the journal drops failed attempts, and at the limit it refuses', async () => {
    const path = temporaryPath();
    const { side } = await startForTest(path);
    const other = new Sqlite(path);
    other.exec('BEGIN IMMEDIATE');
    const expire = (id: number): Fact => ({ type: 'jobExpired', jobHash: `${id}`.padStart(64, '0') });
    side.journal.note(Array.from({ length: WAITING_FACTS_MAX / 2 }, (_, id) => expire(id)));
    side.journal.note([attempted(1), delivered(1)]);
    expect(side.facts).toEqual({ waiting: WAITING_FACTS_MAX / 2 + 1, dropped: 1 });
    side.journal.note(Array.from({ length: WAITING_FACTS_MAX / 2 - 1 }, (_, id) => expire(id)));
    await expect(side.journal.commit([sealed(1)])).rejects.toMatchObject({ code: 'too_many' });
    other.exec('COMMIT');
    other.close();
    await until('everything is stored', () => side.facts.waiting === 0);
    await side.journal.commit([sealed(1)]);
  });

  it('writer thread - a database that is in use is told with its code', async () => {
    const path = temporaryPath();
    await startForTest(path);
    await expect(startForTest(path)).rejects.toMatchObject({ code: 'database_in_use' });
  });
});
