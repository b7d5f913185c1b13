import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backupDatabase } from '../../src/store/backup.ts';
import { hash, NOW_MS, received } from '../federation/store/events.ts';
import { Opened, testFolder } from '../federation/store/opened.ts';
import { FEDERATION_DATABASE } from '../../src/federation/store/federation-database.ts';

const SCRIPT = fileURLToPath(new URL('../support/restore-and-die.ts', import.meta.url));
let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('killed-restore');
});
afterEach(() => folder.remove());

function restore(databasePath: string, file: string, dieAt: number): Promise<number | 'killed'> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [SCRIPT, databasePath, file, String(dieAt)], (error, stdout, stderr) => {
      if (error === null) resolve(Number(stdout));
      else if (error.signal === 'SIGKILL') resolve('killed');
      else reject(new Error(stderr));
    });
  });
}

/** The number of tasks in a complete file. */
function tasksIn(path: string): number {
  const database = new Sqlite(path);
  expect(database.pragma('integrity_check', { simple: true }), path).toBe('ok');
  const tasks = Number(database.prepare('SELECT count(*) FROM tasks').pluck().get());
  database.close();
  return tasks;
}

function addTasks(opened: Opened, from: number, to: number): void {
  for (let task = from; task < to; task++) {
    opened.writer.apply(received('node-a', hash(task)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  }
  opened.commit();
}

/** Copies a database as a crash leaves it, its log included. */
function copyCrashed(from: string, to: string): void {
  for (const log of ['', '-wal']) if (existsSync(from + log)) copyFileSync(from + log, to + log);
}

describe('killed while restoring', () => {
  it('killed while restoring - the old or the restored database is in place, complete, and a second try succeeds', async () => {
    const live = folder.path('live.db');
    const backup = folder.path('backup.db');
    const opened = new Opened(live);
    addTasks(opened, 0, 200);
    await backupDatabase({
      program: FEDERATION_DATABASE,
      databasePath: live,
      file: backup,
      overwrite: false,
      progress: () => undefined,
    });
    addTasks(opened, 200, 500);
    const undisturbed = folder.path('undisturbed.db');
    copyCrashed(live, undisturbed);
    const calls = await restore(undisturbed, backup, 0);
    if (calls === 'killed') throw new Error('nobody was to be killed');
    expect(tasksIn(undisturbed)).toBe(200);
    expect(tasksIn(`${undisturbed}.replaced-0`)).toBe(500);

    const outcomes = new Set<number>();
    const kill = async (call: number) => {
      const path = folder.path(`killed-${call}.db`);
      copyCrashed(live, path);
      expect(await restore(path, backup, call)).toBe('killed');
      const looked = folder.path(`looked-${call}.db`);
      copyCrashed(path, looked);
      const tasks = tasksIn(looked);
      expect([200, 500], `killed before call ${call} of ${calls}`).toContain(tasks);
      outcomes.add(tasks);
      expect(await restore(path, backup, 0)).toBeGreaterThan(0);
      expect(tasksIn(path)).toBe(200);
      // The earlier database is never lost.
      const kept = readdirSync(dirname(path)).filter(
        (name) => /replaced-\d+$/.test(name) && name.startsWith(basename(path)),
      );
      expect(kept.map((name) => tasksIn(folder.path(name)))).toContain(500);
    };
    const waiting = Array.from({ length: calls }, (_, index) => index + 1);
    await Promise.all(
      [0, 1].map(async () => {
        for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) await kill(call);
      }),
    );
    expect(outcomes).toEqual(new Set([200, 500]));
    opened.writer.close();
  }, 240_000);

  it('killed while restoring - a damaged database is replaced, and kept unchanged with its log', async () => {
    const live = folder.path('live.db');
    const backup = folder.path('backup.db');
    const opened = new Opened(live);
    addTasks(opened, 0, 200);
    await backupDatabase({
      program: FEDERATION_DATABASE,
      databasePath: live,
      file: backup,
      overwrite: false,
      progress: () => undefined,
    });
    opened.writer.close();
    const damaged = folder.path('damaged.db');
    copyFileSync(SCRIPT, damaged);
    copyFileSync(SCRIPT, `${damaged}-wal`);
    expect(await restore(damaged, backup, 0)).toBeGreaterThan(0);
    expect(tasksIn(damaged)).toBe(200);
    expect(existsSync(`${damaged}.replaced-0`)).toBe(true);
    expect(existsSync(`${damaged}.replaced-0-wal`)).toBe(true);
  });
});
