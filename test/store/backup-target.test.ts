import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requireTarget } from '../../src/store/backup-target.ts';

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'backup-target-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  mkdirSync(at('data/a-nats'), { recursive: true });
  mkdirSync(at('away'));
  for (const name of ['a.db', 'a.db-wal', 'a.db.lock', 'a.db.before-version-6', 'a-nats/credentials.json'])
    writeFileSync(at(`data/${name}`), 'x');
  symlinkSync(at('data'), at('folder'));
  symlinkSync(at('data/a.db-wal'), at('away/log'));
  symlinkSync(at('data/a.db-shm'), at('away/dangling'));
  linkSync(at('data/a.db.lock'), at('away/hard'));
  symlinkSync('nowhere.db', at('away/free'));
  writeFileSync(at('away/there.db'), 'x');
  symlinkSync('there.db', at('away/to-there'));
  execFileSync('mkfifo', [at('away/pipe')]);
  const target = (name: string, overwrite = true) =>
    requireTarget({
      databasePath: at('data/a.db'),
      ownFolder: at('data/a-nats'),
      file: at(name),
      overwrite,
    });
  return { at, target };
}

describe('backup target', () => {
  it.each([
    ...[
      '',
      '-wal',
      '-shm',
      '-journal',
      '.lock',
      '.holder',
      '.sock',
      '.last-backup',
      '.before-version-6',
      '.before-adoption',
    ].map((suffix) => `data/a.db${suffix}`),
    'data/a.db.replaced-2026-01-15T10-30-00.123Z',
    'data/a.db.adoption.txt',
    'data/a.db.restoring',
    'data/a-nats/credentials.json',
    'data/a-nats/new.db',
    'folder/a.db-wal',
    'folder/../data/a.db.holder',
    'away/log',
    'away/dangling',
    'away/hard',
  ])('backup target - %s belongs to the database and is refused, also with --overwrite', (name) => {
    const { target } = setUp();
    const refusal = expect.objectContaining({ code: 'backup_exists' });
    expect(() => target(name)).toThrow(refusal);
    expect(() => target(name)).toThrow(/belongs to the database|is the database itself/);
    expect(() => target(name, false)).toThrow(refusal);
  });

  it.each([
    ['away', /is a folder: name a file in it/],
    ['away/new/', /is a folder/],
    ['folder', /is a folder/],
    ['away/pipe', /is no regular file/],
  ])('backup target - %s is refused, because it is not a file', (name, said) => {
    const { target } = setUp();
    expect(() => target(name)).toThrow(said);
  });

  it('backup target - a free name is accepted, and a link to it is followed', () => {
    const { at, target } = setUp();
    expect(target('data/backup.db', false)).toBe(at('data/backup.db'));
    expect(target('data/a.db.backup', false)).toBe(at('data/a.db.backup'));
    expect(target('data/other-a.db', false)).toBe(at('data/other-a.db'));
    expect(target('away/free', false)).toBe(at('away/nowhere.db'));
    expect(() => target('away/to-there', false)).toThrow(/exists: .*--overwrite/);
    expect(target('away/to-there')).toBe(at('away/there.db'));
  });
});
