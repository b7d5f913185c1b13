// Commands without a database, without access to it, and with a damaged file: one sentence with a code, and no file is
// made.

import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../../support/command.ts';
import { runCommand } from '../../support/command.ts';
import { runToEnd, testFolder } from '../../support/program.ts';
import { hash, NOW_MS, received } from '../store/events.ts';
import { Opened } from '../store/opened.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const NOBODY = 65_534;

/** Root becomes a user without rights; for another user the tests cannot prepare their files. */
const CAN_CHANGE_USER = (() => {
  try {
    execFileSync('setpriv', [`--reuid=${NOBODY}`, '--clear-groups', process.execPath, '--check', MAIN], {
      stdio: 'pipe',
    });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();

function asNobody(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandResult> {
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return new Promise((resolve) => {
    execFile('setpriv', [...user, process.execPath, MAIN, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

/** A database with enough rows that every command reads more than one page. */
function makeDatabase(path: string): void {
  const opened = new Opened(path);
  for (let task = 0; task < 3000; task++) {
    opened.writer.apply(received(`node-${task % 50}`, hash(task)), {
      atMs: NOW_MS,
      nowMs: NOW_MS,
      observedMs: 0,
    });
  }
  opened.commit();
  opened.writer.close();
}

function expectOneSentence({ stderr }: CommandResult, code: string): void {
  const lines = stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !/^(audit|backup): \w+/.test(line));
  expect(lines, stderr).toEqual([expect.stringMatching(new RegExp(`\\[${code}\\]$`))]);
}

describe('refused commands', () => {
  it('refused commands - a command without a database makes none', async () => {
    const { folder } = await testFolder('no-database');
    const env = { DB_PATH: join(folder, 'none/a.db') };
    for (const [args, code] of [
      [['keys', 'create', '--name', 'a'], 'not_found'],
      [['nodes', 'block', 'node-0001'], 'not_found'],
      [['backup', join(folder, 'b.db')], 'not_found'],
      [['restore', join(folder, 'b.db')], 'backup_unusable'],
    ] as const) {
      const ended = await runCommand(args, env);
      expect({ args, ...ended }).toMatchObject({ code: 1, stdout: '' });
      expectOneSentence(ended, code);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refused commands - a command leaves a file without tables as it is', async () => {
    const { folder } = await testFolder('no-tables');
    const path = join(folder, 'a.db');
    const made = new Sqlite(path);
    made.exec('CREATE TABLE a(b); DROP TABLE a;');
    made.close();
    const before = readFileSync(path);
    for (const args of [
      ['keys', 'list'],
      ['keys', 'create', '--name', 'a'],
      ['nodes', 'blocked'],
    ]) {
      const ended = await runCommand(args, { DB_PATH: path });
      expect({ args, ...ended }).toMatchObject({ code: 1, stdout: '' });
      expectOneSentence(ended, 'not_found');
      expect(readFileSync(path).equals(before), args.join(' ')).toBe(true);
    }
  });

  it.runIf(CAN_CHANGE_USER)(
    'refused commands - a folder without access or a file of another owner gives one sentence',
    async () => {
      const { folder } = await testFolder('other-owner');
      chmodSync(folder, 0o755);
      const barred = join(folder, 'barred');
      mkdirSync(barred);
      makeDatabase(join(barred, 'a.db'));
      chmodSync(barred, 0o600);
      chownSync(barred, NOBODY, NOBODY);
      const env = {
        DB_PATH: join(barred, 'a.db'),
        HTTP_PORT: '0',
        EMBEDDED_NATS: 'off',
        NATS_URL: 'nats://127.0.0.1:1',
      };
      for (const args of [
        ['check-config'],
        ['backup', '/dev/null/b.db'],
        ['audit'],
        ['keys', 'create', '--name', 'a'],
        [],
      ]) {
        const ended = await asNobody(args, env);
        expect({ args, ...ended }).toMatchObject({ code: args[0] === 'audit' ? 2 : 1 });
        expect(ended.stderr).toContain(`may not enter the folder ${barred};`);
        expectOneSentence(ended, 'folder_not_writable');
      }
      chmodSync(barred, 0o700);
      // The folder is this user's, a file in it is root's.
      for (const file of ['a.db', 'a.db.lock']) {
        chownSync(join(barred, 'a.db'), file === 'a.db' ? 0 : NOBODY, NOBODY);
        if (file === 'a.db.lock') writeRoots(join(barred, file));
        for (const args of [['check-config'], []]) {
          const ended = await asNobody(args, env);
          expect({ args, ...ended }).toMatchObject({ code: 1 });
          expect(ended.stderr).toContain(`${join(barred, file)} belongs to root, and `);
          expectOneSentence(ended, 'folder_not_writable');
        }
        // A lock file of this user's would bar the owner of the database from it.
        if (file === 'a.db') expect(readdirSync(barred)).toEqual(['a.db']);
      }
    },
  );

  it.runIf(CAN_CHANGE_USER)(
    'refused commands - a file of another owner in the folder of the broker gives one sentence',
    async () => {
      const { folder, env } = await testFolder('broker-owner');
      chmodSync(folder, 0o755);
      const data = join(folder, 'data');
      const own = join(data, 'a-nats');
      mkdirSync(own, { recursive: true });
      for (const path of [data, own]) chownSync(path, NOBODY, NOBODY);
      const { NATS_SERVER_BIN = '', PATH = '' } = process.env;
      const start = () =>
        asNobody([], { ...env, DB_PATH: join(data, 'a.db'), HTTP_PORT: '0', NATS_SERVER_BIN, PATH });
      for (const name of ['credentials.json', 'nats-server.conf', 'nats-server.pid', 'nats-server.log']) {
        writeRoots(join(own, name));
        const ended = await start();
        expect({ name, ...ended }).toMatchObject({ code: 1 });
        expect(ended.stderr).toContain(
          `The broker's folder ${own} cannot be used: ${join(own, name)} belongs to root, `,
        );
        expectOneSentence(ended, 'folder_not_writable');
        rmSync(join(own, name));
      }
      chownSync(own, 0, 0);
      chmodSync(own, 0o700);
      const ended = await start();
      expect(ended).toMatchObject({ code: 1 });
      expect(ended.stderr).toContain(`${own} belongs to root, and `);
      expectOneSentence(ended, 'folder_not_writable');
    },
  );

  it('refused commands - a damaged backup is not restored, and leaves no file', async () => {
    const { folder, env } = await testFolder('damaged-backup');
    const backup = join(folder, 'backup.db');
    makeDatabase(backup);
    truncateSync(backup, Math.floor(statSync(backup).size / 2 / 4096) * 4096);
    const there = join(folder, 'there');
    mkdirSync(there);
    const before = filesBelow(folder);
    for (const path of [join(folder, 'new/below/a.db'), join(there, 'a.db')]) {
      const ended = await runToEnd({ ...env, DB_PATH: path }, ['restore', backup]);
      expect({ path, ...ended }).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toContain('[backup_unusable]');
      expect(filesBelow(folder)).toEqual(before);
    }
    // The lock file remains where a database is or was.
    makeDatabase(join(there, 'a.db'));
    closeSync(openSync(join(there, 'a.db.lock'), 'a', 0o600));
    await runToEnd({ ...env, DB_PATH: join(there, 'a.db') }, ['restore', backup]);
    expect(readdirSync(there).toSorted()).toEqual(['a.db', 'a.db.lock']);
  });

  it('refused commands - a damaged or truncated database gives every command one sentence', async () => {
    const { folder, env } = await testFolder('damaged');
    const whole = join(folder, 'whole.db');
    makeDatabase(whole);
    const size = statSync(whole).size;
    const damages: Readonly<Record<string, (path: string) => void>> = {
      half: (path) => truncateSync(path, Math.floor(size / 2 / 4096) * 4096),
      pages: (path) => {
        const file = openSync(path, 'r+');
        // All but the schema.
        writeSync(file, Buffer.alloc(size - 8 * 4096, 0xa5), 0, size - 8 * 4096, 8 * 4096);
        closeSync(file);
      },
    };
    for (const [name, damage] of Object.entries(damages)) {
      const path = join(folder, `${name}.db`);
      copyFileSync(whole, path);
      damage(path);
      for (const args of [['audit'], ['keys', 'list'], ['nodes', 'list'], ['backup', join(folder, 'b.db')]]) {
        const ended = await runToEnd({ ...env, DB_PATH: path }, args);
        expect({ name, args, ...ended }).toMatchObject({ code: args[0] === 'audit' ? 2 : 1, stdout: '' });
        expect(ended.stderr).toContain(path);
        expectOneSentence(ended, 'database_unusable');
      }
      expect(existsSync(join(folder, 'b.db'))).toBe(false);
      expect(readdirSync(folder).filter((each) => each.includes('unfinished'))).toEqual([]);
    }
  });
});

function writeRoots(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chownSync(path, 0, 0);
}

function filesBelow(folder: string): ReadonlySet<string> {
  return new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
}
