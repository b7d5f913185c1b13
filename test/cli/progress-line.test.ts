import { describe, expect, it } from 'vitest';
import { progressLine } from '../../src/cli/progress-line.ts';

/** Shows phases at these moments, and returns the written text. */
function written(
  isTerminal: boolean,
  calls: readonly (readonly [number, string, (number | string)?])[],
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
    ).toBe('copy: copying\ncopy: copying 51 %\ncopy: copying 99 %\ncopy: verifying\ncopy: verifying\n');
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

  it('progress - the share that is done, as text', () => {
    expect(
      written(false, [
        [0, 'sending', '0 of 60 s'],
        [10_000, 'sending', '10 of 60 s'],
      ]),
    ).toBe('copy: sending\ncopy: sending 10 of 60 s\n');
  });
});
