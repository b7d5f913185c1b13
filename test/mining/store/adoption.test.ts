import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { pocTime } from '../../../src/mining/domain/poc-time.ts';
import { openDatabase } from '../../../src/mining/store/open-database.ts';
import { account, NOW_MS, temporaryPath } from './facts.ts';

const BASE_TARGET = 36_650_387_592n;

/** Makes the database of an earlier aggregator in the form that its rows were stored in. */
function earlier(
  path: string,
  quality: string,
  withBaseTarget: boolean,
  rows: readonly (readonly unknown[])[],
) {
  const database = new Sqlite(path);
  database.exec(`CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP);
    CREATE TABLE submissions (id INTEGER PRIMARY KEY AUTOINCREMENT, account_id TEXT NOT NULL, machine_id TEXT NOT NULL,
      height BIGINT NOT NULL, ${quality} BIGINT NOT NULL, ${withBaseTarget ? 'base_target BIGINT NOT NULL,' : ''}
      timestamp DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, UNIQUE(account_id, machine_id, height));
    CREATE INDEX idx_submissions_account_height ON submissions(account_id, height DESC);`);
  const columns = `account_id, machine_id, height, ${quality}, ${withBaseTarget ? 'base_target,' : ''} timestamp`;
  // As the earlier program did: the numbers are literals in the text, so that those of 2^63 and more become REAL.
  for (const row of rows)
    database.exec(
      `INSERT INTO submissions (${columns}) VALUES (${row.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ')})`,
    );
  database.close();
}

/** Starts the store on the file; returns its submissions, its statistics, and what it said. */
function takeOver(path: string, nowMs = NOW_MS) {
  const log: string[] = [];
  const { database, writer, lock } = openDatabase(
    { path, retentionDays: 7, blockTimeSecs: 120 },
    nowMs,
    (_level, sentence) => log.push(sentence),
  );
  while (!writer.restoreStep());
  const rows = database.prepare('SELECT * FROM submissions').all();
  const machines = database
    .prepare('SELECT machine_id, heard_observed_ms FROM machines ORDER BY number')
    .raw()
    .all();
  const statistics = writer.statistics.snapshot(nowMs);
  const { observedMs } = writer.kept();
  writer.close();
  lock.release();
  return { rows, machines, statistics, observedMs, log };
}

