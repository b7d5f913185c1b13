// A database of another program at DB_PATH, and its backup: every command refuses it by name and leaves it unchanged.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { FEDERATION_DATABASE } from '../../../src/federation/store/federation-database.ts';
import { openWriter } from '../../../src/store/database.ts';
import { runToEnd, testFolder } from '../../support/program.ts';

const MINING = {
  name: 'mining',
  migrations: ['CREATE TABLE submissions(a)'],
  ownTable: 'submissions',
  summarise: () => ({}),
} as const;

const NAMED = /is a database of mining, and this program is federation: /;

/** The files of a program that was killed before its first checkpoint. */
function makeKilled(path: string, mark: number): void {
  const database = new Sqlite(`${path}.open`);
  database.pragma('journal_mode = WAL');
  database.pragma('wal_autocheckpoint = 0');
  database.pragma(`application_id = ${mark}`);
  database.exec('CREATE TABLE submissions(a)');
  for (const suffix of ['', '-wal']) copyFileSync(`${path}.open${suffix}`, path + suffix);
  database.close();
  rmSync(`${path}.open`);
}

function makeUnmarked(path: string): void {
  const database = new Sqlite(path);
  // Without a log: SQLite would make one, and leave it, if it opened the file only for reading.
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE submissions(a)');
  database.close();
}

function makeLinked(path: string): void {
  openWriter(path, FEDERATION_DATABASE).close();
  linkSync(path, `${path}.link`);
}

/** The names in a folder, and the bytes of its files. */
function contents(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    return [name, statSync(path).isFile() ? readFileSync(path, 'base64') : ''];
  });
}

describe('other program', () => {
  it('other program - every command refuses the database of another program and leaves it unchanged', async () => {
    const own = await testFolder('other-program');
    const path = join(own.folder, 'mining.db');
    openWriter(path, MINING).close();
    const before = readFileSync(path);
    const files = readdirSync(own.folder);
    const backup = join(own.folder, 'b.db');
    for (const args of [
      ['serve'],
      ['check-config'],
      ['backup', backup],
      ['restore', path],
      ['audit'],
      ['keys', 'list'],
      ['nodes', 'block', 'node-0001'],
      ['status', '--acknowledge'],
    ]) {
      const isRestore = args[0] === 'restore';
      const env = { ...own.env, DB_PATH: isRestore ? join(own.folder, 'new.db') : path };
      const { code, told } = await runToEnd(env, args);
      expect({ args, code }).toEqual({ args, code: 1 });
      const sentences = told.filter((line) => !line.startsWith('restore: ') || NAMED.test(line));
      expect(sentences, args.join(' ')).toEqual([expect.stringMatching(NAMED)]);
      expect(sentences[0]).toMatch(isRestore ? /\[backup_unusable\]$/ : /\[database_unusable\]$/);
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(own.folder)).toEqual(files);
    }
  });

  it.each<[what: string, make: (path: string) => void, sentence: RegExp]>([
    ['the mark in the log alone', (path) => makeKilled(path, 1_835_626_089), NAMED],
    [
      'tables in the log alone',
      (path) => makeKilled(path, 0),
      /holds tables of another program, and this program is federation: /,
    ],
    [
      'tables without a mark',
      makeUnmarked,
      /holds tables of another program, and this program is federation: /,
    ],
    [
      'random bytes',
      (path) => writeFileSync(path, randomBytes(20_000)),
      /is not a database \(SQLITE_NOTADB\): /,
    ],
    ['a pipe', (path) => execFileSync('mkfifo', [path]), /is no regular file: /],
    ['a hard link', makeLinked, /has 2 names \(hard links\)/],
  ])(
    'other program - %s: every command refuses it, and no byte changes',
    async (what, make, sentence) => {
      const own = await testFolder('other-files');
      const path = join(own.folder, 'a.db');
      make(path);
      const before = contents(own.folder);
      for (const args of [
        ['serve'],
        ['check-config'],
        ['backup', join(own.folder, 'b.db')],
        ['audit'],
        ['keys', 'create', '--name', 'a'],
        ['keys', 'list'],
        ['nodes', 'list'],
        ['nodes', 'block', 'node-0001'],
        ['status', '--acknowledge'],
      ]) {
        const { code, told } = await runToEnd({ ...own.env, DB_PATH: path }, args);
        // The audit of a file with two names could not run: it is not another program's.
        expect({ args, code }).toEqual({ args, code: args[0] === 'audit' && what === 'a hard link' ? 2 : 1 });
        expect(told, args.join(' ')).toEqual([expect.stringMatching(sentence)]);
        expect(told[0]).toMatch(/\[database_unusable\]$/);
        expect(contents(own.folder)).toEqual(before);
      }
    },
    60_000,
  );

  it('other program - no backup is restored over the database of another program', async () => {
    const own = await testFolder('other-program-restore');
    const path = join(own.folder, 'mining.db');
    openWriter(path, MINING).close();
    const before = readFileSync(path);
    openWriter(join(own.folder, 'other.db'), { ...MINING, name: 'trades' }).close();
    const { code, stderr } = await runToEnd({ ...own.env, DB_PATH: path }, [
      'restore',
      join(own.folder, 'other.db'),
    ]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(NAMED)]);
    expect(readFileSync(path)).toEqual(before);
  });
});
