// A database of another program at DB_PATH, and its backup: every command refuses it by name and leaves it unchanged.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWriter } from '../../../src/store/database.ts';
import { runToEnd, testFolder } from '../../support/program.ts';

const MINING = {
  name: 'mining',
  migrations: ['CREATE TABLE submissions(a)'],
  ownTable: 'submissions',
  summarise: () => ({}),
} as const;

const NAMED = /is a database of mining, and this program is federation: /;

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
      // An audit that could not run ends with 2, because 1 means that it found a difference.
      expect({ args, code }).toEqual({ args, code: args[0] === 'audit' ? 2 : 1 });
      const sentences = told.filter((line) => !line.startsWith('restore: ') || NAMED.test(line));
      expect(sentences, args.join(' ')).toEqual([expect.stringMatching(NAMED)]);
      expect(sentences[0]).toMatch(isRestore ? /\[backup_unusable\]$/ : /\[database_unusable\]$/);
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(own.folder)).toEqual(files);
    }
  });

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