describe('the take-over of an earlier database', () => {
  it('take-over - with a base target the quality was the adjusted one', () => {
    const path = temporaryPath();
    earlier(path, 'quality', true, [
      [account(10).toUpperCase(), '10.0.0.1', 1001, 7, BASE_TARGET, '2026-01-15 10:00:00'],
      [account(2), '::ffff:10.0.0.2', 1000, 3, BASE_TARGET, '2026-01-14 09:00:00.250'],
      [account(2), '10.0.0.1', 1001, 2n ** 63n, 2n, '2026-01-15 10:20:00'],
      [account(3), '10.0.0.1', 1001, 9, 0n, '2026-01-15 10:20:00'],
    ]);
    const { rows, machines, statistics, observedMs, log } = takeOver(path);
    const poc = (raw: bigint, base = BASE_TARGET) => Number(pocTime(raw, base, 120));
    const hash = { block_hash: '', verdict: 'held' };
    const [minute, day] = ['2026-01-15T10:20:00.000Z', '2026-01-14T09:00:00.250Z'];
    const [first, second] = [7n * BASE_TARGET, 3n * BASE_TARGET];
    const greatest = 2n ** 64n - 1n;
    expect(rows).toMatchObject([
      {
        ...hash,
        account_id: account(2),
        machine_id: '10.0.0.2',
        height: '1000',
        raw_quality: String(second),
        poc_time: poc(second),
        timestamp: day,
      },
      {
        ...hash,
        account_id: account(10),
        machine_id: '10.0.0.1',
        height: '1001',
        raw_quality: String(first),
        poc_time: poc(first),
        timestamp: '2026-01-15T10:00:00.000Z',
      },
      {
        ...hash,
        account_id: account(2),
        raw_quality: String(greatest),
        poc_time: poc(greatest, 2n),
        timestamp: minute,
      },
      { ...hash, account_id: account(3), raw_quality: '9', poc_time: null, timestamp: minute },
    ]);
    // The first machine was silent for 30 minutes until the newest row, and the second for more than a day.
    expect(observedMs).toBe(91_199_750);
    expect(machines).toEqual([
      ['10.0.0.2', 0],
      ['10.0.0.1', 91_199_750],
    ]);
    expect(statistics).toMatchObject({
      uniqueMiners: 3,
      uniqueMachines: 2,
      machines: [{ machineId: '10.0.0.1', seenAtMs: Date.parse(minute) }],
    });
    expect(statistics.pairs.map(({ submissions24h }) => submissions24h)).toEqual([1, 1, 1]);
    expect(log.at(-1)).toMatch(/4 submissions are kept, 0 had no readable/);
    expect(existsSync(`${path}.before-adoption`)).toBe(true);
  });

  it('take-over - a raw quality beside a base target is the raw one', () => {
    const path = temporaryPath();
    earlier(path, 'raw_quality', true, [
      [account(1), 'm', 1000, 5n * BASE_TARGET, BASE_TARGET, '2026-01-15 10:00:00'],
    ]);
    const [row] = takeOver(path).rows as { raw_quality: string; poc_time: bigint | null }[];
    expect(row?.raw_quality).toBe(String(5n * BASE_TARGET));
    expect(row?.poc_time).not.toBeNull();
  });

  it.each(['quality', 'raw_quality'])(
    'take-over - without a base target the column %s is the raw one',
    (quality) => {
      const path = temporaryPath();
      earlier(path, quality, false, [
        [account(1), 'm', 1000, 5n, '2026-01-15 10:00:00'],
        [account(1), 'n', 1000, 2n ** 63n, '2026-01-15 10:00:00'],
        [account(1), 'o', 1000, 2n ** 64n - 1n, '2026-01-15T10:00:00Z'],
        [account(1), 'p', 1000, 5n, 'yesterday'],
      ]);
      const { rows, log } = takeOver(path);
      expect(rows).toMatchObject([
        { machine_id: 'm', raw_quality: '5', poc_time: null },
        { machine_id: 'n', raw_quality: '9223372036854775808' },
        { machine_id: 'o', raw_quality: '18446744073709551615', timestamp: '2026-01-15T10:00:00.000Z' },
      ]);
      expect(log.at(-1)).toMatch(/3 submissions are kept, 1 had no readable/);
    },
  );

  it('take-over - happens once, and leaves the tables of other programs alone', () => {
    const path = temporaryPath();
    earlier(path, 'raw_quality', false, [[account(1), 'm', 1000, 5n, '2026-01-15 10:00:00']]);
    const first = takeOver(path);
    const second = takeOver(path);
    expect(second.rows).toEqual(first.rows);
    expect(second.log).toEqual([]);
    const database = new Sqlite(path, { readonly: true });
    const tables = database.prepare(
      "SELECT name FROM sqlite_master WHERE name LIKE '%diesel%' AND type = 'table'",
    );
    expect([tables.all(), database.pragma('integrity_check', { simple: true })]).toEqual([
      [{ name: '__diesel_schema_migrations' }],
      'ok',
    ]);
    database.close();
  });

  it('take-over - a table of this name that is no earlier aggregator is refused, and stays as it is', () => {
    const path = temporaryPath();
    const database = new Sqlite(path);
    database.exec(
      "CREATE TABLE submissions(id INTEGER PRIMARY KEY, essay TEXT); INSERT INTO submissions VALUES (1, 'x')",
    );
    database.close();
    expect(() => takeOver(path)).toThrow(/not an earlier aggregator's/);
    const after = new Sqlite(path, { readonly: true });
    expect(after.prepare('SELECT * FROM submissions').all()).toEqual([{ id: 1, essay: 'x' }]);
    after.close();
  });
});
