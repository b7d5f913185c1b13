// Every npm script, and every script that a person calls, answers --help in one screen, at once and without doing anything:
// each is asked in a folder in which nothing but the scripts stands, so that any work would fail or leave a file.

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LINES_MAX = 40;
const COLUMNS_MAX = 120;

/** Parts of other scripts, which no person calls. */
const PARTS = new Set(['copy-pages.sh']);
/** The script of an npm command that is a tool of others, with a help of its own; it changes nothing with --help. */
const TOOLS = { format: 'biome format --write' };

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};
const called = readdirSync(join(ROOT, 'scripts')).filter(
  (name) =>
    name.endsWith('.sh') &&
    readFileSync(join(ROOT, 'scripts', name), 'utf8').startsWith('#!') &&
    !PARTS.has(name),
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'script-help-'));
  cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ask(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: '/usr/bin:/bin' }, timeout: 10_000 };
    execFile('sh', [...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

describe('script help', () => {
  it.each(called)('script help - scripts/%s answers --help and does nothing', async (name) => {
    const { code, stdout, stderr } = await ask([`scripts/${name}`, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: /);
    expect(stdout).toMatch(/\n\nExit code: 0 [^\n]+\n$/s);
    const lines = stdout.split('\n');
    expect(lines.length).toBeLessThanOrEqual(LINES_MAX);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(COLUMNS_MAX);
    expect(await ask([`scripts/${name}`, 'more', '-h'])).toEqual({ code, stdout, stderr });
    expect(readdirSync(folder)).toEqual(['scripts']);
  });

  it('script help - every npm script is a command of the program, one of these scripts, or a known tool', () => {
    const others = Object.entries(scripts).filter(([, script]) => !/^exec sh aggregator( |$)/.test(script));
    const strange = others.filter(([name, script]) => {
      const file = /^exec sh scripts\/([a-z-]+\.sh)( --clean)?$/.exec(script)?.[1];
      return file === undefined ? (TOOLS as Record<string, string>)[name] !== script : !called.includes(file);
    });
    expect(strange).toEqual([]);
  });

  it('script help - the help of bench names every measurement', async () => {
    const { stdout } = await ask(['scripts/bench.sh', '--help']);
    const source = readFileSync(join(ROOT, 'bench/main.ts'), 'utf8');
    const names = [...source.matchAll(/^ {2}'?([a-z-]+)'?: (?:bench|async)/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(20);
    const words = stdout.split(/\s+/);
    expect(names.filter((name) => !words.includes(name))).toEqual([]);
  });
});
