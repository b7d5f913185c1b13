import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openReader } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { earlierAggregator, tellAdoption } from '../../../src/federation/store/adoption.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { type ExpectedTask, writeEarlierDatabase } from '../../support/earlier-database.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { completed, DAY_MS, NO_LIMITS, NOW_MS, received } from './events.ts';
import { testFolder } from './opened.ts';

const END_MS = NOW_MS - 60_000;
const THRESHOLDS = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: DAY_MS };
let folder: ReturnType<typeof testFolder>;
let path = '';
beforeEach(() => {
  folder = testFolder('adoption');
  path = folder.path('aggregator.db');
});
afterEach(() => folder.remove());

function adopt(): Database {
  return openFederationWriter(
    path,
    earlierAggregator({
      nowMs: NOW_MS,
      thresholds: THRESHOLDS,
      aggregatorId: 'test',
      progress: () => undefined,
    }),
  );
}

function writerOn(database: Database): FederationWriter {
  return new FederationWriter(
    database,
    { limits: NO_LIMITS, generationSize: 1000, transitionsPerNodeMax: 10 },
    'test',
  );
}

/** Every roll-up table against a recount of the public rows, by plain SQL. */
function expectRecounted(): void {
  const recount = rowsOf(
    path,
    `SELECT count(*) AS tasks, coalesce(sum(status = 'completed'), 0) AS completed,
       coalesce(sum(status = 'failed'), 0) AS failed, coalesce(sum(cached = 1), 0) AS cached, (SELECT count(*) FROM aggregated_invoices) AS invoices,
       (SELECT count(*) FROM active_nodes) AS nodes FROM aggregated_tasks`,
  )[0];
  const cells = (table: string) =>
    `SELECT total(count) FILTER (WHERE dimension = 0) AS tasks,
       total(count) FILTER (WHERE dimension = 0 AND label = 1) AS completed,
       total(count) FILTER (WHERE dimension = 0 AND label = 2) AS failed,
       total(count) FILTER (WHERE dimension = 1) AS cached,
       total(count) FILTER (WHERE dimension = 6) AS invoices FROM ${table}`;
  const { nodes, ...counts } = { ...recount };
  for (const table of ['rollup_minutes', 'rollup_hours', 'rollup_totals'])
    expect(rowsOf(path, cells(table))[0], table).toEqual(counts);
  expect(valueOf(path, 'SELECT sum(count) FROM rollup_totals WHERE dimension = 9')).toBe(nodes);
}

const TASK_COLUMNS = `task_id_hash, first_seen_at, last_seen_at, chain_id, task_type, status, success, execution_time_bucket,
  gas_used_bucket, cached, reporting_nodes`;

function tasks(): Map<string, ExpectedTask> {
  const rows = rowsOf(path, `SELECT ${TASK_COLUMNS} FROM aggregated_tasks`) as unknown as ExpectedTask[];
  return new Map(rows.map((row) => [row.task_id_hash, row]));
}

