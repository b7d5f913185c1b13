// A database of version 1, filled by SQL as that version filled it, becomes one of version 2: same rows, same views.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { federation } from '../../../src/federation/store/migrations/001-federation.ts';
import { MIGRATIONS } from '../../../src/federation/store/migrations/index.ts';
import { NO_LIMITS, NOW_MS, received } from './events.ts';
import { testFolder } from './opened.ts';

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('migration');
});
afterEach(() => folder.remove());

const VIEWS = [
  'aggregated_tasks',
  'aggregated_invoices',
  'active_nodes',
  'network_stats',
  'node_transitions',
];

/** Version 1 with `rows` tasks in two segments, as many invoices, all reported by one node. */
function makeVersion1(path: string, rows: number): void {
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  database.exec(federation);
  database.exec(`
    INSERT INTO labels VALUES (4, 1, '137'), (5, 1, 'wasm'), (10, 1, 'compute');
    INSERT INTO nodes VALUES (1, 'node-a', ${NOW_MS}, ${NOW_MS}, ${NOW_MS}, 0, 0, 0, NULL, NULL, NULL, NULL, 3, 5, '48.0,11.5', 5,
      7, 0, 1, 0, ${NOW_MS});
    CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows - 1}) SELECT i FROM n;
    INSERT INTO tasks SELECT 131072 - ${rows >> 1} + i, randomblob(8 + i % 25), ${NOW_MS}, i, i, CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 'x:' || i END,
      1, CASE i % 2 WHEN 0 THEN i % 324 END, x'00000005' FROM n;
    INSERT INTO invoices SELECT i + 1, randomblob(32), randomblob(32), ${NOW_MS}, i, i, 1, 1, i % 6, i % 5, x'00000005' FROM n;
    INSERT INTO rollup_totals VALUES (4, 1, ${rows});
    PRAGMA user_version = 1;
  `);
  database.close();
}

/** All rows of the views, as one text. */
function dump(path: string): string {
  const reader = openReader(path);
  try {
    return VIEWS.map((view) =>
      JSON.stringify(reader.prepare(`SELECT * FROM ${view} ORDER BY 1`).all()),
    ).join();
  } finally {
    reader.close();
  }
}

function isSound(path: string): void {
  const reader = openReader(path);
  expect(reader.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(reader.pragma('user_version', { simple: true })).toBeGreaterThanOrEqual(2);
  const hasUnique = 'SELECT count(*) FROM pragma_index_list(\'tasks\') WHERE "unique" = 1';
  expect(reader.prepare(hasUnique).pluck().get()).toBe(0);
  reader.close();
}

describe('migration 2', () => {
  it('migration 2 - the views show the same rows, every old hash is found, and a copy is kept', () => {
    const path = folder.path('old.db');
    makeVersion1(path, 500);
    const before = dump(path);
    const database = openFederationWriter(path);
    expect(dump(path) === before).toBe(true);
    isSound(path);
    expect(existsSync(`${path}.before-version-${MIGRATIONS.length}`)).toBe(true);
    expect(
      database.prepare("SELECT name FROM sqlite_master WHERE name LIKE '%\\_2' ESCAPE '\\'").all(),
    ).toEqual([]);
    const writer = new FederationWriter(
      database,
      { limits: NO_LIMITS, generationSize: 100, placesLog2: 10, transitionsPerNodeMax: 10 },
      null,
    );
    const hashes = database.prepare('SELECT lower(hex(hash)) FROM tasks').pluck().all().map(String);
    for (const hash of hashes) {
      const signal = { ...received('node-a', hash), chainId: null, taskType: null };
      expect(writer.apply(signal, { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 })).toBe('duplicate');
    }
    writer.commit(NOW_MS, 0);
    expect(database.prepare('SELECT count(*) FROM tasks').pluck().get()).toBe(500);
    writer.close();
  });

  it('migration 2 - a broken view that an operator made stops no upgrade, and is left unchanged', () => {
    const path = folder.path('broken-view.db');
    makeVersion1(path, 10);
    const view = 'CREATE VIEW mine AS SELECT * FROM gone';
    const old = new Sqlite(path);
    old.exec(`${view}; INSERT INTO quarantine VALUES (7, 'truebit.heartbeat', 'TypeError', 'then')`);
    old.close();
    const database = openFederationWriter(path);
    expect(database.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(database.prepare("SELECT sql FROM sqlite_master WHERE name = 'mine'").pluck().get()).toBe(view);
    expect(database.prepare('SELECT seq, subject, code, at FROM quarantine').raw().all()).toEqual([
      [7, 'truebit.heartbeat', 'TypeError', 'then'],
    ]);
    database.prepare("INSERT INTO quarantine VALUES (NULL, 'other', 'TypeError', 'now')").run();
    database.close();
    isSound(path);
  });

  it('migration 2 - a migration killed in the middle starts again from the beginning', () => {
    const path = folder.path('killed.db');
    makeVersion1(path, 60_000);
    const before = dump(path);
    const source = new URL('../../../src/federation/store/federation-database.ts', import.meta.url).href;
    // The process kills itself after rewriting every row and before the commit.
    const script = `
      import Sqlite from 'better-sqlite3';
      import { openFederationWriter } from ${JSON.stringify(source)};
      const { pragma } = Sqlite.prototype;
      Sqlite.prototype.pragma = function (text, ...more) {
        if (text === 'user_version = 2') process.kill(process.pid, 'SIGKILL');
        return pragma.call(this, text, ...more);
      };
      openFederationWriter(${JSON.stringify(path)});`;
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../../../', import.meta.url)),
      encoding: 'utf8',
    });
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
    expect(existsSync(`${path}.before-version-${MIGRATIONS.length}`)).toBe(true);
    const reader = openReader(path);
    expect(reader.pragma('user_version', { simple: true })).toBe(1);
    reader.close();
    expect(dump(path) === before).toBe(true);
    openFederationWriter(path).close();
    isSound(path);
    expect(dump(path) === before).toBe(true);
  });
});
