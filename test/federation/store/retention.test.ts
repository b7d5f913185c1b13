import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { PRUNE_REST_MS } from '../../../src/federation/store/housekeeping.ts';
import { EXAMINED_ROWS_MAX } from '../../../src/federation/store/key-walk.ts';
import { PRUNED_ROWS_MAX } from '../../../src/federation/store/retention.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { completed, DAY_MS, hash, invoiced, joined, NO_LIMITS, NOW_MS, received, signal } from './events.ts';
import { Opened, testFolder } from './opened.ts';

let folder: ReturnType<typeof testFolder>;
let files = 0;
const open = (options = {}) => new Opened(folder.path(`${files++}.db`), options);
beforeEach(() => {
  folder = testFolder('retention');
});
afterEach(() => folder.remove());

const moment = (atMs: number, observedMs = 0) => ({ atMs, nowMs: NOW_MS, observedMs });

type Step =
  | { readonly type: 'message'; readonly atMs: number; readonly signal: Signal }
  | { readonly type: 'prune'; readonly cutoffMs: number }
  | { readonly type: 'commit' }
  | { readonly type: 'reopen' };
const agoMs = fc.oneof(
  fc.integer({ min: 0, max: 45 }).map((days) => days * DAY_MS),
  fc.integer({ min: 0, max: 90_000_000 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('message' as const),
      atMs: agoMs.map((ago) => NOW_MS - ago),
      signal,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('prune' as const),
      cutoffMs: agoMs.map((ago) => NOW_MS - ago + 1),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ type: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'reopen' as const }) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' });

/** The ids that have rows: hashes of tasks and of invoices, and node ids. */
function idsOf(opened: Opened) {
  return {
    task: new Set(opened.column('SELECT lower(hex(hash)) FROM tasks').map(String)),
    invoice: new Set(opened.column('SELECT lower(hex(hash)) FROM invoices').map(String)),
    node: new Set(opened.column('SELECT node_id FROM nodes').map(String)),
  };
}

/**
 * The name of an id in the file that is never pruned: each time that the id is pruned and comes back, it gets a new
 * name.
 */
class Names {
  readonly #times = new Map<string, number>();
  gone(kind: string, id: string): void {
    const key = `${kind} ${id}`;
    this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
  }
  of(kind: string, id: string): string {
    const times = this.#times.get(`${kind} ${id}`) ?? 0;
    return times === 0 ? id : kind === 'node' ? `${id}-${times}` : `${hash(times)}${id}`;
  }
  in(message: Signal): Signal {
    const nodeId = this.of('node', message.nodeId);
    if (!('idHash' in message)) return { ...message, nodeId };
    const kind = message.type === 'invoice_created' ? 'invoice' : 'task';
    return { ...message, nodeId, idHash: this.of(kind, message.idHash) };
  }
}

/** Runs the steps on a file that is pruned and on one that is not; a crash takes what is uncommitted from both. */
function runBoth(list: readonly Step[], generationSize: number) {
  const pruned = open({ generationSize });
  const whole = open();
  const names = new Names();
  const uncommitted = { task: new Set<string>(), invoice: new Set<string>(), node: new Set<string>() };
  const commit = () => {
    const before = idsOf(pruned);
    pruned.commit();
    whole.commit();
    const after = idsOf(pruned);
    for (const kind of ['task', 'invoice', 'node'] as const) {
      const seen = new Set([...before[kind], ...uncommitted[kind]]);
      for (const id of seen) if (!after[kind].has(id)) names.gone(kind, id);
      uncommitted[kind].clear();
    }
  };
  for (const each of list) {
    switch (each.type) {
      case 'message': {
        pruned.writer.apply(each.signal, moment(each.atMs));
        whole.writer.apply(names.in(each.signal), moment(each.atMs));
        uncommitted.node.add(each.signal.nodeId);
        if ('idHash' in each.signal)
          uncommitted[each.signal.type === 'invoice_created' ? 'invoice' : 'task'].add(each.signal.idHash);
        break;
      }
      case 'prune':
        pruned.writer.pruneStep(each.cutoffMs);
        break;
      case 'commit':
        commit();
        break;
      case 'reopen':
        pruned.reopen();
        whole.reopen();
        for (const ids of Object.values(uncommitted)) ids.clear();
        break;
    }
  }
  commit();
  return { pruned, whole };
}

/** Totals of the period `all` that retention must not touch. */
function lifetime(opened: Opened) {
  const {
    tasksLast24h: _t,
    invoicesLast24h: _i,
    onlineNodes: _on,
    staleNodes: _stale,
    offlineNodes: _off,
    activeNodes: _active,
    ...rest
  } = opened.statistics().periods.all;
  return rest;
}

function expectRollupsToEqualRows(opened: Opened): void {
  const rows = opened.all(`
    SELECT dimension, label, sum(count) AS count FROM (
      SELECT 0 AS dimension, CASE WHEN outcome IS NULL THEN 0 WHEN outcome < 162 THEN 1 ELSE 2 END AS label, 1 AS count FROM tasks
      UNION ALL SELECT 1, 0, 1 FROM tasks WHERE outcome % 3 = 0
      UNION ALL SELECT 2, (outcome / 18) % 9, 1 FROM tasks WHERE outcome IS NOT NULL
      UNION ALL SELECT 3, (outcome / 3) % 6, 1 FROM tasks WHERE outcome IS NOT NULL
      UNION ALL SELECT 4, coalesce(chain, 0), 1 FROM tasks
      UNION ALL SELECT 5, coalesce(type, 0), 1 FROM tasks
      UNION ALL SELECT 6, 0, 1 FROM invoices
      UNION ALL SELECT 7, steps, 1 FROM invoices
      UNION ALL SELECT 8, memory, 1 FROM invoices
    ) GROUP BY 1, 2 ORDER BY 1, 2`);
  const cells = (table: string) =>
    opened.all(
      `SELECT dimension, label, sum(count) AS count FROM ${table} WHERE dimension < 9 GROUP BY 1, 2 ORDER BY 1, 2`,
    );
  expect(cells('rollup_minutes')).toEqual(rows);
  expect(cells('rollup_hours')).toEqual(rows);
  expect(cells('rollup_totals')).toEqual(rows);
  for (const table of ['rollup_minutes', 'rollup_hours', 'rollup_totals', 'pruned_totals'])
    expect(opened.column(`SELECT count(*) FROM ${table} WHERE count <= 0`)).toEqual([0]);
  expect(opened.column('SELECT coalesce(sum(count), 0) FROM rollup_totals WHERE dimension = 9')).toEqual(
    opened.column('SELECT count(*) FROM nodes'),
  );
}

describe('retention', () => {
  it('retention - lifetime statistics equal those of a file without pruning in which an id that comes back is a new id', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 3, 100), (list, generationSize) => {
        const { pruned, whole } = runBoth(list, generationSize);
        expect(lifetime(pruned)).toEqual(lifetime(whole));
        expectRollupsToEqualRows(pruned);
        expect(pruned.writer.totalNodes).toBe(whole.writer.totalNodes);
        pruned.reopen();
        expect(pruned.writer.totalNodes).toBe(whole.writer.totalNodes);
        expect(lifetime(pruned)).toEqual(lifetime(whole));
        pruned.writer.close();
        whole.writer.close();
      }),
      { numRuns: 150 },
    );
  });

  it('retention - a whole pass deletes every row last seen before the cutoff, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ atMs: agoMs.map((ago) => NOW_MS - ago), signal }), {
          maxLength: 40,
          size: 'max',
        }),
        agoMs.map((ago) => NOW_MS - ago),
        (events, cutoffMs) => {
          const opened = open();
          for (const event of events) opened.writer.apply(event.signal, moment(event.atMs));
          opened.commit();
          const younger = () =>
            ['tasks', 'invoices'].map((table) =>
              opened.column(
                `SELECT hash FROM ${table} WHERE first_ms + last_after_ms >= ${cutoffMs} ORDER BY id`,
              ),
            );
          const kept = younger();
          const before = lifetime(opened);
          opened.prune(cutoffMs);
          expect(younger()).toEqual(kept);
          for (const table of ['tasks', 'invoices'])
            expect(
              opened.column(`SELECT count(*) FROM ${table} WHERE first_ms + last_after_ms < ${cutoffMs}`),
            ).toEqual([0]);
          expect(opened.column(`SELECT count(*) FROM nodes WHERE last_ms < ${cutoffMs}`)).toEqual([0]);
          expect(lifetime(opened)).toEqual(before);
          expect(opened.prune(cutoffMs)).toBe(0);
          opened.writer.close();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('retention - a row exactly as old as the cutoff stays', () => {
    const opened = open();
    opened.writer.apply(received('node-a', hash(1)), moment(NOW_MS - 1));
    opened.writer.apply(received('node-a', hash(2)), moment(NOW_MS));
    expect(opened.prune(NOW_MS)).toBe(1);
    expect(opened.column('SELECT id FROM tasks')).toEqual([2]);
    opened.writer.close();
  });

  it('retention - a row that was seen again since the last commit stays', () => {
    const opened = open();
    opened.writer.apply(received('node-a', hash(1)), moment(NOW_MS - 40 * DAY_MS));
    opened.commit();
    opened.writer.apply(received('node-a', hash(1)), moment(NOW_MS));
    expect(opened.prune(NOW_MS - 30 * DAY_MS)).toBe(0);
    expect(opened.column('SELECT count(*) FROM tasks')).toEqual([1]);
    opened.writer.close();
  });

  it('retention - a message for a pruned id counts as new, also while its row was in memory', () => {
    const opened = open({ generationSize: 1000 });
    for (const message of [received('node-a', hash(1)), invoiced('node-a', hash(1))])
      expect(opened.writer.apply(message, moment(NOW_MS - 40 * DAY_MS))).toBe('applied');
    expect(opened.prune(NOW_MS - 30 * DAY_MS)).toBe(3);
    for (const message of [received('node-a', hash(1)), invoiced('node-a', hash(1))]) {
      expect(opened.writer.apply(message, moment(NOW_MS))).toBe('applied');
      expect(opened.writer.apply(message, moment(NOW_MS))).toBe('duplicate');
    }
    opened.commit();
    expect(opened.statistics().periods.all).toMatchObject({ totalTasks: 2, totalInvoices: 2, totalNodes: 2 });
    expect(opened.column('SELECT length(reporters) FROM tasks')).toEqual([4]);
    opened.writer.close();
  });

  it('retention - a pruned node is reported, counts as offline, and loses its transitions', () => {
    const opened = open();
    opened.writer.apply(joined('node-a'), moment(NOW_MS - 40 * DAY_MS));
    opened.writer.apply(joined('node-b'), moment(NOW_MS));
    opened.commit();
    for (const nodeId of ['node-a', 'node-b']) opened.writer.transition(fact(nodeId, 0));
    opened.writer.pruneStep(NOW_MS - 30 * DAY_MS);
    opened.commit();
    opened.writer.pruneStep(NOW_MS - 30 * DAY_MS);
    opened.commit();
    opened.writer.pruneStep(NOW_MS - 30 * DAY_MS);
    const { signs, report } = opened.commit();
    expect(report).toMatchObject({ gone: [1], pruned: { rows: 1, isPassOver: true }, isThinned: null });
    expect(signs).toEqual([]);
    expect(opened.column('SELECT node FROM transitions')).toEqual([2]);
    expect(opened.statistics().periods.all).toMatchObject({
      totalNodes: 2,
      offlineNodes: 1,
      staleNodes: 1,
      onlineNodes: 0,
    });
    expect(opened.writer.totalNodes).toBe(2);
    opened.writer.close();
  });

  it('retention - a node that is heard in the commit that prunes it gives the lifecycle no sign of life', () => {
    const opened = open();
    opened.writer.apply(joined('node-a'), moment(NOW_MS - 40 * DAY_MS));
    for (const isLast of [false, false, true]) {
      opened.writer.apply(joined('node-a'), moment(NOW_MS - 40 * DAY_MS));
      opened.writer.pruneStep(NOW_MS - 30 * DAY_MS);
      expect(opened.commit().signs).toHaveLength(isLast ? 0 : 1);
    }
    expect(opened.writer.lastCommit.gone).toEqual([1]);
    opened.writer.close();
  });

  it('retention - node numbers are never reused, also if the newest node was pruned and the program restarted', () => {
    const opened = open();
    for (const nodeId of ['node-a', 'node-b', 'node-c'])
      opened.writer.apply(joined(nodeId), moment(NOW_MS - 40 * DAY_MS));
    opened.prune(NOW_MS);
    expect(opened.column('SELECT number FROM nodes')).toEqual([]);
    opened.reopen();
    opened.writer.apply(joined('node-c'), moment(NOW_MS));
    opened.commit();
    expect(opened.column('SELECT number FROM nodes')).toEqual([4]);
    opened.writer.close();
  });

  it('retention - a transition of a pruned node is not stored for the node that came back under its id', () => {
    const opened = open();
    opened.writer.apply(joined('node-a'), moment(NOW_MS - 40 * DAY_MS, 5000));
    opened.prune(NOW_MS);
    opened.writer.transition(fact('node-a', 5000));
    opened.writer.apply(joined('node-a'), moment(NOW_MS, 9000));
    opened.commit();
    opened.writer.transition(fact('node-a', 8999));
    opened.commit();
    expect(opened.column('SELECT count(*) FROM transitions')).toEqual([0]);
    opened.writer.transition(fact('node-a', 9000));
    opened.commit();
    expect(opened.column('SELECT count(*) FROM transitions')).toEqual([1]);
    opened.writer.close();
  });

  it('retention - a step is bounded, and the next step continues behind it, also after a restart', () => {
    const opened = open({ generationSize: 100_000 });
    const tasks = EXAMINED_ROWS_MAX + 2 * PRUNED_ROWS_MAX + 10;
    for (let task = 0; task < tasks; task++) {
      // The first rows are young: a step over them deletes nothing.
      const atMs = task < EXAMINED_ROWS_MAX + 5 ? NOW_MS : NOW_MS - 40 * DAY_MS;
      opened.writer.apply(completed('node-a', hash(task)), moment(atMs));
    }
    opened.commit();
    const rows: number[] = [];
    for (let step = 0; step < 6; step++, opened.reopen()) {
      opened.writer.pruneStep(NOW_MS - 30 * DAY_MS);
      rows.push(opened.commit().report.pruned?.rows ?? -1);
    }
    // Young tasks; old ones, twice in full and the rest; invoices; nodes.
    expect(rows).toEqual([0, PRUNED_ROWS_MAX, PRUNED_ROWS_MAX, 5, 0, 0]);
    expect(opened.statistics().periods.all.totalTasks).toBe(tasks);
    opened.writer.close();
  });

  it('retention - a pass resumed after a restart does not count as a whole pass: tables before the resume point were skipped', () => {
    const opened = open();
    const step = (cutoffMs: number) => {
      opened.writer.pruneStep(cutoffMs);
      const { pruned } = opened.commit().report;
      return [pruned?.rows, pruned?.isPassOver];
    };
    opened.writer.apply(completed('node-a', hash(1)), moment(NOW_MS - 20 * DAY_MS));
    opened.commit();
    expect(step(NOW_MS - 30 * DAY_MS)).toEqual([0, false]);
    // Days later: invoices and nodes are still to come, and the task is too old by now.
    opened.reopen();
    const steps = Array.from({ length: 5 }, () => step(NOW_MS));
    expect(steps).toEqual([
      [0, false],
      [1, false],
      [1, false],
      [0, false],
      [0, true],
    ]);
    opened.writer.close();
  });

  it('retention - a commit that SQLite refuses prunes nothing, and its repetition prunes once', () => {
    const opened = open();
    for (let task = 0; task < 20; task++)
      opened.writer.apply(completed('node-a', hash(task)), moment(NOW_MS - 40 * DAY_MS));
    opened.commit();
    const before = opened.dump();
    opened.database.exec(
      `CREATE TEMP TRIGGER refuse BEFORE UPDATE ON main.settings_kept BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    );
    opened.writer.apply(completed('node-a', hash(3)), moment(NOW_MS));
    opened.writer.pruneStep(NOW_MS - 30 * DAY_MS);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(() => opened.commit(attempt)).toThrow('refused');
      expect(opened.dump()).toEqual(before);
    }
    opened.database.exec('DROP TRIGGER refuse');
    expect(opened.commit(4).report.pruned).toEqual({ rows: 19, isPassOver: false });
    expectRollupsToEqualRows(opened);
    expect(opened.statistics().periods.all.totalTasks).toBe(20);
    opened.writer.close();
  });

  it('retention - of each node only the newest transitions are kept, up to the limit', () => {
    const opened = open({ transitionsPerNodeMax: 10 });
    opened.writer.apply(joined('node-a'), moment(NOW_MS));
    for (let change = 0; change < 35; change++) {
      opened.writer.transition(fact('node-a', change));
      if (change % 4 === 3) opened.commit();
      if (change % 8 === 7) opened.reopen();
    }
    opened.commit();
    expect(opened.column('SELECT observed_ms FROM transitions ORDER BY number')).toEqual(
      Array.from({ length: 10 }, (_, index) => 25 + index),
    );
    opened.writer.close();
  });

  it('retention - a year of churn does not make the file grow beyond what its rows need', () => {
    const opened = open({ generationSize: 50, retentionMs: 30 * DAY_MS });
    let id = 0;
    const pages: number[] = [];
    for (let day = 0; day < 365; day++) {
      const nowMs = NOW_MS + day * DAY_MS;
      for (let hour = 0; hour < 24; hour += 2) {
        const atMs = nowMs + hour * 3_600_000;
        const nodeId = `node-${Math.floor(id / 50)}`;
        for (let task = 0; task < 5; task++)
          opened.writer.apply(completed(nodeId, hash(id++)), { atMs, nowMs: atMs, observedMs: 0 });
        opened.writer.apply(invoiced(nodeId, hash(id)), { atMs, nowMs: atMs, observedMs: 0 });
        opened.writer.housekeep(atMs);
        opened.writer.commit(atMs, 0);
      }
      if (day % 30 === 29) pages.push(Number(opened.database.pragma('page_count', { simple: true })));
    }
    expect(Math.max(...pages.slice(2))).toBeLessThan(1.1 * (pages[2] ?? 0));
    expect(opened.column('SELECT count(*) FROM tasks')[0]).toBeLessThan(33 * 60);
    expect(opened.column('SELECT count(*) FROM rollup_hours')[0]).toBeLessThan(33 * 24 * 9);
    expect(opened.statistics().periods.all).toMatchObject({ totalTasks: id, totalInvoices: 365 * 12 });
    opened.writer.close();
  });

  it('retention - housekeeping makes a step in every commit until the pass is over, and then rests', () => {
    const opened = open({ retentionMs: 30 * DAY_MS });
    const rows: (number | null)[] = [];
    const commitAt = (nowMs: number, monotonicMs = nowMs) => {
      opened.writer.housekeep(nowMs, monotonicMs);
      opened.writer.commit(nowMs, 0);
      rows.push(opened.writer.lastCommit.pruned?.rows ?? null);
    };
    opened.writer.apply(received('node-a', hash(1)), moment(NOW_MS - 40 * DAY_MS));
    for (let commit = 0; commit < 5; commit++) commitAt(NOW_MS);
    commitAt(NOW_MS + PRUNE_REST_MS - 1);
    commitAt(NOW_MS + PRUNE_REST_MS);
    expect(rows).toEqual([1, 0, 1, null, null, null, 0]);
    commitAt(NOW_MS + PRUNE_REST_MS);
    commitAt(NOW_MS + PRUNE_REST_MS);
    // The wall clock was set back by a year: housekeeping must not rest that long.
    commitAt(NOW_MS - 365 * DAY_MS, NOW_MS + 2 * PRUNE_REST_MS);
    expect(rows.slice(7)).toEqual([0, 0, 0]);
    opened.writer.close();
  });

  it('retention - with RETENTION_DAYS=0 housekeeping prunes no row', () => {
    const opened = open();
    opened.writer.apply(received('node-a', hash(1)), moment(0));
    opened.writer.housekeep(NOW_MS);
    expect(opened.commit().report.pruned).toBeNull();
    opened.writer.close();
  });

  it('retention - no statement of the writer scans a table, except at the start', () => {
    const database = openFederationWriter(folder.path('plans.db'));
    const statements: string[] = [];
    const prepare = database.prepare.bind(database);
    const recording = Object.assign(Object.create(database) as typeof database, {
      prepare: (sql: string) => {
        statements.push(sql);
        return prepare(sql);
      },
      transaction: database.transaction.bind(database),
    });
    const limits = { ...NO_LIMITS, maxNodes: 10 };
    new FederationWriter(
      recording,
      { limits, generationSize: 1, transitionsPerNodeMax: 1 },
      'test',
    ).position.lastKnown({ name: 'a', created: 'b', firstSeq: 1, lastSeq: 1 });
    const scans = statements.filter((sql) => {
      const plan = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
      const values = /@\w/.test(sql) ? [] : (sql.match(/\?/g) ?? []).map(() => 0);
      if (/@\w/.test(sql)) return false;
      return plan.all(...values).some(({ detail }) => detail.startsWith('SCAN'));
    });
    const ofStart = [
      /^SELECT name, value FROM settings_kept$/,
      /^SELECT coalesce\(max\(/,
      /^SELECT count\(\*\) FROM nodes$/,
      /^SELECT count\(\*\) FROM nodes WHERE signed_ms/,
      /FROM api_keys LEFT JOIN/,
      /FROM blocked_nodes ORDER BY/,
      /^SELECT coalesce\(sum\(count\), 0\) FROM pruned_totals/,
      /^SELECT node_id, heard_ms FROM nodes$/,
      // One row, by number, at the first start of a database that has no deletion clock.
      /^SELECT recorded_at FROM network_stats ORDER BY id DESC LIMIT 1$/,
      // The newest row of each of three tables, likewise.
      /^SELECT max\(ms\) FROM \(/,
      // One row for each way to go missing.
      /FROM missing_messages$/,
      // One row for each stream there ever was.
      /FROM ingest_position/,
      // One row for each source of a log, and the commands of a cluster that wait.
      /FROM log_sources ORDER BY rowid$/,
      /FROM commands WHERE applied = 0 ORDER BY rowid$/,
      /^SELECT id FROM commands ORDER BY rowid DESC LIMIT 1$/,
      // When an operator forgets a node; of at most EVENTS_MAX rows, and an index would cost every event.
      /^(DELETE|SELECT 1) FROM events WHERE node_id = \?/,
      // With a step of retention; of as many rows, whose times a clock that was set has put out of order.
      /^DELETE FROM events WHERE id IN \(SELECT id FROM events WHERE at_ms < \?/,
      // Asked when the stream of commands was read as a whole.
      /^SELECT \* FROM commands ORDER BY rowid$/,
    ];
    expect(statements.length).toBeGreaterThan(30);
    expect(scans.filter((sql) => !ofStart.some((known) => known.test(sql.trim())))).toEqual([]);
    database.close();
  });
});

function fact(nodeId: string, observedMs: number): NodeTransition {
  return { nodeId, atMs: NOW_MS, observedMs, from: 'online', to: 'stale', cause: 'silence' };
}
