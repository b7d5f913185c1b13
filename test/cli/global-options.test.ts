// The options that every command takes, and suggestions for misspelt words, as a person sees them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takeGlobalOptions } from '../../src/cli/global-options.ts';
import { nearestWord } from '../../src/config/near-names.ts';
import { programVersion } from '../../src/lib/version.ts';
import { runCommand } from '../support/command.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'global-options-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('global options', () => {
  it.each<[readonly string[], string | null, boolean, readonly string[]]>([
    [[], null, false, []],
    [['status', '--json'], null, false, ['status', '--json']],
    [['--env-file', 'f', 'status'], 'f', false, ['status']],
    [['status', '--env-file=f', '--json'], 'f', false, ['status', '--json']],
    [['--env-file=-f'], '-f', false, []],
    [['keys', 'create', '--version'], null, true, ['keys', 'create']],
    [
      ['nodes', 'block', '--', '--env-file', '--version'],
      null,
      false,
      ['nodes', 'block', '--', '--env-file', '--version'],
    ],
  ])('global options - %j', (args, envFile, asksForVersion, others) => {
    expect(takeGlobalOptions(args)).toEqual({ envFile, asksForVersion, args: others });
  });

  it.each([
    [['--env-file', 'a', '--env-file=b'], '--env-file is given twice: give it once.'],
    [['--env-file'], '--env-file is followed by no file.'],
    [['--env-file='], '--env-file is followed by no file.'],
    [['--env-file', '--json'], '--env-file is followed by another option;'],
  ])('global options - %j is refused', (args, sentence) => {
    expect(() => takeGlobalOptions(args)).toThrow(sentence);
  });

  it('global options - every word before --version is accepted', async () => {
    const text = `aggregator ${programVersion()}\n`;
    for (const words of [[], ['serve'], ['mining'], ['mining', 'backup'], ['keys', 'create'], ['enclave']]) {
      const { code, stdout, stderr } = await runCommand([...words, '--version']);
      expect([words, code, stdout, stderr]).toEqual([words, 0, text, '']);
    }
  });

  it('global options - --env-file gives settings, found from the folder of the caller; real variables win', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'my.env'), '# mine\nexport STALE_AFTER="2m" # two\nHTTP_PORT=9999\n');
    const env = { AGGREGATOR_CALLED_FROM: folder, HTTP_PORT: '1234', DB_PATH: join(folder, 'a.db') };
    const before = await runCommand(['--env-file', 'my.env', 'check-config'], env);
    expect(before).toMatchObject({ code: 0, stderr: '' });
    expect(before.stdout).toContain('STALE_AFTER=2m\n');
    expect(before.stdout).toContain('HTTP_PORT=1234\n');
    expect(await runCommand(['check-config', '--env-file=my.env'], env)).toEqual(before);
    // The word that is left out is looked for in the file too.
    writeFileSync(join(folder, 'trades.env'), 'AGGREGATOR_BACKEND_URL=ftp://hunter2\n');
    const meant = await runCommand(['--env-file', 'trades.env'], env);
    expect(meant).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AGGREGATOR_BACKEND_URL') as unknown,
    });
    writeFileSync(join(folder, 'wrong.env'), 'NATS_PASSWORD hunter2\n');
    const wrong = await runCommand(['check-config', '--env-file', 'wrong.env'], env);
    expect([wrong.code, wrong.stdout]).toEqual([1, '']);
    expect(wrong.stderr).toMatch(
      /wrong\.env has 1 mistake:\n {2}line 1: there is no = in it[^\n]+\[settings_invalid\]\n$/,
    );
    expect(wrong.stderr).not.toContain('hunter2');
  });

  it.each<[readonly string[], string]>([
    [['statsu'], "'statsu' is no command; is status meant? --help"],
    [['chek-config'], "'chek-config' is no command; is check-config meant? --help"],
    [['Backup'], "'Backup' is no command; is backup meant? --help"],
    [['nodes', 'blok'], "'blok' is no command; is block meant? --help"],
    [['mining', 'stat'], "'stat' is no command; is status meant? --help"],
    [['status', '--jsn'], "Unknown option '--jsn'; is --json meant? --help"],
    [['keys', 'create', '--rate-limt', '3'], "Unknown option '--rate-limt'; is --rate-limit meant? --help"],
    [['status', '--env-fil', 'x'], "Unknown option '--env-fil'; is --env-file meant? --help"],
    [['backup', '--overwirte', 'x'], "Unknown option '--overwirte'; is --overwrite meant? --help"],
  ])('global options - for %j the near word is suggested', async (args, sentence) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(sentence), stderr).toBe(true);
  });

  it.each([['eat'], ['x'], ['nothing'], [''], ['s'], ['--'], ['a'.repeat(500)]])(
    'global options - nothing is suggested for "%s"',
    (written) => {
      expect(nearestWord(['status', 'set', 'nodes', 'list', 'serve'], written)).toBeUndefined();
    },
  );
});
