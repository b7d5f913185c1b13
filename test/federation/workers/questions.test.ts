// The questions to the database, on real files: the history, the node list, the share of tasks with one reporter.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HISTORY_POINTS_MAX, HISTORY_SERIES } from '../../../src/federation/domain/history.ts';
import type { NodeQuery, NodeSort } from '../../../src/federation/domain/statistics.ts';
import { PERIODS } from '../../../src/federation/domain/vocabulary.ts';
import { readLastTick } from '../../../src/federation/workers/last-tick.ts';
import { readHistory } from '../../../src/federation/workers/history.ts';
import { readNodeListings, readNodeOrder, readNodePage } from '../../../src/federation/workers/nodes.ts';
import { readReporting } from '../../../src/federation/workers/reporting.ts';
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
function record(timesMs: readonly number[], intervalMs: number | null = TICK_MS): void {
  const insert = opened.database.prepare(
    `INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
       failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at, interval_ms)
     VALUES (?, ?, ?, 2, 3, 4, 5, 6, 7, 8.5, 9.5, '', ?)`,
  );
  opened.database.transaction(() => {
    for (const [row, atMs] of timesMs.entries()) {
      for (const period of PERIODS) insert.run(new Date(atMs).toISOString(), period, row, intervalMs);
    }
  })();
}