describe('adoption', () => {
  it('adoption - 100,000 tasks with every oddity are taken over correctly, row by row', () => {
    const expected = writeEarlierDatabase(path, { tasks: 100_000, seed: 1, endMs: END_MS });
    const original = rowsOf(path, 'SELECT * FROM aggregated_tasks ORDER BY id');
    const burns = rowsOf(path, 'SELECT * FROM tru_burns');
    const database = adopt();
    const lines: string[] = [];
    tellAdoption(database, path, (line) => lines.push(line));
    database.close();

    const found = tasks();
    expect(found.size).toBe(expected.tasks.size);
    // Row by row, because printing the difference of two maps of this size takes minutes.
    for (const [hash, task] of expected.tasks) {
      if (JSON.stringify(found.get(hash)) !== JSON.stringify(task)) expect(found.get(hash)).toEqual(task);
    }
    expect(valueOf(path, 'SELECT count(*) FROM aggregated_invoices')).toBe(expected.invoices);
    expect(valueOf(path, 'SELECT count(*) FROM active_nodes')).toBe(expected.nodes);
    expectRecounted();
    expect(rowsOf(path, 'SELECT * FROM tru_burns')).toEqual(burns);
    expect(valueOf(path, 'SELECT last_block FROM tru_burn_sync_state')).toBe(19_000_000);
    expect(
      rowsOf(path, "SELECT name FROM sqlite_master WHERE name LIKE 'earlier%' OR sql LIKE '%earlier_%'"),
    ).toEqual([]);
    // A view that an operator made over the public names keeps working.
    expect(valueOf(path, 'SELECT count(*) FROM failed_task_ids')).toBe(
      [...expected.tasks.values()].filter(({ status }) => status === 'failed').length,
    );
    expect(valueOf(path, 'PRAGMA integrity_check')).toBe('ok');

    const copy = `${path}.before-adoption`;
    const copied = rowsOf(copy, 'SELECT * FROM aggregated_tasks ORDER BY id');
    expect(JSON.stringify(copied) === JSON.stringify(original)).toBe(true);
    expect(valueOf(copy, 'PRAGMA integrity_check')).toBe('ok');

    expect(lines[0]).toBe(
      `tasks: ${expected.rows.tasks.toLocaleString('en-US')} rows before, ${expected.tasks.size.toLocaleString('en-US')} after; ` +
        `${expected.mergedTasks.toLocaleString('en-US')} merged (ids that differ only in case), ${expected.skippedTasks} skipped ` +
        `(${expected.skippedTasks} with an id that is none, 0 without any time)`,
    );
    // Before is counted in the rows; the last row of the history has neither of these two.
    const completed = expected.completedBefore.toLocaleString('en-US');
    const rate = Math.round((expected.completedBefore * 10_000) / expected.rows.tasks) / 100;
    const text = lines.join('\n');
    expect(text).toContain(`completed tasks: ${completed} before, `);
    expect(text).toContain(`success rate: ${rate} before, `);
    expect(text).toMatch(/total invoices: 50,101 before, 50,000 now/);
    // The nodes heard on the last day, and a few of the others, whose days are random.
    expect(text).toMatch(/active nodes: [1-9]\d* before, \d now/);
    expect(expected.despiteZero).toBeGreaterThan(100);
    expect(text).toContain(`completed now: ${expected.despiteZero.toLocaleString('en-US')} (`);
  }, 240_000);

  it('adoption - an older file without places is taken over, and its history becomes the period all without distributions', () => {
    writeEarlierDatabase(path, { tasks: 300, seed: 2, endMs: END_MS, isOld: true });
    adopt().close();
    expect(rowsOf(path, 'SELECT DISTINCT continent_bucket, location_bucket FROM active_nodes')).toEqual([
      { continent_bucket: null, location_bucket: null },
    ]);
    expect(valueOf(path, 'SELECT count(*) FROM network_stats_history')).toBe(201);
    expect(
      rowsOf(
        path,
        'SELECT DISTINCT stat_period, chain_distribution, execution_time_distribution FROM network_stats',
      ),
    ).toEqual([{ stat_period: 'all', chain_distribution: null, execution_time_distribution: null }]);
    expect(
      rowsOf(
        path,
        'SELECT recorded_at, total_tasks, success_rate FROM network_stats_history ORDER BY recorded_at LIMIT 1',
      ),
    ).toEqual([
      {
        recorded_at: new Date(END_MS - 200 * 3_600_000).toISOString(),
        total_tasks: 100,
        success_rate: 98.27,
      },
    ]);
  });

  it('adoption - a broken view that an operator made does not stop it, and is left unchanged', () => {
    writeEarlierDatabase(path, { tasks: 30, seed: 5, endMs: END_MS });
    const view = 'CREATE VIEW mine AS SELECT * FROM gone';
    const earlier = new Sqlite(path);
    earlier.exec(view);
    earlier.close();
    adopt().close();
    expect(valueOf(path, "SELECT sql FROM sqlite_master WHERE name = 'mine'")).toBe(view);
    expectRecounted();
  });

  it('adoption - nodes: a node that said offline is not active, and silence is measured up to the newest sighting', () => {
    writeEarlierDatabase(path, { tasks: 300, seed: 3, endMs: END_MS });
    adopt().close();
    const states = rowsOf(
      path,
      'SELECT status, count(*) AS nodes FROM active_nodes GROUP BY status ORDER BY status',
    );
    // Ten nodes at 0, 1, 2 … minutes before the end, and every other node said that it leaves; 150 s is stale, 300 s
    // offline.
    expect(states).toEqual([
      { status: 'offline', nodes: 17 },
      { status: 'online', nodes: 2 },
      { status: 'stale', nodes: 1 },
    ]);
    const reader = openReader(path);
    expect(new StatisticsQuery(reader).run(NOW_MS).periods.all).toMatchObject({
      activeNodes: 3,
      totalNodes: 20,
    });
    reader.close();
  });

  it('adoption - it happens once, and the report is offered until it has been logged', () => {
    writeEarlierDatabase(path, { tasks: 300, seed: 4, endMs: END_MS });
    adopt().close();
    const told: string[] = [];
    const again = adopt();
    tellAdoption(again, path, (line) => told.push(line));
    expect(told.length).toBeGreaterThan(10);
    const silent: string[] = [];
    tellAdoption(again, path, (line) => silent.push(line));
    expect(silent).toEqual([]);
    again.close();
  });

  it('adoption - it is refused while another process has the file open, and the file does not change', () => {
    writeEarlierDatabase(path, { tasks: 300, seed: 5, endMs: END_MS });
    const earlier = new Sqlite(path);
    earlier.prepare('SELECT count(*) FROM aggregated_tasks').get();
    expect(adopt).toThrow(/stop the earlier aggregator/);
    earlier.prepare("INSERT INTO tru_burns VALUES (9, '0xcc', '1')").run();
    earlier.close();
    expect(valueOf(path, "SELECT type FROM sqlite_master WHERE name = 'aggregated_tasks'")).toBe('table');
    adopt().close();
    expect(valueOf(path, 'SELECT count(*) FROM tru_burns')).toBe(3);
  });

  it('adoption - a file that cannot be taken over is left unchanged', () => {
    writeEarlierDatabase(path, { tasks: 300, seed: 6, endMs: END_MS });
    const other = new Sqlite(path);
    other.exec('CREATE TABLE labels (mine TEXT)');
    other.close();
    expect(adopt).toThrow(/database_unusable|cannot be used/);
    expect(valueOf(path, 'SELECT count(*) FROM aggregated_tasks')).toBeGreaterThan(300);
    expect(valueOf(path, 'SELECT count(*) FROM labels')).toBe(0);
  });
});

