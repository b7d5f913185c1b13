// Tests that the pages name: each file exists, and so does each title that stands beside a file in a table.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });
const textOf = (file: string) => readFileSync(`${ROOT}${file}`, 'utf8');

/** Rows of tables of which one cell is a test file, and the next cell its title. */
function rowsOf(page: string) {
  return textOf(page)
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .flatMap((cells) => {
      const at = cells.findIndex((cell) => /^`test\/[^`]+\.ts`$/.test(cell));
      if (at === -1) return [];
      return [
        { first: cells[1] ?? '', path: (cells[at] ?? '').replaceAll('`', ''), title: cells[at + 1] ?? '' },
      ];
    });
}

describe('named tests', () => {
  it.each(PAGES)('named tests - every file that %s names exists', (page) => {
    const names = [...textOf(page).matchAll(/`(test\/[\w./-]+\.(?:ts|yml|json))`/g)].map(
      ([, name = '']) => name,
    );
    expect(names.filter((name) => !existsSync(`${ROOT}${name}`))).toEqual([]);
  });

  it.each([
    ['docs/agent.md', 18],
    ['docs/mining.md', 25],
    ['docs/security.md', 25],
    ['docs/trades.md', 45],
  ])('named tests - every title of %s is in its file', (page, least) => {
    const rows = rowsOf(page);
    expect(rows.length).toBeGreaterThan(least);
    expect(rows.filter(({ path, title }) => title === '' || !textOf(path).includes(title))).toEqual([]);
  });

  it('named tests - each of the failure stories S1 to S28 has a test', () => {
    const stories = rowsOf('docs/mining.md').flatMap(({ first }) => /^S(\d+):/.exec(first)?.[1] ?? []);
    expect(stories).toEqual(Array.from({ length: 28 }, (_none, index) => String(index + 1)));
  });

  it('named tests - each failure story of trades has a test', () => {
    const stories = rowsOf('docs/trades.md').flatMap(({ first }) => /^(\d+):/.exec(first)?.[1] ?? []);
    const numbered = Array.from({ length: 30 }, (_none, index) => index + 1);
    expect(stories).toEqual(numbered.filter((story) => story <= 2 || story >= 8).map(String));
  });
});
