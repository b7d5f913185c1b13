// Makes large databases quickly: rows by SQL, roll-up cells by arithmetic, filters by the real writer at its next
// start. The rows equal those that the writer makes from completed tasks with two reporters.

import { randomFillSync } from 'node:crypto';
import { type Database } from '../src/store/database.ts';
import { openFederationWriter } from '../src/federation/store/federation-database.ts';
import { HashKeys } from '../src/federation/store/hash-keys.ts';
import { FederationWriter } from '../src/federation/store/writer.ts';

const WEEK_MS = 7 * 86_400_000;
const MINUTE_MS = 60_000;
const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };
export const WRITER_OPTIONS = { limits: NO_LIMITS, generationSize: 100_000, transitionsPerNodeMax: 1000 };
const NODES = 1000;

/** Labels of the n-th task by dimension of the roll-ups, as the rows below have them. */
const LABELS: readonly (readonly [number, (n: number) => number])[] = [
  [0, () => 1],
  [2, (n) => Math.floor((n % 162) / 18)],
  [3, (n) => Math.floor(n / 3) % 6],
  [4, (n) => 1 + (n % 5)],
  [5, (n) => 1 + (n % 3)],
];

/** A database with `tasks` completed tasks of the last seven days before `nowMs`, two reporters each. */
export function fill(path: string, tasks: number, nowMs: number): void {
  const database = openFederationWriter(path);
  const secret = database.prepare("SELECT value FROM settings_kept WHERE name = 'hash_key'").pluck().get();
  const keys = new HashKeys(String(secret));
  database.pragma('synchronous = OFF');
  const fromMs = nowMs - WEEK_MS;
  database.transaction(() => {
    database.exec(`
      DROP INDEX tasks_by_hash;
      INSERT INTO labels VALUES (4, 1, '1'), (4, 2, '5'), (4, 3, '137'), (4, 4, '8453'), (4, 5, '42161'), (5, 1, 'wasm'), (5, 2, 'docker'), (5, 3, 'native');
      INSERT INTO nodes (number, node_id, first_ms, last_ms, life_ms, left_ms, heard_observed_ms, first_observed_ms, heartbeats,
        limit_due_ms, transitions, created_ms)
        WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${NODES})
        SELECT n, 'node-' || n, ${fromMs}, ${nowMs}, ${nowMs}, 0, 0, 0, 1, 0, 0, ${fromMs} FROM c;
      INSERT INTO rollup_totals VALUES (9, 0, ${NODES});
    `);
    writeTasks(database, keys, tasks, fromMs);
    database.exec('CREATE INDEX tasks_by_hash ON tasks(id >> 17, substr(hash, 1, 4), tag)');
    writeRollups(database, tasks, fromMs);
  })();
  // Its first start makes the filters, its first commit stores them.
  const writer = new FederationWriter(database, WRITER_OPTIONS, 'bench');
  writer.commit(nowMs, 0);
  database.pragma('wal_checkpoint(TRUNCATE)');
  writer.close();
}

function writeTasks(database: Database, keys: HashKeys, tasks: number, fromMs: number): void {
  const insert = database.prepare(
    `INSERT INTO tasks (id, hash, tag, first_ms, last_after_ms, created_after_ms, chain, type, outcome, reporters)
     VALUES (?, ?, ?, ?, ?, ?, CAST(? AS INTEGER), CAST(? AS INTEGER), ?, ?)`,
  );
  const reporters = [Buffer.from('0000000700000053', 'hex'), Buffer.from('000000130000005B', 'hex')];
  const pool = Buffer.alloc(32 * 4096);
  for (let n = 0; n < tasks; n++) {
    if (n % 4096 === 0) randomFillSync(pool);
    const hash = pool.subarray((n % 4096) * 32, (n % 4096) * 32 + 32);
    const { tag } = keys.keyOf(hash.toString('hex'));
    insert.run(
      n + 1,
      hash,
      tag,
      firstMsOf(n, tasks, fromMs),
      500 + (n % 500),
      100 + (n % 300),
      1 + (n % 5),
      1 + (n % 3),
      n % 162,
      reporters[n % 2],
    );
  }
}

function firstMsOf(n: number, tasks: number, fromMs: number): number {
  return fromMs + Math.floor((n * WEEK_MS) / tasks);
}

function writeRollups(database: Database, tasks: number, fromMs: number): void {
  // minute, dimension and label in one number.
  const cells = new Map<number, number>();
  const bump = (minute: number, dimension: number, label: number) => {
    const cell = (minute * 16 + dimension) * 16 + label;
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  };
  for (let n = 0; n < tasks; n++) {
    const minute = Math.floor(firstMsOf(n, tasks, fromMs) / MINUTE_MS);
    for (const [dimension, label] of LABELS) bump(minute, dimension, label(n));
    if (n % 3 === 0) bump(minute, 1, 0);
  }
  const insert = database.prepare('INSERT INTO rollup_minutes VALUES (?, ?, ?, ?)');
  for (const [cell, count] of cells)
    insert.run(Math.floor(cell / 256), Math.floor(cell / 16) % 16, cell % 16, count);
  database.exec(`
    INSERT INTO rollup_hours SELECT minute / 60, dimension, label, sum(count) FROM rollup_minutes GROUP BY 1, 2, 3;
    INSERT INTO rollup_totals SELECT dimension, label, sum(count) FROM rollup_minutes GROUP BY 1, 2;
  `);
}
