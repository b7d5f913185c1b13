import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventClock, longestGapMs } from '../../../src/federation/domain/event-clock.ts';
import {
  SourceClocks,
  type SourceTimes,
  unheardSource,
} from '../../../src/federation/domain/event-clock-of-sources.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const HOUR_MS = 3_600_000;
const GAP_MAX_MS = longestGapMs(300_000);
const START = { lastMs: 0, nowMs: 0, observedMs: 0 };

/** A message: which source it is of, its broker's time, and that broker's time when the round was made. */
type Heard = readonly [source: number, atMs: number, brokerMs?: number];

/** What the clock shows after each message. The state is stored and read again before the message `cut`. */
function shown(heard: readonly Heard[], cut = -1, start = START) {
  let clock = new SourceClocks(start, GAP_MAX_MS, false);
  let sources = new Map<number, SourceTimes>();
  return heard.map(([source, atMs, brokerMs = atMs], index) => {
    if (index === cut) {
      sources = new Map([...sources].map(([name, times]) => [name, { ...times }]));
      clock = new SourceClocks(clock.state, GAP_MAX_MS, index > 0);
    }
    const times = sources.get(source) ?? unheardSource();
    sources.set(source, times);
    clock.hear(times, brokerMs);
    const previewMs = clock.at(atMs);
    const nowMs = clock.pass(atMs, 0);
    return { nowMs, presentMs: clock.presentMs, previewMs, messageMs: clock.messageMs };
  });
}

const readings = (heard: readonly Heard[]) => shown(heard).map(({ nowMs }) => nowMs - NOW_MS);

describe('event clock of sources', () => {
  it('event clock of sources - with one source it shows what the clock of a stream shows', () => {
    const times = fc.array(fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 4e12 })), {
      minLength: 1,
    });
    const states = fc.constantFrom(START, { lastMs: NOW_MS, nowMs: NOW_MS + 5, observedMs: 0, skippedMs: 9 });
    fc.assert(
      fc.property(times, states, fc.nat(), (list, start, cut) => {
        const single = new EventClock(start, GAP_MAX_MS);
        const expected = list.map((atMs) => {
          const previewMs = single.at(atMs);
          const nowMs = single.pass(atMs, 0, false);
          return { nowMs, presentMs: single.presentMs, previewMs, messageMs: nowMs };
        });
        const heard = list.map((atMs) => [0, atMs] as const);
        expect(shown(heard, cut % list.length, start)).toEqual(expected);
      }),
    );
  });

  it.each([
    [
      'clocks that differ little are taken as they are, and the line never goes back',
      [
        [0, NOW_MS],
        [1, NOW_MS - 3000],
        [0, NOW_MS + 100],
        [1, NOW_MS + 2000],
        [0, NOW_MS + 1500],
      ],
      [0, 0, 100, 2000, 2000],
    ],
    [
      'a clock an hour ahead begins on the line, and goes on from there',
      [
        [0, NOW_MS],
        [1, NOW_MS + HOUR_MS],
        [1, NOW_MS + HOUR_MS + 500],
        [0, NOW_MS + 700],
      ],
      [0, 0, 500, 700],
    ],
    [
      'a clock an hour behind likewise',
      [
        [0, NOW_MS],
        [1, NOW_MS - HOUR_MS],
        [1, NOW_MS - HOUR_MS + 500],
      ],
      [0, 0, 500],
    ],
    [
      'a source that fell behind is put on the line again',
      [
        [0, NOW_MS],
        [1, NOW_MS],
        [0, NOW_MS + 60_000],
        [1, NOW_MS + 10],
        [1, NOW_MS + 510],
      ],
      [0, 0, 60_000, 60_000, 60_500],
    ],
    [
      'a step back of one source is a second forward on its own clock',
      [
        [0, NOW_MS],
        [1, NOW_MS],
        [1, NOW_MS - HOUR_MS],
        [0, NOW_MS + 200],
        [1, NOW_MS - HOUR_MS + 50],
      ],
      [0, 0, 1000, 1000, 1050],
    ],
  ] as const)('event clock of sources - %s', (_what, heard, expected) => {
    expect(readings(heard)).toEqual(expected);
  });

  it('event clock of sources - a message that arrives late keeps its own time, and the line does not go back', () => {
    const after = shown([
      [0, NOW_MS],
      [1, NOW_MS],
      [0, NOW_MS + 60_000],
      // The broker of source 1 was away for a minute.
      [1, NOW_MS + 500, NOW_MS + 60_000],
      [1, NOW_MS + 60_100, NOW_MS + 60_100],
    ]);
    expect(after.map(({ nowMs }) => nowMs - NOW_MS)).toEqual([0, 0, 60_000, 60_000, 60_100]);
    expect(after.map(({ messageMs }) => messageMs - NOW_MS)).toEqual([0, 0, 60_000, 500, 60_100]);
  });

  it('event clock of sources - it never goes back, a preview is right unless its broker steps back, and a restart changes nothing', () => {
    const heard = fc.tuple(fc.nat({ max: 2 }), fc.oneof(fc.nat({ max: 50_000 }), fc.nat({ max: 4e9 })));
    fc.assert(
      fc.property(fc.array(heard, { minLength: 1 }), fc.nat(), (list, cut) => {
        const messages = list.map(([source, byMs]) => [source, NOW_MS + byMs] as const);
        const whole = shown(messages);
        const times = whole.map(({ nowMs }) => nowMs);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        expect(shown(messages, cut % list.length)).toEqual(whole);
        for (const { nowMs, previewMs } of whole) expect(previewMs).toBeLessThanOrEqual(nowMs);
      }),
    );
  });
});
