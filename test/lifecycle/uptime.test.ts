import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StateChange, uptime, UPTIME_WINDOW_MS, uptimeStrip } from '../../src/lifecycle/uptime.ts';
import { NODE_STATES, type NodeState } from '../../src/lifecycle/node-state.ts';

const DAY = 86_400_000;
const change = (observedMs: number, from: NodeState, to: NodeState): StateChange => ({
  observedMs,
  from,
  to,
});

describe('uptime', () => {
  it('uptime - it covers the last day', () => {
    expect(UPTIME_WINDOW_MS).toBe(DAY);
  });

  it.each<[string, NodeState, number, readonly StateChange[], number, number | null]>([
    ['nothing observed yet', 'online', 5000, [], 5000, null],
    ['first seen after the last commit', 'online', 6000, [], 5000, null],
    ['always online', 'online', 0, [], 1000, 1],
    ['stale counts as up', 'stale', 0, [change(400, 'online', 'stale')], 1000, 1],
    ['always offline', 'offline', 0, [], 1000, 0],
    ['offline since the middle', 'offline', 0, [change(500, 'stale', 'offline')], 1000, 0.5],
    ['back since the middle', 'online', 0, [change(500, 'offline', 'online')], 1000, 0.5],
    [
      'away for a quarter',
      'online',
      1000,
      [change(1100, 'online', 'stale'), change(1250, 'stale', 'offline'), change(1500, 'offline', 'online')],
      2000,
      0.75,
    ],
    [
      'seen longer than a day: only the last one counts',
      'online',
      0,
      [change(DAY + 1, 'offline', 'online')],
      2 * DAY,
      1 - 1 / DAY,
    ],
    ['a change before the window', 'online', 0, [change(10, 'offline', 'online')], 3 * DAY, 1],
    ['offline since before the window', 'offline', 0, [change(10, 'online', 'offline')], 3 * DAY, 0],
    ['a change at the window’s first moment', 'offline', 0, [change(DAY, 'online', 'offline')], 2 * DAY, 0],
    ['a change at this moment', 'offline', 0, [change(1000, 'online', 'offline')], 1000, 1],
    [
      'offline for half a day',
      'online',
      0,
      [change(DAY, 'online', 'offline'), change(1.5 * DAY, 'offline', 'online')],
      2 * DAY,
      0.5,
    ],
  ])('uptime - %s', (_what, state, firstObservedMs, changes, nowMs, share) => {
    expect(uptime(state, firstObservedMs, changes, nowMs)).toBe(share);
  });

  it('uptime - it is the share of observed milliseconds in which the node was not offline', () => {
    const life = fc.record({
      firstMs: fc.nat(50),
      first: fc.constantFrom(...NODE_STATES),
      steps: fc.array(fc.tuple(fc.nat(30), fc.constantFrom(...NODE_STATES)), { maxLength: 8 }),
      restMs: fc.nat(30),
    });
    fc.assert(
      fc.property(life, ({ firstMs, first, steps, restMs }) => {
        let state: NodeState = first;
        let atMs = firstMs;
        let upMs = 0;
        const changes: StateChange[] = [];
        for (const [ms, next] of steps) {
          if (state !== 'offline') upMs += ms;
          atMs += ms;
          changes.push(change(atMs, state, next));
          state = next;
        }
        if (state !== 'offline') upMs += restMs;
        const nowMs = atMs + restMs;
        expect(uptime(state, firstMs, changes, nowMs)).toBe(
          nowMs === firstMs ? null : upMs / (nowMs - firstMs),
        );
      }),
    );
  });
});

describe('uptime strip', () => {
  const day = UPTIME_WINDOW_MS;
  const quarter = day / 4;
  it.each([
    ['up all the time', 'online', 0, [], 2 * day, [1, 1, 1, 1]],
    ['first seen in the middle', 'online', 1.5 * day, [], 2 * day, [null, null, 1, 1]],
    ['younger than a day', 'online', 0, [], quarter, [null, null, null, 1]],
    [
      'gone for the third quarter and a half',
      'offline',
      0,
      [
        [1.5 * day, 'stale', 'offline'],
        [1.75 * day, 'offline', 'online'],
        [1.875 * day, 'stale', 'offline'],
      ],
      2 * day,
      [1, 1, 0, 0.5],
    ],
    ['not observed yet', 'online', 5, [], 5, [null, null, null, null]],
  ] as const)('%s', (_name, state, firstMs, changes, nowMs, cells) => {
    const made = changes.map(([observedMs, from, to]) => ({ observedMs, from, to }));
    expect(uptimeStrip(state, firstMs, made, nowMs, 4)).toEqual(cells);
  });
});
