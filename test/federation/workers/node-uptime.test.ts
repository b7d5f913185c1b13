// Uptime from stored changes of state: over longer windows, where old changes are deleted, and as an order of all nodes.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UPTIME_WINDOW_MS } from '../../../src/lifecycle/uptime.ts';
import { numbersByUptime, ORDER_KEPT_MS } from '../../../src/federation/workers/node-uptime.ts';
import { readNode, readNodePage } from '../../../src/federation/workers/nodes.ts';
import { NODE_STATES, type NodeState } from '../../../src/lifecycle/node-state.ts';
import { openReader } from '../../../src/store/database.ts';
import { DAY_MS, joined, NOW_MS } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

let folder: ReturnType<typeof testFolder>;
let opened: Opened;
let files = 0;
beforeEach(() => {
  folder = testFolder('node-uptime');
  opened = new Opened(folder.path('a.db'), { transitionsPerNodeMax: 4 });
});
afterEach(() => {
  opened.writer.close();
  folder.remove();
});

/** Makes the nodes, and moves each to the next state after each of these times on the observed clock. */
function live(
  lives: readonly (readonly { readonly atMs: number; readonly to: NodeState }[])[],
  nowMs: number,
) {
  const { writer } = opened;
  lives.forEach((_life, at) =>
    writer.applyNext(joined(`node-${at}`), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 }),
  );
  opened.commit();
  lives.forEach((life, at) => {
    let from: NodeState | null = null;
    for (const { atMs, to } of life) {
      writer.transition({
        nodeId: `node-${at}`,
        atMs: NOW_MS + atMs,
        observedMs: atMs,
        from,
        to,
        cause: 'silence',
      });
      from = to;
    }
  });
  writer.commit(NOW_MS, nowMs);
}

const ask = (windowMs: number, stripCells: number) => {
  const node = readNode(opened.database, { nodeId: 'node-0', windowMs, stripCells });
  return [node?.uptime, node?.strip];
};

describe('uptime of one node', () => {
  it('counts over the window that is asked for', () => {
    live(
      [
        [
          { atMs: 0, to: 'online' },
          { atMs: 5 * DAY_MS, to: 'offline' },
          { atMs: 6 * DAY_MS, to: 'online' },
        ],
      ],
      10 * DAY_MS,
    );
    expect(ask(DAY_MS, 0)).toEqual([1, undefined]);
    expect(ask(7 * DAY_MS, 7)).toEqual([6 / 7, [1, 1, 0, 1, 1, 1, 1]]);
    // Not known before it was first seen.
    expect(ask(20 * DAY_MS, 10)).toEqual([0.9, [null, null, null, null, null, 1, 1, 0.5, 1, 1]]);
  });

  it('says what it does not know if the oldest changes are deleted', () => {
    const changes = Array.from({ length: 8 }, (_, day) => ({
      atMs: day * DAY_MS,
      to: day % 2 === 0 ? ('online' as const) : ('offline' as const),
    }));
    live([changes], 8 * DAY_MS);
    // The four newest are left: of the days 4, 5, 6 and 7.
    expect(ask(8 * DAY_MS, 8)).toEqual([0.5, [null, null, null, null, 1, 0, 1, 0]]);
  });
});

describe('the order of all nodes', () => {
  it('is that of the uptime which each node shows', () => {
    const change = fc.record({
      gapMs: fc.integer({ min: 1, max: UPTIME_WINDOW_MS }),
      to: fc.constantFrom(...NODE_STATES),
    });
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 7 }), { minLength: 1, maxLength: 6 }), (drawn) => {
        opened.writer.close();
        opened = new Opened(folder.path(`${files++}.db`), { transitionsPerNodeMax: 4 });
        let nowMs = 1;
        const lives = drawn.map((life) => {
          let atMs = 0;
          let state: NodeState | null = null;
          return life.flatMap(({ gapMs, to }) => {
            if (to === state) return [];
            state = to;
            atMs += gapMs;
            nowMs = Math.max(nowMs, atMs + 1);
            return [{ atMs, to }];
          });
        });
        live(lives, nowMs);
        const { database } = opened;
        const page = (sort: 'uptime' | 'firstSeen', descending: boolean) =>
          readNodePage(database, { state: null, search: null, sort, descending, page: 1, stripCells: 0 })
            .nodes;
        const shown = page('firstSeen', false).map(({ uptime }, at) => ({
          uptime: uptime ?? -1,
          number: at + 1,
        }));
        const expected = shown
          .toSorted((one, other) => one.uptime - other.uptime || one.number - other.number)
          .map(({ number }) => `node-${number - 1}`);
        expect(page('uptime', false).map(({ nodeId }) => nodeId)).toEqual(expected);
        expect(page('uptime', true).map(({ nodeId }) => nodeId)).toEqual(expected.toReversed());
      }),
      { numRuns: 30 },
    );
  });

  it('is kept for a while by a thread, filtered anew for each question, and then made again', () => {
    live([[{ atMs: 1, to: 'online' }], [{ atMs: 1, to: 'offline' }]], 10);
    const reader = openReader(folder.path('a.db'));
    try {
      expect(numbersByUptime(reader, 10, 0)).toEqual([2, 1]);
      const turned = { atMs: NOW_MS, observedMs: 1, cause: 'left' };
      opened.writer.transition({ ...turned, nodeId: 'node-0', from: 'online', to: 'offline' });
      opened.writer.transition({ ...turned, nodeId: 'node-1', from: 'offline', to: 'online' });
      opened.writer.commit(NOW_MS, 10);
      expect(numbersByUptime(reader, 10, ORDER_KEPT_MS - 1)).toEqual([2, 1]);
      expect(numbersByUptime(reader, 10, ORDER_KEPT_MS)).toEqual([1, 2]);
    } finally {
      reader.close();
    }
    const online = { state: 'online' as const, search: 'e-1', sort: 'uptime' as const };
    const page = readNodePage(opened.database, { ...online, descending: true, page: 1, stripCells: 0 });
    expect(page.nodes.map(({ nodeId }) => nodeId)).toEqual(['node-1']);
  });
});
