// `./aggregator` in a clone: from any folder, through links, and for every command, which package.json and README know
// too.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFederationWriter } from '../../src/federation/store/federation-database.ts';
import type { CommandResult } from '../support/command.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = join(ROOT, 'aggregator');

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'command-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function run(
  script: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    execFile(script, args, { cwd, env: { PATH, HOME, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

async function commands(): Promise<readonly string[]> {
  const { stdout } = await run(SCRIPT, ['--help'], ROOT);
  return [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name]) => name ?? '');
}

describe('command', () => {
  it('command - a closed standard output is an error, and no key is made', async () => {
    const path = join(folder(), 'a.db');
    openFederationWriter(path).close();
    const closed = ['-c', '"$0" "$@" >&-', SCRIPT];
    const env = { DB_PATH: path };
    for (const args of [['keys', 'create', '--name', 'a'], ['keys', 'list'], ['--help']]) {
      const { code, stderr } = await run('sh', [...closed, ...args], ROOT, env);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(/^Standard output [^\n]+\[output_failed\]\n$/);
    }
    expect((await run(SCRIPT, ['keys', 'list'], ROOT, env)).stdout).toBe('There are no API keys.\n');
  });

  it('command - a closed standard error does not keep it from starting', async () => {
    const { code, stdout } = await run('sh', ['-c', '"$0" "$@" 2>&-', SCRIPT, '--version'], ROOT);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^aggregator \d/) as unknown });
  });

  it('command - it runs from another folder, and through links', async () => {
    const other = folder();
    mkdirSync(join(other, 'bin'));
    symlinkSync(SCRIPT, join(other, 'absolute'));
    symlinkSync('../absolute', join(other, 'bin/relative'));
    for (const script of [SCRIPT, './absolute', 'bin/relative']) {
      const help = await run(script, ['--help'], other);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toMatch(/^Usage: \.\/aggregator /);
      const status = await run(script, ['status'], other, { HTTP_PORT: '9' });
      expect(status).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(
          /^Nothing answers at http:\/\/127\.0\.0\.1:9: [^\n]+\[no_answer\]\n$/,
        ) as unknown,
      });
    }
    expect(readdirSync(other).toSorted()).toEqual(['absolute', 'bin']);
  });

  it('command - a relative file in an argument is found from the folder of the caller', async () => {
    const other = folder();
    const env = { DB_PATH: join(other, 'a.db') };
    openFederationWriter(env.DB_PATH).close();
    const made = await run(SCRIPT, ['backup', 'b.db'], other, env);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toMatch(new RegExp(`^${join(other, 'b.db')}: `));
    expect(await run(SCRIPT, ['restore', './b.db'], other, env)).toMatchObject({ code: 0 });
  });

  it('command - package.json has a script for each command, and README names only these, each in the same way', async () => {
    const names = await commands();
    expect(names).toContain('serve');
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const ours = Object.entries(scripts).filter(([, script]) => script.includes('aggregator'));
    expect(Object.fromEntries(ours)).toEqual({
      start: 'exec sh aggregator',
      ...Object.fromEntries(names.map((name) => [name, `exec sh aggregator ${name}`])),
      // Without a settings file npm shows the demonstration; a service says that the file is missing.
      mining: 'exec sh aggregator mining --or-demo',
      // Through npm a missing key is made, and a missing backend started; a service says that the key is missing.
      trades: 'exec sh aggregator trades --set-up',
      // Through npm an agent without settings and files is a demonstration; a service waits for its files.
      agent: 'exec sh aggregator agent --or-demo',
    });
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/\.\/aggregator ([a-z-]+)/g)].map(([, name]) => name ?? '');
    expect([...new Set(named)].toSorted()).toEqual([...names].toSorted());
    const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
    const texts = [readme, ...pages.map((name) => readFileSync(join(ROOT, 'docs', name), 'utf8'))];
    for (const text of texts) {
      // npm runs only scripts that are not commands of the program (start, test, bench, fuzz, chaos, build), and `mining`,
      // `trades`, `agent` and `cluster`, which begin with a demonstration.
      const throughNpm = [...text.matchAll(/npm run ([a-z-]+)/g)].map(([, name]) => name ?? '');
      expect(
        throughNpm.filter(
          (name) => names.includes(name) && !['mining', 'trades', 'agent', 'cluster'].includes(name),
        ),
      ).toEqual([]);
    }
  });
});
