import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeMissing,
  listMissing,
  MISSING_OUTCOMES,
  MissingNews,
  type MissingRecord,
  NONE_MISSING,
  totalsOf,
  unacknowledged,
  withAcknowledged,
  withFound,
} from '../../../src/federation/domain/missing.ts';

const NONE = NONE_MISSING.lost;

describe('missing', () => {
  it.each<[string, MissingRecord, MissingRecord]>([
    ['the first', withFound(NONE, 400, 7), { total: 400, acknowledged: 0, firstAtMs: 7, lastAtMs: 7 }],
    ['none', withFound(NONE, 0, 7), NONE],
    [
      'more',
      withFound(withFound(NONE, 400, 7), 2, 9),
      { total: 402, acknowledged: 0, firstAtMs: 7, lastAtMs: 9 },
    ],
    [
      'all acknowledged',
      withAcknowledged(withFound(NONE, 400, 7), 400),
      { total: 400, acknowledged: 400, firstAtMs: 0, lastAtMs: 0 },
    ],
    [
      'found between the look and the acknowledgement',
      withAcknowledged(withFound(withFound(NONE, 400, 7), 2, 9), 400),
      { total: 402, acknowledged: 400, firstAtMs: 9, lastAtMs: 9 },
    ],
    [
      'found after an acknowledgement',
      withFound(withAcknowledged(withFound(NONE, 400, 7), 400), 1, 11),
      { total: 401, acknowledged: 400, firstAtMs: 11, lastAtMs: 11 },
    ],
    [
      'acknowledged again with an older look',
      withAcknowledged(withAcknowledged(withFound(NONE, 5, 7), 4), 2),
      { total: 5, acknowledged: 4, firstAtMs: 7, lastAtMs: 7 },
    ],
    [
      'more acknowledged than there is',
      withAcknowledged(withFound(NONE, 5, 7), 1e9),
      { total: 5, acknowledged: 5, firstAtMs: 0, lastAtMs: 0 },
    ],
  ])('missing - %s', (_name, record, expected) => {
    expect(record).toEqual(expected);
  });

  it('missing - messages found missing after the latest look are unacknowledged, in any order of finding, looking and acknowledging', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('find' as const), count: fc.nat(50) }),
      fc.constant({ type: 'look' as const }),
      fc.constant({ type: 'acknowledge' as const }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let record = NONE;
        let looked = 0;
        let sinceAcknowledgedLook = 0;
        let sinceLook = 0;
        steps.forEach((each, atMs) => {
          if (each.type === 'find') {
            record = withFound(record, each.count, atMs + 1);
            sinceLook += each.count;
            sinceAcknowledgedLook += each.count;
          } else if (each.type === 'look') {
            looked = record.total;
            sinceLook = 0;
          } else if (looked > 0) {
            record = withAcknowledged(record, looked);
            sinceAcknowledgedLook = sinceLook;
          }
          expect(unacknowledged(record)).toBe(sinceAcknowledgedLook);
          expect(record.firstAtMs > 0).toBe(sinceAcknowledgedLook > 0);
          expect(record.firstAtMs).toBeLessThanOrEqual(record.lastAtMs);
        });
      }),
    );
  });

  it('missing - only unacknowledged losses are listed, each with its meaning', () => {
    expect(listMissing(NONE_MISSING)).toEqual([]);
    const missing = {
      lost: withFound(NONE, 1, Date.UTC(2026, 0, 1)),
      shed: withAcknowledged(withFound(NONE, 9, 5), 9),
      quarantined: withFound(withFound(NONE, 1000, Date.UTC(2026, 0, 1)), 234, Date.UTC(2026, 0, 2)),
    };
    expect(totalsOf(missing)).toEqual({ lost: 1, shed: 9, quarantined: 1234 });
    expect(listMissing(missing).map(({ outcome, messages }) => [outcome, messages])).toEqual([
      ['lost', 1],
      ['quarantined', 1234],
    ]);
    expect(listMissing(missing).map(describeMissing)).toEqual([
      expect.stringMatching(
        /^1 message lost, found at 2026-01-01T00:00:00\.000Z, and missing .*STREAM_MAX_AGE/,
      ),
      expect.stringMatching(
        /^1,234 messages set aside, found between 2026-01-01T\S+ and 2026-01-02T\S+, and missing .* report it with the table quarantine\.$/i,
      ),
    ]);
  });

  it('missing - the log tells each loss once, a growing loss at intervals, and the remainder when the program ends', () => {
    const of = (lost: number, shed = 0, quarantined = 0) => ({
      lost: { ...NONE, total: lost },
      shed: { ...NONE, total: shed },
      quarantined: { ...NONE, total: quarantined },
    });
    const news = new MissingNews(of(400), 60_000);
    const told = (...[missing, nowMs, isLast]: Parameters<MissingNews['due']>) =>
      news.due(missing, nowMs, isLast).map((line) => /^ingest: (.*?) and missing/.exec(line)?.[1]);
    expect(told(of(400), 0)).toEqual([]);
    expect(told(of(407), 1)).toEqual(['7 messages lost']);
    expect(told(of(408), 2)).toEqual([]);
    expect(told(of(409, 3), 3)).toEqual(['3 messages thrown away']);
    expect(told(of(410, 3), 60_001)).toEqual(['3 messages lost']);
    expect(told(of(411, 3), 60_002)).toEqual([]);
    expect(told(of(411, 3), 60_003, true)).toEqual(['1 message lost']);
    // The quarantine has already logged the messages that it set aside.
    expect(told(of(411, 3, 8), 999_999)).toEqual([]);
  });

  it('missing - every outcome has a sentence', () => {
    const all = listMissing({
      lost: withFound(NONE, 2, 1),
      shed: withFound(NONE, 2, 1),
      quarantined: withFound(NONE, 2, 1),
    });
    expect(all.map(({ outcome }) => outcome)).toEqual([...MISSING_OUTCOMES]);
    for (const { meaning } of all) expect(meaning).toMatch(/^[A-Z].*\.$/);
  });
});
