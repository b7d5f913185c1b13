import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NONE_MISSING } from '../../../src/federation/domain/missing.ts';
import { HTTP_ERRORS } from '../../../src/http/answers.ts';
import { PARAMETER_CODES } from '../../../src/federation/http/parameters.ts';
import { createMetrics } from '../../../src/federation/metrics/metrics.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** The cells of every table row whose first cell is a word in back quotes. */
function rows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    );
}

const compareText = (a = '', b = '') => (a < b ? -1 : a > b ? 1 : 0);

const words = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

describe('docs/metrics.md - against the program', () => {
  it('has every metric with its type and labels, and no other', async () => {
    const metrics = createMetrics({
      accounts: () => null,
      status: () => null,
      nodes: () => ({ online: 0, stale: 0, offline: 0 }),
      trust: () => ({ authenticated: 0, claimed: 0 }),
      missing: () => NONE_MISSING,
      pool: () => ({ waitingQuestions: 0 }),
      feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
      logLoss: () => ({ lines: 0 }),
      descriptors: () => ({ seconds: 0 }),
      refusals: () => 0,
      version: '0',
      wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
    });
    const text = await metrics.text();
    metrics.stop();
    const actual = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}{`)) ?? '';
      const labels = [...line.matchAll(/[{,]([a-z]+)="/g)].map((match) => match[1]);
      return { name, type, labels: labels.toSorted(compareText) };
    });
    const documented = rows(read('docs/metrics.md')).map(([name, type, labels]) => ({
      name: words(name)[0],
      type,
      labels: words(labels).toSorted(compareText),
    }));
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      compareText(a.name, b.name);
    expect(documented.toSorted(byName)).toEqual(actual.toSorted(byName));
    expect(actual.length).toBeGreaterThan(30);
  });

  it('explains every metric', () => {
    for (const [name, , , meaning] of rows(read('docs/metrics.md'))) expect(meaning, name).toMatch(/\.$/);
  });
});

describe('docs/errors.md - against the program', () => {
  const [program = '', http = ''] = read('docs/errors.md').split('## Codes of answers over HTTP');

  it('has every code of the program with its remedy, in order, and no other', () => {
    const source = /export type ErrorCode =([^;]*);/.exec(read('src/lib/errors.ts'))?.[1] ?? '';
    const codes = [...source.matchAll(/'([a-z_]+)'/g)].map((match) => match[1]);
    expect(codes.length).toBeGreaterThan(10);
    expect(rows(program).map(([code]) => words(code)[0])).toEqual(codes);
    for (const [code, meaning, remedy] of rows(program)) {
      expect(meaning, code).not.toBe('');
      expect(remedy, code).not.toBe('');
    }
  });

  it('has every code of HTTP with its status, and no other', () => {
    const documented = rows(http).map(([code, status]) => [words(code)[0], Number(status)]);
    const parameters = Object.fromEntries(PARAMETER_CODES.map((code) => [code, 400]));
    expect(Object.fromEntries(documented)).toEqual({ ...HTTP_ERRORS, ...parameters });
  });
});
