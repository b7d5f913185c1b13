// A second program gets, from its description alone, a group of commands behind its name, with `status`,
// `check-config`, `backup`
// and `restore` of its own database. The program is made up; its database, files and HTTP answers are real.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { command, group } from '../../src/cli/command.ts';
import { flag, option } from '../../src/cli/command-line.ts';
import { commandHelp } from '../../src/cli/help.ts';
import { programCommands } from '../../src/cli/program-commands.ts';
import type { Program } from '../../src/cli/program.ts';
import type { StatusView } from '../../src/cli/status.ts';
import { CodedError } from '../../src/lib/errors.ts';
import { openWriter } from '../../src/store/database.ts';

const MINING: Program<{ readonly submissions: number }> = {
  database: {
    name: 'mining',
    migrations: ['CREATE TABLE submissions(a)'],
    ownTable: 'submissions',
    summarise: (database) => ({
      submissions: Number(database.prepare('SELECT count(*) FROM submissions').pluck().get()),
    }),
  },
  databaseSetting: 'DB_PATH',
  settings: [
    { name: 'DB_PATH', default: 'unset', allowed: 'a path', meaning: 'The database file.', secret: false },
  ],
  readSettings: ({ DB_PATH }) => {
    if (DB_PATH === undefined)
      throw new CodedError('settings_invalid', '1 setting is wrong:\n  DB_PATH: set it');
    return { databasePath: DB_PATH, warnings: [] };
  },
  describe: ({ submissions }) => `${submissions} submissions`,
  notInBackup: 'Nothing is left out.',
  afterRestore: 'The next start goes on.',
};

const VIEW: StatusView = {
  shows: 'readiness',
  startWords: 'mining',
  defaultUrl: 'none',
  ownUrl: () => 'http://127.0.0.1:9',
  statusOf: ({ status }) => ({ ready: status === 'ready' }),
  screenOf: ({ ready }) => `ready ${ready}\n`,
};

const served: string[][] = [];
const aggregator = group({
  about: 'All.',
  commands: {
    mining: {
      summary: 'the mining aggregator',
      load: () =>
        Promise.resolve(
          group({
            about: 'Mining.',
            commands: {
              serve: {
                summary: 'run it',
                load: () =>
                  Promise.resolve(
                    command({
                      about: 'Runs.',
                      options: { dry: flag('only look'), only: option('NAME', 'this one') },
                      exit: '0 done; 2 usage.',
                      run: ({ values }) => served.push([String(values.dry), values.only ?? '']) - 1,
                    }),
                  ),
              },
              ...programCommands({
                program: () => Promise.resolve(MINING),
                statusView: () => Promise.resolve(VIEW),
                doctor: () =>
                  Promise.resolve({ looksAt: 'nothing', examine: () => ({ warnings: [], checks: [] }) }),
              }),
            },
            standard: 'serve',
            exit: '0 done; 1 failed; 2 usage.',
          }),
        ),
    },
  },
  exit: '0 done; 1 failed; 2 usage.',
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'second-program-'));
  served.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function call(words: string, env: Readonly<Record<string, string>> = {}): Promise<number> {
  return aggregator.run({ name: 'aggregator', args: words.split(' ').filter((word) => word !== ''), env });
}

describe('program', () => {
  it('program - backup and restore take its own database, and refuse that of another program', async () => {
    const path = join(folder, 'mining.db');
    const database = openWriter(path, MINING.database);
    database.exec('INSERT INTO submissions VALUES (1)');
    database.close();
    const env = { DB_PATH: path, AGGREGATOR_CALLED_FROM: folder };
    expect(await call('mining check-config', env)).toBe(0);
    expect(await call('mining backup b.db', env)).toBe(0);
    expect(await call('mining restore b.db --json', env)).toBe(0);
    expect(readFileSync(join(folder, 'b.db')).toString('latin1', 68, 72)).toBe('mini');
    const other = join(folder, 'federation.db');
    openWriter(other, { ...MINING.database, name: 'federation' }).close();
    for (const words of ['check-config', 'backup c.db', 'restore b.db']) {
      await expect(call(`mining ${words}`, { ...env, DB_PATH: other })).rejects.toThrow(
        /a database of federation, and this program is mining/,
      );
    }
    expect(existsSync(join(folder, 'c.db'))).toBe(false);
  });

  it('program - wrong settings of this program are reported, as a sentence and as JSON', async () => {
    await expect(call('mining backup b.db')).rejects.toThrow(/DB_PATH: set it/);
    expect(await call('mining check-config --json')).toBe(1);
  });

  it('program - status asks it at its listening address, and offers no option that it lacks', async () => {
    const server = createServer((request, response) =>
      response.end(request.url === '/readyz' ? JSON.stringify({ status: 'ready', components: {} }) : ''),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await call(`mining status --http ${url}`)).toBe(0);
    await expect(call('mining status')).rejects.toThrow(/^Nothing answers at http:\/\/127\.0\.0\.1:9/);
    await expect(call('mining status --acknowledge')).rejects.toThrow(/^Unknown option '--acknowledge'/);
  });

  it('program - without a command its default command runs, with the given options', async () => {
    expect(await call('mining')).toBe(0);
    expect(await call('mining --dry --only x')).toBe(1);
    expect(served).toEqual([
      ['false', ''],
      ['true', 'x'],
    ]);
    await expect(call('mining --wet')).rejects.toThrow(/^Unknown option '--wet'/);
    await expect(call('mining nothing')).rejects.toThrow(/^'nothing' is not one of: serve, status, /);
    await expect(call('')).rejects.toThrow(/^One of these words is missing: mining\. /);
    expect(await call('help mining')).toBe(0);
    expect(await call('mining help backup')).toBe(0);
  });
});

describe('help', () => {
  it('help - the text is made from the parsed definition: operands, options, values, defaults, exit codes; no line is too long', () => {
    const words = 'a word and one more '.repeat(10).trim();
    const options = {
      json: flag('print JSON'),
      timeout: { ...option('S', words), default: '60' },
    };
    const text = commandHelp('aggregator x', {
      about: `${words}\n\nMore.`,
      operands: ['FILE'],
      options,
      table: [['NAME', 'A row.']],
      exit: '0 done.',
    });
    expect(text).toMatch(/^Usage: aggregator x FILE \[options\]\n\na word /);
    expect(text).toMatch(
      /\n {2}--json {11}print JSON\n {2}--timeout S {6}a word .*\n {19}\S.*; default 60\n {2}--env-file FILE {2}read .*\n\n {2}NAME {2}A row\.\n\nExit code: 0 done\.\n$/s,
    );
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});
