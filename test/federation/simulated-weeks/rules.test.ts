// docs/rules.md against the tests: every test that it names must exist.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ROWS = readFileSync(`${ROOT}docs/rules.md`, 'utf8')
  .split('\n')
  .filter((line) => /^\| \d+\.\d+ /.test(line))
  .map((line) => {
    const [, rule = '', test = '', name = ''] = line.split('|').map((cell) => cell.trim());
    return { rule, number: rule.split(' ')[0] ?? '', test, name };
  });
const HELD = ROWS.filter(({ test }) => test !== 'not yet');

describe('rules', () => {
  it('rules - there are rows for each of the six parts, numbered without a gap', () => {
    const expected: string[] = [];
    for (const part of [3, 4, 5, 6, 7, 8]) {
      const count = ROWS.filter(({ number }) => number.startsWith(`${part}.`)).length;
      expect(count).toBeGreaterThan(15);
      for (let row = 1; row <= count; row++) expected.push(`${part}.${row}`);
    }
    expect(ROWS.map(({ number }) => number)).toEqual(expected);
  });

  it('rules - a rule without a test gives the reason', () => {
    expect(ROWS.filter(({ test, name }) => test === 'not yet' && name === '')).toEqual([]);
  });

  it.each(HELD)('rules - $rule', ({ test, name }) => {
    const [, path] = /^`(test\/[\w./-]+\.test\.ts)`$/.exec(test) ?? [];
    expect(path, `"${test}" is neither a test file nor "not yet"`).toBeDefined();
    expect(existsSync(`${ROOT}${path}`), `${path} does not exist`).toBe(true);
    expect(name).not.toBe('');
    // The formatter does not wrap titles, so the named part is on one line, behind a quote and not in a comment.
    const lines = readFileSync(`${ROOT}${path}`, 'utf8').split('\n');
    const holding = lines.filter((line) => line.includes(name));
    const titles = holding.filter(
      (line) =>
        /^\s*(?:(?:it|test|describe)\b|\[?['"`]|\]\S*\()/.test(line) &&
        /['"`]/.test(line.slice(0, line.indexOf(name))),
    );
    expect(titles, `no test of ${path} is called so`).not.toEqual([]);
  });
});
