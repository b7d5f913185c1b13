// An error about a program's database says where that program's DB_PATH leads; other errors stay as they are.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { explained, failureLine, sayingSetting } from '../../src/cli/failure.ts';
import { CodedError } from '../../src/lib/errors.ts';
import { takesNothing } from '../support/command.ts';

test('failure - a program explains the errors of its own commands with its own DB_PATH', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'failure-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'real'));
  symlinkSync('real', join(folder, 'link'));
  const [written, real] = [join(folder, 'link/a.db'), join(folder, 'real/a.db')];
  const failing = (fault: Error) => ({
    summary: 'fails',
    async load() {
      return {
        shape: takesNothing,
        async run() {
          throw fault;
        },
      };
    },
  });
  const commands = explained(
    {
      about: failing(new CodedError('database_in_use', `${real} is in use.`)),
      other: failing(new CodedError('usage', 'One word is missing.')),
      defect: failing(new TypeError('defect')),
    },
    async () => (env) => env['MINE'] ?? '',
  );
  const errorOf = async (name: keyof typeof commands, mine: string): Promise<unknown> => {
    const command = await commands[name].load();
    try {
      return await command.run({ name, args: [], env: { MINE: mine, DB_PATH: written } });
    } catch (error) {
      return error;
    }
  };
  const lineOf = async (name: 'about' | 'other', mine: string) =>
    failureLine((await errorOf(name, mine)) as CodedError);
  expect(await lineOf('about', written)).toBe(
    `${real} is in use. (DB_PATH ${written} leads to ${real}) [database_in_use]\n`,
  );
  expect(await lineOf('about', real)).toBe(`${real} is in use. [database_in_use]\n`);
  expect(await lineOf('other', written)).toBe('One word is missing. [usage]\n');
  expect(await errorOf('defect', written)).toBeInstanceOf(TypeError);
});

test('failure - a program whose setting has another name than DB_PATH says its own', async () => {
  const { about } = sayingSetting(
    {
      about: {
        summary: 'fails',
        load: () =>
          Promise.resolve({
            shape: takesNothing,
            run: () => Promise.reject(new CodedError('not_found', 'Check DB_PATH, or set DB_PATH.')),
          }),
      },
    },
    'database.path',
  );
  const command = await about.load();
  await expect(command.run({ name: 'about', args: [], env: {} })).rejects.toMatchObject({
    code: 'not_found',
    message: 'Check database.path, or set database.path.',
  });
});
