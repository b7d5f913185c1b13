// What people ask of the database, on real files: the history, the node list, the share of tasks with one reporter.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HISTORY_POINTS_MAX, HISTORY_SERIES } from '../../src/domain/federation/history.ts';
import type { NodeQuery, NodeSort } from '../../src/domain/federation/statistics.ts';
import { PERIODS } from '../../src/domain/federation/vocabulary.ts';
import { readHistory } from '../../src/workers/federation/history.ts';
import { readNodePage } from '../../src/workers/federation/nodes.ts';
import { readReporting } from '../../src/workers/federation/reporting.ts';
import { joined, NOW_MS, received } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

const TICK_MS = 30_000;
const HOUR_MS = 3_600_000;

const at = (atMs: number) => ({ atMs, nowMs: NOW_MS, observedMs: 0 });

let folder: ReturnType<typeof testFolder>;
let opened: Opened;
beforeEach(() => {
  folder = testFolder('questions');
  opened = new Opened(folder.path('a.db'));
});
afterEach(() => {
  opened.writer.close();
  folder.remove();
});

/** A row of each period at every time; the number of active nodes says which row it is. */
function record(timesMs: readonly number[]): void {
  const insert = opened.database.prepare(
    `INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
       failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at)
     VALUES (?, ?, ?, 2, 3, 4, 5, 6, 7, 8.5, 9.5, '')`,
  );
  opened.database.transaction(() => {
    for (const [row, atMs] of timesMs.entries()) {
      for (const period of PERIODS) insert.run(new Date(atMs).toISOString(), period, row);
    }
  })();
}

function history(query: Partial<Parameters<typeof readHistory>[1]>) {
  const asked = { period: 'all' as const, fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS, points: 300, ...query };
  return readHistory(opened.database, asked, { nowMs: NOW_MS, tickMs: TICK_MS });
}

describe('history', () => {
  const everyTick = Array.from({ length: 120 }, (_, index) => NOW_MS - HOUR_MS + index * TICK_MS);

  it('has every row when there is room, in columns of one length', () => {
    record(everyTick);
    const answer = history({ period: '7d' });
    expect(answer.series.activeNodes).toEqual(everyTick.map((_, index) => index));
    expect(answer.at.map((at) => Date.parse(at))).toEqual(everyTick);
    for (const name of HISTORY_SERIES) expect(answer.series[name], name).toHaveLength(120);
    expect(answer).toMatchObject({
      period: '7d',
      gaps: [],
      series: { successRate: everyTick.map(() => 8.5) },
    });
  });

  it('begins with `from` and ends before `to`', () => {
    record(everyTick);
    const answer = history({ fromMs: everyTick[10] ?? 0, toMs: everyTick[12] ?? 0 });
    expect(answer.series.activeNodes).toEqual([10, 11]);
  });

  it('takes the first row of each step, the same ones while the span moves on', () => {
    record(everyTick);
    const answers = [0, 1, 7].map((ticks) =>
      history({ fromMs: NOW_MS - HOUR_MS / 2 + ticks * TICK_MS, toMs: NOW_MS + ticks * TICK_MS, points: 7 }),
    );
    for (const { at, stepMs } of answers) {
      expect(stepMs).toBe(300_000);
      expect(at.length).toBeLessThanOrEqual(7);
      // All but the first, whose step the span cuts, and the newest.
      for (const time of at.slice(1, -1)) expect(Date.parse(time) % stepMs).toBe(0);
    }
  });

  it('ends with the newest row, however long a step is and however young the database', () => {
    record(everyTick);
    const newest = new Date(everyTick.at(-1) ?? 0).toISOString();
    for (const points of [2, 3, 50]) {
      const { at } = history({ fromMs: NOW_MS - 30 * 24 * HOUR_MS, points });
      expect(at.length).toBeGreaterThan(1);
      expect(at.length).toBeLessThanOrEqual(points);
      expect(at.at(-1)).toBe(newest);
    }
  });

  it('names the gaps, and not what has been thinned', () => {
    const days = 24 * HOUR_MS;
    const thinned = Array.from({ length: 40 }, (_, index) => NOW_MS - 8 * days + (index - 40) * HOUR_MS);
    record([...thinned, ...everyTick.filter((_, index) => index < 20 || index >= 60)]);
    const answer = history({ fromMs: NOW_MS - 20 * days, points: 2000 });
    expect(answer.gaps).toEqual([{ from: answer.at[39], to: answer.at[40] }]);
    expect(history({}).gaps).toEqual([
      { from: new Date(everyTick[19] ?? 0).toISOString(), to: new Date(everyTick[60] ?? 0).toISOString() },
    ]);
  });

  it('never has more rows than asked for, however many there are', () => {
    record(Array.from({ length: 5000 }, (_, index) => NOW_MS - 5000 * 100 + index * 100));
    for (const points of [2, 3, 50, HISTORY_POINTS_MAX]) {
      const { at } = history({ points });
      expect(at.length).toBeLessThanOrEqual(points);
      expect(at.length).toBeGreaterThan(points === 2 ? 0 : points / 8);
      expect(new Set(at).size).toBe(at.length);
    }
  });

  it('is empty where nothing was recorded', () => {
    expect(history({})).toMatchObject({ at: [], gaps: [], series: { totalTasks: [] } });
  });
});

