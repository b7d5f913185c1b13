// The coarse time of a message, and the border of 24 hours.

import { describe, expect, it } from 'vitest';
import { eventTime, isOlderThanADay } from '../../../src/agent/domain/event-time.ts';

const NOW_MS = Date.parse('2026-01-15T10:34:59.999Z');
const DAY_MS = 86_400_000;

describe('event time', () => {
  it.each([
    ['an earlier time', Date.parse('2026-01-15T10:29:59.999Z'), '2026-01-15T10:25:00.000Z'],
    ['a multiple of five minutes', Date.parse('2026-01-15T10:25:00.000Z'), '2026-01-15T10:25:00.000Z'],
    ['now', NOW_MS, '2026-01-15T10:30:00.000Z'],
    ['a later time', NOW_MS + DAY_MS, '2026-01-15T10:30:00.000Z'],
    ['none', null, '2026-01-15T10:30:00.000Z'],
    ['no number', Number.NaN, '2026-01-15T10:30:00.000Z'],
    ['a time before 1970', -1, '1970-01-01T00:00:00.000Z'],
  ])('%s', (_case, atMs, text) => {
    expect(eventTime(atMs, NOW_MS)).toBe(text);
  });

  it.each([
    [NOW_MS, false],
    [NOW_MS + DAY_MS, false],
    [NOW_MS - DAY_MS, false],
    [NOW_MS - DAY_MS - 1, true],
    [null, true],
    [Number.NaN, true],
  ])('older than a day - %s: %s', (atMs, isOlder) => {
    expect(isOlderThanADay(atMs, NOW_MS)).toBe(isOlder);
  });
});
