import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backupDatabase, restoreDatabase } from '../../src/store/backup.ts';
import { valueOf } from '../support/rows.ts';
import { hash, NOW_MS, received } from '../federation/store/events.ts';
import { Opened, testFolder } from '../federation/store/opened.ts';
import { FEDERATION_DATABASE } from '../../src/federation/store/federation-database.ts';

/** A database whose last tasks are only in its write-ahead log, as after a kill. */
function setUp() {
  const folder = testFolder('backup-logs');
  onTestFinished(() => folder.remove());
  const path = folder.path('a.db');
  const opened = new Opened(path);
  onTestFinished(() => opened.writer.close());
  const add = (from: number, to: number) => {
    for (let task = from; task < to; task++) {
      opened.writer.apply(received('node-a', hash(task)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    }
    opened.commit();
  };
  add(0, 100);
  return { at: folder.path, path, add };
}

const COUNT = 'SELECT count(*) FROM tasks';

describe('logs of backups', () => {
  it('logs of backups - the log of a removed database is not taken for the log of the restored one', async () => {
    const { at, path, add } = setUp();
    await backupDatabase({
      program: FEDERATION_DATABASE,
      databasePath: path,
      file: at('backup.db'),
      overwrite: false,
    });
    add(100, 300);
    copyFileSync(`${path}-wal`, at('gone.db-wal'));
    const restored = restoreDatabase({
      program: FEDERATION_DATABASE,
      databasePath: at('gone.db'),
      file: at('backup.db'),
      suffix: 'replaced-0',
      nowMs: 1,
    });
    expect(restored).toMatchObject({ replaced: null, tasks: 100 });
    expect(existsSync(at('gone.db-wal'))).toBe(false);
    expect(existsSync(at('gone.db.replaced-0-wal'))).toBe(true);
    expect(valueOf(at('gone.db'), 'PRAGMA integrity_check')).toBe('ok');
    expect(valueOf(at('gone.db'), COUNT)).toBe(100);
  });

  it('logs of backups - a backup written over a copy made by hand removes the log of the copy', async () => {
    const { at, path, add } = setUp();
    copyFileSync(path, at('copy.db'));
    add(100, 300);
    copyFileSync(`${path}-wal`, at('copy.db-wal'));
    await backupDatabase({
      program: FEDERATION_DATABASE,
      databasePath: path,
      file: at('copy.db'),
      overwrite: true,
    });
    expect(existsSync(at('copy.db-wal'))).toBe(false);
    expect(valueOf(at('copy.db'), COUNT)).toBe(300);
    expect(readdirSync(at('.')).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  it('logs of backups - a copy behind a link is restored with its log', async () => {
    const { at, path, add } = setUp();
    add(100, 300);
    mkdirSync(at('away'));
    for (const log of ['', '-wal']) copyFileSync(path + log, at(`away/copy.db${log}`));
    symlinkSync('away/copy.db', at('link.db'));
    const restored = restoreDatabase({
      program: FEDERATION_DATABASE,
      databasePath: at('new.db'),
      file: at('link.db'),
      suffix: 'replaced-0',
      nowMs: 1,
    });
    expect(restored.tasks).toBe(300);
  });
});