describe('adopted rows', () => {
  const HASH = 'ab'.repeat(32);

  function oneTask(lastSeenMs: number, reportingNodes: number): FederationWriter {
    writeEarlierDatabase(path, { tasks: 0, seed: 7, endMs: END_MS });
    const earlier = new Sqlite(path);
    earlier
      .prepare(
        `INSERT INTO aggregated_tasks (task_id_hash, first_seen_at, last_seen_at, chain_id, task_type, status, success,
           execution_time_bucket, gas_used_bucket, cached, reporting_nodes) VALUES (?, ?, ?, '5', 'wasm', 'failed', 0, '<100ms', NULL, 0, ?)`,
      )
      .run(
        HASH.toUpperCase(),
        new Date(lastSeenMs - DAY_MS).toISOString(),
        new Date(lastSeenMs).toISOString(),
        reportingNodes,
      );
    earlier.close();
    return writerOn(adopt());
  }

  const task = () =>
    rowsOf(
      path,
      `SELECT first_seen_at, last_seen_at, chain_id, status, reporting_nodes FROM aggregated_tasks`,
    )[0];

  it('adopted rows - new reports are merged into adopted rows, and the greater number of reporters is shown', () => {
    const writer = oneTask(END_MS, 3);
    const say = (nodeId: string, atMs: number) =>
      writer.apply(completed(nodeId, HASH), { atMs, nowMs: NOW_MS, observedMs: 0 });
    expect(task()).toMatchObject({ status: 'failed', chain_id: '5', reporting_nodes: 3 });
    expect(say('node-1', NOW_MS)).toBe('applied');
    expect(say('node-1', NOW_MS)).toBe('duplicate');
    writer.commit(NOW_MS, 0);
    expect(task()).toEqual({
      first_seen_at: new Date(END_MS - DAY_MS).toISOString(),
      last_seen_at: new Date(NOW_MS).toISOString(),
      chain_id: '1',
      status: 'completed',
      reporting_nodes: 3,
    });
    for (const nodeId of ['node-2', 'node-3', 'node-4']) say(nodeId, END_MS - 2 * DAY_MS);
    writer.apply(received('node-5', HASH), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    writer.commit(NOW_MS, 0);
    expect(task()).toMatchObject({
      first_seen_at: new Date(END_MS - 2 * DAY_MS).toISOString(),
      reporting_nodes: 5,
    });
    expectRecounted();
    writer.close();
  });

  it('adopted rows - an adopted row is kept for 90 days after its last sighting, whatever RETENTION_DAYS is', () => {
    writeEarlierDatabase(path, { tasks: 2000, seed: 8, endMs: END_MS });
    const database = adopt();
    const writer = new FederationWriter(
      database,
      { limits: NO_LIMITS, generationSize: 1000, transitionsPerNodeMax: 10, retentionMs: 8 * DAY_MS },
      'test',
    );
    const adopted = Number(valueOf(path, 'SELECT count(*) FROM aggregated_tasks'));
    writer.apply(received('node-new', 'cd'.repeat(32)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    const passAt = (nowMs: number) => {
      do {
        writer.housekeep(nowMs);
        writer.commit(nowMs, 0);
      } while (writer.lastCommit.pruned?.isPassOver === false);
    };
    for (let day = 0; day <= 9; day++) passAt(NOW_MS + day * DAY_MS);
    // RETENTION_DAYS has removed the new row, and only adopted rows older than 90 days are gone.
    const kept = Number(valueOf(path, 'SELECT count(*) FROM aggregated_tasks'));
    const limit = new Date(NOW_MS + 9 * DAY_MS - 90 * DAY_MS).toISOString();
    expect(
      valueOf(path, `SELECT count(*) FROM aggregated_tasks WHERE task_id_hash = '${'cd'.repeat(32)}'`),
    ).toBe(0);
    expect(valueOf(path, `SELECT count(*) FROM aggregated_tasks WHERE last_seen_at < '${limit}'`)).toBe(0);
    expect(kept).toBeGreaterThan(adopted * 0.8);
    expect(kept).toBeLessThan(adopted);
    expectRecounted();
    passAt(NOW_MS + 91 * DAY_MS);
    expect(valueOf(path, 'SELECT count(*) FROM aggregated_tasks')).toBe(0);
    expect(valueOf(path, 'SELECT count(*) FROM adopted')).toBe(0);
    // Lifetime totals do not shrink.
    expect(valueOf(path, 'SELECT sum(count) FROM pruned_totals WHERE dimension = 0')).toBe(adopted + 1);
    writer.close();
  });
});