describe('node list', () => {
  const page = (query: Partial<NodeQuery>) =>
    readNodePage(opened.database, {
      state: null,
      search: null,
      sort: 'firstSeen',
      descending: false,
      page: 1,
      stripCells: 0,
      ...query,
    });
  const idsOf = (query: Partial<NodeQuery>) => page(query).nodes.map(({ nodeId }) => nodeId);

  beforeEach(() => {
    for (const [index, nodeId] of ['Node_B1', 'node-a2', 'NODE-b3', 'xnode-a4'].entries()) {
      opened.writer.apply(joined(nodeId), at(NOW_MS - [3, 1, 4, 2][index]! * 1000));
    }
    opened.commit();
    opened.database.exec(`UPDATE nodes SET heartbeats = 5 - number, state = number % 3`);
  });

  it.each<[NodeSort, string[]]>([
    ['firstSeen', ['Node_B1', 'node-a2', 'NODE-b3', 'xnode-a4']],
    ['lastSeen', ['NODE-b3', 'Node_B1', 'xnode-a4', 'node-a2']],
    ['nodeId', ['NODE-b3', 'Node_B1', 'node-a2', 'xnode-a4']],
    ['heartbeats', ['xnode-a4', 'NODE-b3', 'node-a2', 'Node_B1']],
    ['state', ['NODE-b3', 'Node_B1', 'xnode-a4', 'node-a2']],
  ])('by %s, and turned round', (sort, ids) => {
    expect(idsOf({ sort })).toEqual(ids);
    expect(idsOf({ sort, descending: true })).toEqual([...ids].reverse());
  });

  it.each([
    ['NODE-', 3],
    ['_', 1],
    ['b', 2],
    ['%', 0],
    ['node', 4],
    ['nothing', 0],
  ])('finds %s in any case, and as it stands', (search, total) => {
    const answer = page({ search });
    expect([answer.total, answer.nodes.length, answer.pages]).toEqual([total, total, Math.min(1, total)]);
  });

  it('searches within a state', () => {
    expect(page({ search: 'node', state: 'stale', sort: 'nodeId' })).toMatchObject({
      total: 2,
      nodes: [{ nodeId: 'Node_B1', state: 'stale' }, { nodeId: 'xnode-a4' }],
    });
  });

  it('has a strip only when asked', () => {
    expect(page({}).nodes[0]).not.toHaveProperty('strip');
    expect(page({ stripCells: 3 }).nodes[0]?.strip).toHaveLength(3);
  });
});

describe('share of tasks with one reporter', () => {
  it('counts reporters, and leaves out what is younger than a minute', () => {
    const hash = (task: number) => task.toString(16).padStart(64, '0');
    for (let task = 0; task < 8; task++) {
      opened.writer.apply(received('node-1', hash(task)), at(NOW_MS));
      if (task % 4 === 0) opened.writer.apply(received('node-2', hash(task)), at(NOW_MS));
    }
    opened.commit();
    expect(readReporting(opened.database, NOW_MS + 59_999)).toMatchObject({
      tasks: 0,
      single: 0,
      share: null,
    });
    expect(readReporting(opened.database, NOW_MS + 60_000)).toMatchObject({
      tasks: 8,
      single: 6,
      share: 0.75,
    });
    // Set back: what was reported before is not young for the whole step.
    for (const backMs of [61_000, HOUR_MS, 40 * 24 * HOUR_MS]) {
      expect(readReporting(opened.database, NOW_MS - backMs)).toMatchObject({ tasks: 8, share: 0.75 });
    }
  });
});
