import { describe, expect, test } from 'vitest';
import { ACTIVE_MS } from '../../../src/agent/domain/fact-store.ts';
import {
  completed,
  type FateTerms,
  fateOf,
  hasFailed,
  merged,
  received,
  SENT_AGAIN_MS,
  UNKNOWN_EXECUTION,
} from '../../../src/agent/ingest/fold.ts';

const NOW_MS = 2_000_000_000_000;
const SINCE_MS = NOW_MS - 1_000;
const METRICS = { elapsedMs: 1, exitCode: 0, steps: 2, isCached: true };

describe('fateOf', () => {
  const terms = (changes: Partial<FateTerms>): FateTerms => ({
    phase: 'kept',
    history: 'all',
    sinceMs: SINCE_MS,
    sharesTasks: true,
    nowMs: NOW_MS,
    ...changes,
  });
  test.each([
    // Once everything was read, everything is new, whatever its time.
    ['kept', 'all', null, 'new'],
    ['kept', 'none', 0, 'new'],
    ['kept', 'none', NOW_MS, 'new'],
    // What the sources held at the very first start.
    ['first', 'all', null, 'history'],
    ['first', 'all', SINCE_MS - 1, 'history'],
    ['first', 'all', SINCE_MS, 'new'],
    ['first', 'none', null, 'remembered'],
    ['first', 'none', SINCE_MS - 1, 'remembered'],
    ['first', 'none', SINCE_MS, 'new'],
    // After a lost state.
    ['anew', 'all', null, 'remembered'],
    ['anew', 'all', NOW_MS - SENT_AGAIN_MS - 1, 'remembered'],
    ['anew', 'all', NOW_MS - SENT_AGAIN_MS, 'history'],
    ['anew', 'all', NOW_MS, 'history'],
    ['anew', 'none', SINCE_MS - 1, 'remembered'],
    ['anew', 'none', SINCE_MS, 'history'],
  ] as const)('%s, history %s, a fact of %s: %s', (phase, history, atMs, fate) => {
    expect(fateOf(atMs, terms({ phase, history }))).toBe(fate);
    expect(fateOf(atMs, terms({ phase, history, sharesTasks: false }))).toBe('remembered');
  });
});

describe('received', () => {
  const at = (atMs: number, isCompleted = false) =>
    received(UNKNOWN_EXECUTION, { atMs, isCompleted, nowMs: NOW_MS }).receivedMs;
  test('counts as active for ten minutes, unless it was completed', () => {
    expect(at(NOW_MS)).toBe(NOW_MS);
    expect(at(NOW_MS - ACTIVE_MS + 1)).toBe(NOW_MS - ACTIVE_MS + 1);
    expect(at(NOW_MS - ACTIVE_MS)).toBeNull();
    expect(at(NOW_MS, true)).toBeNull();
  });
  test('a time in the future counts as now', () => {
    expect(at(NOW_MS + 3_600_000)).toBe(NOW_MS);
  });
});

test('completed - only the log ends what the log began', () => {
  const execution = { receivedMs: 1, startedMs: 2, metrics: METRICS };
  expect(completed(execution, false)).toEqual({ receivedMs: null, startedMs: 2, metrics: null });
  expect(completed(execution, true)).toEqual({ receivedMs: null, startedMs: null, metrics: null });
});

test('merged - later metrics count, and leave what they do not say', () => {
  const none = { elapsedMs: null, exitCode: null, steps: null, isCached: null };
  expect(merged(null, METRICS)).toEqual(METRICS);
  expect(merged(METRICS, none)).toEqual(METRICS);
  expect(merged(METRICS, { ...none, exitCode: 7 })).toEqual({ ...METRICS, exitCode: 7 });
});

test.each([
  [null, false],
  [0, false],
  [1, true],
  [-1, true],
])('hasFailed - exit code %s: %s', (exitCode, expected) => {
  expect(hasFailed({ ...METRICS, exitCode })).toBe(expected);
  expect(hasFailed(null)).toBe(false);
});
