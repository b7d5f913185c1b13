import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { NO_STATISTICS } from '../../../src/mining/domain/statistics.ts';
import { until } from '../../support/until.ts';
import { account, entry, information, openWriter, submitted, temporaryPath } from './facts.ts';
import { programPath, startForTest } from './threaded.ts';

/** Runs the program until it has said `count` more ids, kills it, and returns what it said. */
async function killAfter(path: string, first: number, count: number): Promise<number[]> {
  const child = spawn(process.execPath, [programPath('commit-until-killed.ts'), path, String(first)], {
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

describe("the writer's thread", () => {
  it('writer thread - a kill during commits loses nothing that the journal had acknowledged', async () => {
    const path = temporaryPath();
    const acknowledged: number[] = [];
    let first = 1;
    for (const count of [3, 120]) {
      acknowledged.push(...(await killAfter(path, first, count)));
      first = Math.max(...acknowledged) + 100;
    }
    const { database, writer } = openWriter(path);
    const stored = new Set(
      database.prepare<[], string>('SELECT raw_quality FROM submissions').pluck().all().map(Number),
    );
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(120);
    const { entries, nextEntryId } = writer.kept();
    expect(entries.length).toBeGreaterThanOrEqual(acknowledged.length);
    expect(nextEntryId).toBeGreaterThan(Math.max(...acknowledged));
  });

  it('writer thread - while another process has the file locked facts wait, and then all are stored', async () => {
    const path = temporaryPath();
    const threaded = await startForTest(path);
    const other = new Sqlite(path);
    other.exec('BEGIN IMMEDIATE');
    let isStored = false;
    const stored = threaded.journal.commit([submitted(1n, 'waiting')]).then(() => (isStored = true));
    for (let id = 2; id < 200; id++) threaded.journal.note([{ type: 'entry', entry: entry(id) }]);
    await until('the lock is told', () => threaded.status?.databaseProblem?.includes('locked') === true);
    expect([isStored, threaded.journal.waiting]).toEqual([false, 199]);
    other.exec('COMMIT');
    other.close();
    await stored;
    await until('everything is stored', () => threaded.journal.waiting === 0);
    await until('the problem is over', () => threaded.status?.databaseProblem === null);
    await threaded.stop();
    expect(openWriter(path).writer.kept().entries).toHaveLength(198);
  });

  it('writer thread - who was ever seen is known as soon as the file is open', async () => {
    const path = temporaryPath();
    const first = await startForTest(path);
    await first.journal.commit([submitted(1n, 'waiting')]);
    await first.stop();
    const second = await startForTest(path);
    expect(second.statistics).toMatchObject({ uniqueMiners: 1, uniqueMachines: 1 });
    await until('the statistics are complete', () => second.statistics?.isComplete === true);
    await second.stop();
  });

  it('writer thread - a full disk is waited for', async () => {
    const path = temporaryPath();
    const pagesMax = new Int32Array(new SharedArrayBuffer(4));
    const threaded = await startForTest(path, { seams: { pagesMax } });
    await threaded.journal.commit([submitted(1n, 'waiting')]);
    pagesMax[0] = 1;
    const text = 'x'.repeat(60_000);
    const stored = threaded.journal.commit([information(5n, { text })]);
    await until(
      'the full disk is told',
      () => threaded.status?.databaseProblem?.includes('the disk is full') === true,
    );
    pagesMax[0] = 0;
    await stored;
    await until('the end is told', () =>
      /the disk is full.*\n.*commits work again/s.test(threaded.log.join('\n')),
    );
    await threaded.stop();
    expect(openWriter(path).writer.kept().informations[0]?.information.text).toBe(text);
  });

  it('writer thread - a fact that cannot be stored is left out and counted, and its neighbours are stored', async () => {
    const path = temporaryPath();
    const threaded = await startForTest(path);
    const bad = { ...entry(2), receivedAtMs: null as unknown as number };
    await threaded.journal.commit([
      { type: 'entry', entry: entry(1) },
      { type: 'entry', entry: bad },
      { type: 'entry', entry: entry(3) },
    ]);
    await until('the fact is counted', () => threaded.status?.unstorableFacts === 1);
    expect(threaded.log.join('\n')).toMatch(
      /a fact of the kind "entry" cannot be stored \(SQLITE_CONSTRAINT/,
    );
    await threaded.stop();
    expect(
      openWriter(path)
        .writer.kept()
        .entries.map(({ id }) => id),
    ).toEqual([1, 3]);
  });

  it('writer thread - statistics are published, and go on after a restart with the times that they had', async () => {
    const path = temporaryPath();
    const atMs = Date.now() - 3_600_000;
    const first = await startForTest(path);
    await first.journal.commit([
      information(1000n),
      submitted(300n, 'waiting', { atMs }),
      submitted(400n, 'waiting', { atMs: atMs + 1000, accountId: account(2) }),
      { type: 'seen', atMs: atMs + 5000, machineId: 'm', address: '10.0.0.1', polls: 9 },
      { type: 'seen', atMs: Date.now() - 86_500_000, machineId: 'gone', address: '10.0.0.2', polls: 9 },
    ]);
    await until(
      'statistics',
      () => first.statistics?.isComplete === true && first.statistics.pairs.length === 2,
    );
    const { atMs: _first, ...before } = first.statistics ?? NO_STATISTICS;
    await first.stop();
    const second = await startForTest(path);
    await until('statistics', () => second.statistics?.isComplete === true);
    const { atMs: _second, ...after } = second.statistics ?? NO_STATISTICS;
    expect(after).toEqual(before);
    expect(after).toMatchObject({
      uniqueMiners: 2,
      uniqueMachines: 2,
      machines: [{ machineId: 'm', seenAtMs: atMs + 5000 }],
      pairs: [{ submittedAtMs: atMs, submissions24h: 1 }, { submittedAtMs: atMs + 1000 }],
      bests: [{ rawQuality: 300n, accountId: account(1) }],
    });
    expect(after.pairs[0]?.capacityTib).toBeGreaterThan(0);
  });

  it('writer thread - a database that cannot be opened is told with its code', async () => {
    const path = temporaryPath();
    openWriter(path).database.close();
    chmodSync(path, 0o444);
    const isRoot = process.getuid?.() === 0;
    if (!isRoot) await expect(startForTest(path)).rejects.toThrow(/read-only|cannot be/);
    chmodSync(path, 0o600);
    await startForTest(path);
    await expect(startForTest(path)).rejects.toThrow(/is in use by/);
  });
});
