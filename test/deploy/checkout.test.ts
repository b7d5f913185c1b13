// A checkout by a git that turns line ends into CRLF (core.autocrlf=true, usual on Windows and in WSL) must start.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('checkout', () => {
  it.runIf(existsSync(join(ROOT, '.git')))('checkout - a checkout with core.autocrlf=true starts', () => {
    const folder = mkdtempSync(join(tmpdir(), 'checkout-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const run = (program: string, ...args: readonly string[]) =>
      execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    // The checkout may belong to another user than the tests.
    run('git', '-c', 'safe.directory=*', 'clone', '-q', '-c', 'core.autocrlf=true', ROOT, '.');
    expect(run('git', 'ls-files', '--eol').match(/^.*\bw\/(?:crlf|mixed).*$/gm)).toBeNull();
    for (const script of ['aggregator', ...globSync('scripts/*.sh', { cwd: folder })])
      run('sh', '-n', script);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    expect(run(process.execPath, 'src/main.ts', 'check-config')).toContain('The settings are right');
  });

  it.runIf(existsSync(join(ROOT, '.git')))(
    'checkout - no file of the project is one that git must ignore',
    () => {
      const args = ['-c', 'safe.directory=*', 'ls-files', '-ci', '--exclude-standard'];
      expect(execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })).toBe('');
      const ignored = ['a.key', 'b/c.pem', 'aggregator.db-wal', 'aggregator.log.1', 'aggregator_config.yaml'];
      const found = execFileSync(
        'git',
        ['-c', 'safe.directory=*', 'check-ignore', '--no-index', ...ignored],
        {
          cwd: ROOT,
          encoding: 'utf8',
        },
      );
      expect(found.split('\n').slice(0, -1)).toEqual(ignored);
    },
  );
});
