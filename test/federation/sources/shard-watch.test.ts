import { describe, expect, it } from 'vitest';
import type { RoundHeader } from '../../../src/federation/domain/round.ts';
import {
  AWAY_HOLDS_UP_MS,
  SHARD_BEHIND_MAX_MS,
  SHARD_SILENT_AFTER_MS,
  ShardWatch,
} from '../../../src/federation/sources/shard-watch.ts';

function header(stream: string, changes: Partial<RoundHeader> = {}): RoundHeader {
  const source = { stream, incarnation: 'i' };
  const range = { first: 1, from: 0, to: 0, count: 0 };
  return { maker: 'a', source, ...range, atMs: 0, behindMs: 0, isAway: false, ...changes };
}

describe('shard watch', () => {
  it('shard watch - without any input stream nothing is observed', () => {
    const watch = new ShardWatch([]);
    watch.heard(header('X'), 0, 0);
    expect(watch.isComplete(0)).toBe(false);
  });

  it('shard watch - every expected shard must have been heard within 5 s', () => {
    const watch = new ShardWatch(['A', 'B']);
    watch.heard(header('A'), 0, 0);
    expect([watch.isComplete(0), watch.missing(0)]).toEqual([false, 'B']);
    watch.heard(header('B'), 1000, 0);
    expect(watch.isComplete(SHARD_SILENT_AFTER_MS)).toBe(true);
    expect(watch.missing(SHARD_SILENT_AFTER_MS + 1)).toBe('A');
  });

  it.each([
    ['the splitter was behind', SHARD_BEHIND_MAX_MS + 1, 0],
    ['the round waited in the log', 0, SHARD_BEHIND_MAX_MS + 1],
    ['both together', SHARD_BEHIND_MAX_MS, 1],
  ])('shard watch - a shard that is read more than 10 s late is missing: %s', (_why, behindMs, ageMs) => {
    const watch = new ShardWatch(['A']);
    watch.heard(header('A', { behindMs }), 0, ageMs);
    expect(watch.isComplete(0)).toBe(false);
    watch.heard(header('A', { behindMs: SHARD_BEHIND_MAX_MS }), 1, 0);
    expect(watch.isComplete(1)).toBe(true);
  });

  it('shard watch - a shard whose server is away holds everything up for 60 s, as long as its splitter speaks', () => {
    const watch = new ShardWatch(['A']);
    const away = (atMs: number) => watch.heard(header('A', { isAway: true, behindMs: 99_999 }), atMs, 0);
    away(0);
    expect(watch.isComplete(0)).toBe(false);
    away(AWAY_HOLDS_UP_MS);
    expect(watch.isComplete(AWAY_HOLDS_UP_MS)).toBe(false);
    expect(watch.isComplete(AWAY_HOLDS_UP_MS + 1)).toBe(true);
    expect(watch.isComplete(AWAY_HOLDS_UP_MS + SHARD_SILENT_AFTER_MS + 1)).toBe(false);
    watch.heard(header('A'), AWAY_HOLDS_UP_MS * 2, 0);
    away(AWAY_HOLDS_UP_MS * 2 + 1);
    expect(watch.isComplete(AWAY_HOLDS_UP_MS * 2 + 1)).toBe(false);
  });

  it('shard watch - a stream that is no input any more holds nothing up', () => {
    const watch = new ShardWatch(['A', 'B']);
    watch.heard(header('A'), 0, 0);
    watch.expect(['A']);
    expect(watch.isComplete(0)).toBe(true);
  });
});
