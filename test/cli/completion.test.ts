// Shell completion: the script for bash is run by a real bash; those for zsh and fish are checked by these shells where
// they are, and always against the commands.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/command.ts';

let folder = '';
const scripts: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await runCommand(['completion', shell]);
    if (code !== 0) throw new Error(stderr);
    scripts[shell] = stdout;
    writeFileSync(join(folder, `script.${shell}`), stdout);
  }
  mkdirSync(join(folder, 'files/inner'), { recursive: true });
  for (const name of ['old.db', 'old two.db', 'new.db']) writeFileSync(join(folder, 'files', name), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash offers behind these words, the last of which is not finished. */
function offered(...words: readonly string[]): readonly string[] {
  const program = `
    source "$1"; shift
    cd "$1"; shift
    [[ $(complete -p aggregator) == *_aggregator* && $(complete -p truebit-aggregator) == *_aggregator* ]] || exit 9
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _aggregator
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = [
    '--norc',
    '-c',
    program,
    'bash',
    join(folder, 'script.bash'),
    join(folder, 'files'),
    ...words,
  ];
  const text = execFileSync('bash', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

describe('completion', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['aggregator', 'sta'], ['status']],
    [
      ['./aggregator', 'mini'],
      ['mining', 'mining-sim'],
    ],
    [
      ['aggregator', 'keys', ''],
      ['create', 'list', 'revoke'],
    ],
    [['aggregator', 'keys', 'create', '--na'], ['--name']],
    [['aggregator', 'mining', 'back'], ['backup']],
    [['aggregator', 'mining', '--de'], ['--demo']],
    [['aggregator', 'mining', 'status', '--l'], ['--live']],
    [
      ['aggregator', 'completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [
      ['aggregator', 'restore', 'o'],
      ['old two.db', 'old.db'],
    ],
    [
      ['aggregator', 'restore', '--json', ''],
      ['inner', 'new.db', 'old two.db', 'old.db'],
    ],
    [['aggregator', 'status', '--http', ''], []],
    [['aggregator', 'status', 'x'], []],
    [['aggregator', 'mining', '--config', 'ne'], ['new.db']],
    [['aggregator', 'mining', '-c', 'new.db', 'stat'], ['status']],
    [['aggregator', '--env-file', 'ne'], ['new.db']],
    [['aggregator', '--env-file', '=', 'ne'], ['new.db']],
    [
      ['aggregator', '--env-file', '='],
      ['inner', 'new.db', 'old two.db', 'old.db'],
    ],
    [['aggregator', '--env-file', 'new.db', 'chec'], ['check-config']],
    [['aggregator', '--env-file', '=', 'new.db', 'chec'], ['check-config']],
    [['aggregator', 'verify', 'ne'], ['new.db']],
    [['aggregator', 'unknown', 'word', 'sta'], ['status']],
  ])('completion - bash offers behind %j', (words, choice) => {
    expect(offered(...words)).toEqual(choice);
  });

  it('completion - bash offers every option that a help text names', async () => {
    for (const words of [['backup'], ['keys', 'create'], ['mining', 'status'], ['register-user']]) {
      const { stdout } = await runCommand([...words, '--help']);
      const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z0-9-]+)/gm)].map(([, name]) => name ?? '');
      const choice = offered('aggregator', ...words, '--');
      expect(named.filter((name) => !choice.includes(name))).toEqual([]);
      expect(choice).toContain('--help');
    }
  });

  it.each(['zsh', 'fish'])(
    'completion - the script for %s has every command, and the shell can read it',
    async (shell) => {
      const script = scripts[shell] ?? '';
      const { stdout } = await runCommand(['--help']);
      const names = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name ?? '');
      expect(names.filter((name) => !script.includes(name))).toEqual([]);
      const check = spawnSync(shell, ['-n', join(folder, `script.${shell}`)], { encoding: 'utf8' });
      const isHere = check.error === undefined;
      expect(isHere ? [check.status, check.stderr] : [0, '']).toEqual([0, '']);
    },
  );
});