/** Marks the database as thinned up to these times, to hours and to stretches of 5 minutes. */
function thinnedUntil(atMs: number): void {
  for (const name of ['thinned_to_hours_until_ms', 'thinned_to_5_minutes_until_ms']) {
    const isHours = name === 'thinned_to_hours_until_ms';
    opened.database
      .prepare(
        'INSERT INTO settings_kept (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      )
      .run(name, isHours ? Math.min(atMs, NOW_MS - 8 * 24 * HOUR_MS) : atMs);
  }
}

function history(query: Partial<Parameters<typeof readHistory>[1]>) {
  const asked = { period: 'all' as const, fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS, points: 300, ...query };
  return readHistory(opened.database, asked, TICK_MS);
}

describe('history', () => {
  const everyTick = Array.from({ length: 120 }, (_, index) => NOW_MS - HOUR_MS + index * TICK_MS);

  it('has the counts of one label, and null where a row does not list it', () => {
    record(everyTick.slice(0, 3));
    const write = opened.database.prepare(
      'UPDATE network_stats SET chain_distribution = ? WHERE active_nodes = ?',
    );
    write.run('{"137":5,"other":9}', 0);
    write.run('{"__proto__":3}', 1);
    const bar = (label: string) => history({ bar: { distribution: 'chainDistribution', label } }).bar;
    expect(bar('137')).toEqual([5, null, null]);
    expect(bar('__proto__')).toEqual([null, 3, null]);
    expect(bar('toString')).toEqual([null, null, null]);
    expect(history({}).bar).toBeUndefined();
  });

  it('has every row if the answer has room, in columns of one length', () => {
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

  it('has the nodes by state of every tick, and null where a row does not know them', () => {
    record([NOW_MS - 2 * TICK_MS]);
    const { periods } = opened.statistics();
    const counted = { ...periods.all, onlineNodes: 3, staleNodes: 2, offlineNodes: 1 };
    opened.writer.statistics({ nowMs: NOW_MS - TICK_MS, periods: { ...periods, all: counted } });
    opened.commit();
    expect(history({}).series).toMatchObject({
      onlineNodes: [null, 3],
      staleNodes: [null, 2],
      offlineNodes: [null, 1],
    });
  });

  it('begins with `from` and ends before `to`', () => {
    record(everyTick);
    const answer = history({ fromMs: everyTick[10] ?? 0, toMs: everyTick[12] ?? 0 });
    expect(answer.series.activeNodes).toEqual([10, 11]);
  });

  it('takes the first row of each step, and the same rows as the span moves on', () => {
    record(everyTick);
    const answers = [0, 1, 7].map((ticks) =>
      history({ fromMs: NOW_MS - HOUR_MS / 2 + ticks * TICK_MS, toMs: NOW_MS + ticks * TICK_MS, points: 7 }),
    );
    for (const { at, stepMs } of answers) {
      expect(stepMs).toBe(300_000);
      expect(at.length).toBeLessThanOrEqual(7);
      // All except the first, whose step the span cuts, and the newest.
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

  // Old rows carry no interval; new rows are thinned up to the times in the database.
  it.each([null, TICK_MS])('names the gaps, and takes no thinned stretch for a gap (%s)', (intervalMs) => {
    const days = 24 * HOUR_MS;
    const thinned = Array.from(
      { length: 40 },
      (_, index) => NOW_MS - 8 * days - HOUR_MS / 2 + (index - 40) * HOUR_MS,
    );
    const rows = [...thinned, ...everyTick.filter((_, index) => index < 20 || index >= 60)];
    record(rows, intervalMs);
    if (intervalMs !== null) thinnedUntil(NOW_MS - 8 * days);
    const answer = history({ fromMs: NOW_MS - 20 * days, points: 2000 });
    const recent = {
      from: new Date(everyTick[19] ?? 0).toISOString(),
      to: new Date(everyTick[60] ?? 0).toISOString(),
    };
    expect(answer.gaps).toEqual([{ from: answer.at[39], to: answer.at[40] }, recent]);
    expect(history({}).gaps).toEqual([recent]);
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

  /** Runs of rows as [first minute before now, rows], every TICK_MS. */
  const runs = (...list: readonly (readonly [number, number])[]) =>
    list.flatMap(([minutes, rows]) =>
      Array.from({ length: rows }, (_, index) => NOW_MS - minutes * 60_000 + index * TICK_MS),
    );
  const gapsOf = (query: Parameters<typeof history>[0]) => {
    const { at, gaps } = history(query);
    // Each gap lies between two neighbouring rows of the answer.
    for (const gap of gaps) expect(at[at.indexOf(gap.from) + 1]).toBe(gap.to);
    return gaps.map(({ from, to }) => [from, to].map((text) => (NOW_MS - Date.parse(text)) / 60_000));
  };

  it.each([
    ['every row is shown', { points: 300 }],
    ['the run shares its step with rows before', { points: 6 }],
    ['a step is as long as the absence', { fromMs: NOW_MS - 24 * HOUR_MS, points: 80 }],
  ])('a run that left a single row stands between two gaps: %s', (_name, query) => {
    record(runs([60, 20], [31, 1], [12, 10]));
    expect(gapsOf(query)).toEqual([
      [50.5, 31],
      [31, 12],
    ]);
  });

  it.each([TICK_MS, null])(
    'runs that left a single row each are points between gaps, with or without a stored interval (%s)',
    (intervalMs) => {
      record(runs([60, 3], [50, 1], [30, 1], [10, 3]), intervalMs);
      const expected = [
        [59, 50],
        [50, 30],
        [30, 10],
      ];
      // Without a stored interval, two single rows may be neighbours at a longer interval.
      expect(gapsOf({})).toEqual(intervalMs === null ? [expected[0], expected[2]] : expected);
    },
  );

  it('a gap begins at the last row recorded before it, however wide the steps are', () => {
    record(runs([50 * 60, 130 * 10], [30 * 60, 3000], [3 * 60, 360]));
    const [first, second] = gapsOf({ fromMs: NOW_MS - 720 * HOUR_MS, points: 400 });
    expect([first, second]).toEqual([
      [3000 - 1299 / 2, 1800],
      [1800 - 2999 / 2, 180],
    ]);
  });

  it('the interval stored with the row decides what is a gap, not the current one or that of other rows', () => {
    const slow = Array.from({ length: 6 }, (_, index) => NOW_MS - 60 * 60_000 + index * 300_000);
    record(slow, 300_000);
    record(runs([34.5, 20], [20, 40]), TICK_MS);
    // Today’s is 30 s, and of most rows too; the slow ones lie 5 minutes apart, and the absence took 4.5 minutes.
    expect(gapsOf({})).toEqual([[25, 20]]);
    opened.database.exec('DELETE FROM network_stats');
    record(slow, 300_000);
    record(runs([10, 2]), 1000);
    expect(gapsOf({})).toEqual([
      [35, 10],
      [10, 9.5],
    ]);
  });

  it('rows thinned early by a clock that was ahead are no gap, and downtime among thinned rows is a gap', () => {
    const fives = Array.from({ length: 12 }, (_, index) => NOW_MS - HOUR_MS + index * 300_000);
    record(fives.filter((_, index) => index < 6 || index > 7));
    expect(gapsOf({})).toHaveLength(9);
    thinnedUntil(NOW_MS);
    expect(gapsOf({})).toEqual([[35, 20]]);
  });

  it('a clock set forward leaves a gap where no row is, a clock set back leaves none', () => {
    record(runs([60, 10], [30, 10], [31, 10]));
    expect(gapsOf({})).toEqual([[55.5, 31]]);
  });

  it('has no more rows than asked for if every row is single, and keeps every gap', () => {
    record(
      Array.from({ length: 300 }, (_, index) => NOW_MS - HOUR_MS + index * 12_000),
      1000,
    );
    for (const points of [2, 3, 10, 50, 299, 300, 400]) {
      const { at, gaps } = history({ points });
      expect(at.length).toBeLessThanOrEqual(points);
      expect(gaps).toHaveLength(at.length - 1);
      expect(at.at(-1)).toBe(new Date(NOW_MS - 12_000).toISOString());
      expect(gapsOf({ points })).toHaveLength(gaps.length);
      if (points >= 400) expect(at).toHaveLength(300);
    }
  });

  it('is empty if no row was recorded', () => {
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
  ])('is sorted by %s, in both directions', (sort, ids) => {
    expect(idsOf({ sort })).toEqual(ids);
    expect(idsOf({ sort, descending: true })).toEqual(ids.toReversed());
    const order = readNodeOrder(opened.database, { state: null, search: null, sort, descending: true });
    expect(readNodeListings(opened.database, [...order], 2)).toEqual(
      page({ sort, descending: true, stripCells: 2 }).nodes,
    );
  });

  it.each([
    ['NODE-', 3],
    ['_', 1],
    ['b', 2],
    ['%', 0],
    ['node', 4],
    ['nothing', 0],
  ])('finds %s in upper or lower case, and takes no character as a wildcard', (search, total) => {
    const answer = page({ search });
    expect([answer.total, answer.nodes.length, answer.pages]).toEqual([total, total, Math.min(1, total)]);
  });

  it('searches within a state', () => {
    expect(page({ search: 'node', state: 'stale', sort: 'nodeId' })).toMatchObject({
      total: 2,
      nodes: [{ nodeId: 'Node_B1', state: 'stale' }, { nodeId: 'xnode-a4' }],
    });
  });

  it('has uptime strips only when asked', () => {
    expect(page({}).nodes[0]).not.toHaveProperty('strip');
    expect(page({ stripCells: 3 }).nodes[0]?.strip).toHaveLength(3);
  });
});

describe('the time of the latest recorded statistics', () => {
  it('is that of the newest row, also after rows of a clock that was ahead', () => {
    expect(readLastTick(opened.database, 'all')).toBeNull();
    record([NOW_MS, NOW_MS + 40 * 24 * HOUR_MS, NOW_MS + TICK_MS]);
    expect(readLastTick(opened.database, 'all')).toBe(NOW_MS + TICK_MS);
  });
});

describe('share of tasks with one reporter', () => {
  it('counts reporters, and leaves out tasks younger than a minute', () => {
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
    // The clock is set back: tasks reported before do not count as young for the size of the step.
    for (const backMs of [61_000, HOUR_MS, 40 * 24 * HOUR_MS]) {
      expect(readReporting(opened.database, NOW_MS - backMs)).toMatchObject({ tasks: 8, share: 0.75 });
    }
  });
});
