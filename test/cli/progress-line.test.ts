import { describe, expect, it } from 'vitest';
import type { Amount } from '../../src/lib/amount.ts';
import { progressLine } from '../../src/cli/progress-line.ts';

/** Shows phases at these moments, and returns the written text. */
function written(
  isTerminal: boolean,
  calls: readonly (readonly [number, string, (number | string | Amount)?])[],
): string {
  let text = '';
  let nowMs = 0;
  const progress = progressLine('copy', { isTerminal, write: (more) => (text += more) }, () => nowMs);
  for (const [atMs, phase, share] of calls) {
    nowMs = atMs;
    progress.show(phase, share);
  }
  progress.end();
  return text;
}

describe('progress', () => {
  it('progress - without a terminal: a line when a phase begins, and every 10 s', () => {
    expect(
      written(false, [
        [5000, 'copying', 0],
        [14_999, 'copying', 0.5],
        [15_000, 'copying', 0.519],
        [24_999, 'copying', 0.6],
        [25_000, 'copying', 0.999],
        [25_001, 'verifying'],
        [25_002, 'verifying'],
        [35_001, 'verifying'],
      ]),
    ).toBe(
      'copy: copying\ncopy: copying 51 %, 9 s left\ncopy: copying 99 %, 0 s left\ncopy: verifying\ncopy: verifying\n',
    );
  });

  it('progress - on a terminal: one line, which is overwritten and removed at the end', () => {
    expect(
      written(true, [
        [0, 'copying', 0],
        [99, 'copying', 0.4],
        [100, 'copying', 0.5],
        [101, 'verifying'],
      ]),
    ).toBe('\rcopy: copying 0 %\x1b[K\rcopy: copying 50 %\x1b[K\rcopy: verifying\x1b[K\r\x1b[K');
    expect(written(true, [])).toBe('');
  });

  it('progress - an amount has its whole size, and as soon as it says something a rate and the time left', () => {
    const bytes = (mib: number) =>
      ({ done: mib * 1_048_576, whole: 800 * 1_048_576, unit: 'bytes' }) as const;
    expect(
      written(true, [
        [0, 'copying', bytes(0)],
        [500, 'copying', bytes(10)],
        [2_000, 'copying', bytes(50)],
        [40_000, 'copying', bytes(800)],
      ]),
    ).toBe(
      [
        '\rcopy: copying 0 % of 800.0 MiB\x1b[K',
        '\rcopy: copying 1 % of 800.0 MiB\x1b[K',
        '\rcopy: copying 6 % of 800.0 MiB, 25.0 MiB/s, 30 s left\x1b[K',
        '\rcopy: copying 100 % of 800.0 MiB, 20.0 MiB/s\x1b[K',
        '\r\x1b[K',
      ].join(''),
    );
    const rows = { whole: 2_000_000, unit: 'rows' } as const;
    expect(
      written(false, [
        [0, 'recounting', { ...rows, done: 5_000 }],
        [10_000, 'recounting', { ...rows, done: 40_000 }],
        [600_000, 'recounting', { ...rows, done: 100_000 }],
      ]),
    ).toBe(
      [
        'copy: recounting',
        'copy: recounting 2 % of 2,000,000 rows, 4,000 rows/s, 8 min left',
        'copy: recounting 5 % of 2,000,000 rows, 167 rows/s, 3 h 10 min left',
        '',
      ].join('\n'),
    );
  });

  it('progress - the rate of a phase begins with the phase', () => {
    expect(
      written(true, [
        [0, 'one', 0.1],
        [60_000, 'two', 0],
        [70_000, 'two', 0.5],
      ]),
    ).toContain('two 50 %, 10 s left');
  });

  it('progress - the share that is done, as text', () => {
    expect(
      written(false, [
        [0, 'sending', '0 of 60 s'],
        [10_000, 'sending', '10 of 60 s'],
      ]),
    ).toBe('copy: sending\ncopy: sending 10 of 60 s\n');
  });
});
