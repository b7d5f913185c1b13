// SQLite does not keep hashes unique: the writer does. The laws cover everything that could make the writer forget a
// row: the memory of recently used rows, commits, crashes, segments that fill and are stored, filters with wrong hits,
// pruning.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { completed, DAY_MS, invoiced, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const SEGMENT_ROWS = 131_072;

let folder: ReturnType<typeof testFolder>;
let files = 0;
beforeEach(() => {
  folder = testFolder('unique');
});
afterEach(() => folder.remove());

// Ids differ in length and share beginnings: the index compares the first bytes only.
const HASHES = [
  'aa'.repeat(8),
  'aa'.repeat(9),
  'aa'.repeat(31) + 'ab',
  'aa'.repeat(31) + 'ac',
  'bb'.repeat(32),
  '00'.repeat(8),
  '00'.repeat(32),
  'ff'.repeat(16),
];
const MESSAGES = [received, completed, invoiced];

type Step =
  | { readonly type: 'report'; readonly message: number; readonly hash: string; readonly isOld: boolean }
  | { readonly type: 'commit' | 'failedCommit' | 'kill' | 'prune' }
  /** A row near the end of a later segment, so that the next rows fill the segment; later ids follow it. */
  | { readonly type: 'jump'; readonly segments: number; readonly isOld: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('report' as const),
      message: fc.nat(2),
      hash: fc.constantFrom(...HASHES),
      isOld: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('failedCommit' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('kill' as const, 'prune' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('jump' as const),
      segments: fc.constantFrom(0, 1, 2, 33),
      isOld: fc.boolean(),
    }),
  },
);

const OLD_MS = NOW_MS - 40 * DAY_MS;
const CUTOFF_MS = NOW_MS - 30 * DAY_MS;

let fillers = 0;

/** A report of its own for each table, whose row is moved. */
function jump(opened: Opened, segments: number, isOld: boolean): void {
  const hash = (fillers++).toString(16).padStart(24, '0');
  const atMs = isOld ? OLD_MS : NOW_MS;
  for (const message of [received, invoiced])
    opened.writer.apply(message('node-filler', hash), { atMs, nowMs: NOW_MS, observedMs: 0 });
  opened.commit();
  for (const table of ['tasks', 'invoices']) {
    const [greatest] = opened.column(`SELECT max(id) FROM ${table}`).map(Number);
    const segment = Math.floor((greatest ?? 0) / SEGMENT_ROWS) + segments;
    const id = Math.max(greatest ?? 0, (segment + 1) * SEGMENT_ROWS - 3);
    opened.database.exec(`UPDATE ${table} SET id = ${id} WHERE id = ${greatest}`);
  }
  opened.reopen();
}

/** The hashes of all rows except fillers, each with its number of rows. */
function hashesOf(opened: Opened, table: string): Map<string, number> {
  const rows = opened.all<{ hash: string; rows: number }>(
    `SELECT lower(hex(hash)) AS hash, count(*) AS rows FROM ${table} WHERE length(hash) <> 12 GROUP BY 1`,
  );
  return new Map(rows.map(({ hash, rows: count }) => [hash, count]));
}

/** The expected rows: the last sighting by hash. */
class Model {
  readonly #committed = { tasks: new Map<string, number>(), invoices: new Map<string, number>() };
  #merged: { table: 'tasks' | 'invoices'; hash: string; atMs: number }[] = [];

  report(signal: Signal, atMs: number): void {
    if (!('idHash' in signal)) return;
    this.#merged.push({
      table: signal.type === 'invoice_created' ? 'invoices' : 'tasks',
      hash: signal.idHash,
      atMs,
    });
  }

  commit(): void {
    for (const { table, hash, atMs } of this.#merged) {
      const rows = this.#committed[table];
      rows.set(hash, Math.max(rows.get(hash) ?? 0, atMs));
    }
    this.#merged = [];
  }

  kill(): void {
    this.#merged = [];
  }

  prune(): void {
    for (const rows of Object.values(this.#committed)) {
      for (const [hash, lastMs] of rows) if (lastMs < CUTOFF_MS) rows.delete(hash);
    }
  }

  rows(table: 'tasks' | 'invoices'): Map<string, number> {
    return new Map([...this.#committed[table].keys()].map((hash) => [hash, 1]));
  }
}

function failingCommit(opened: Opened): void {
  opened.database.exec(
    "CREATE TEMP TRIGGER refuse BEFORE INSERT ON settings_kept BEGIN SELECT RAISE(ABORT, 'refused'); END",
  );
  // The observed clock changes, so the row is written.
  expect(() => opened.commit(Math.random())).toThrow('refused');
  opened.database.exec('DROP TRIGGER refuse');
}

describe('unique hashes', () => {
  it('unique hashes - each hash has one row, through commits, crashes, full segments, filters with wrong hits, pruning', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3, 6, 10),
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
        (placesLog2, generationSize, steps) => {
          const opened = new Opened(folder.path(`${files++}.db`), { generationSize, placesLog2 });
          const model = new Model();
          const check = () => {
            expect(hashesOf(opened, 'tasks')).toEqual(model.rows('tasks'));
            expect(hashesOf(opened, 'invoices')).toEqual(model.rows('invoices'));
          };
          const commit = () => {
            opened.commit();
            model.commit();
          };
          for (const done of steps) {
            switch (done.type) {
              case 'report': {
                const atMs = done.isOld ? OLD_MS : NOW_MS;
                const signal = (MESSAGES[done.message] ?? received)('node-a', done.hash);
                opened.writer.apply(signal, { atMs, nowMs: NOW_MS, observedMs: 0 });
                model.report(signal, atMs);
                break;
              }
              case 'commit':
                commit();
                break;
              case 'failedCommit':
                failingCommit(opened);
                break;
              case 'kill':
                opened.reopen();
                model.kill();
                break;
              case 'prune':
                commit();
                opened.prune(CUTOFF_MS);
                model.prune();
                break;
              case 'jump':
                commit();
                jump(opened, done.segments, done.isOld);
                break;
            }
            check();
          }
          commit();
          check();
          opened.writer.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  it('unique hashes - the filter of a full segment is stored with its rows, and read instead of the rows', () => {
    const opened = new Opened(folder.path('full.db'), { generationSize: 1, placesLog2: 10 });
    jump(opened, 0, false);
    const report = (hash: string) =>
      opened.writer.apply(received('node-a', hash), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    const stored = () =>
      opened.column("SELECT segment || ' ' || length(bits) FROM hash_filters WHERE of_table = 'tasks'");
    report(HASHES[0] ?? '');
    opened.commit();
    expect(stored()).toEqual([]);
    report(HASHES[1] ?? '');
    report(HASHES[2] ?? '');
    opened.commit();
    expect(opened.column('SELECT max(id) FROM tasks')).toEqual([SEGMENT_ROWS]);
    expect(stored()).toEqual(['0 128']);
    // Without the filter the writer would still find the row. So the test empties the filter, and the row is not found.
    opened.reopen();
    expect(report(HASHES[1] ?? '')).toBe('duplicate');
    opened.reopen();
    opened.database.exec('UPDATE hash_filters SET bits = zeroblob(128)');
    opened.reopen();
    expect(report(HASHES[1] ?? '')).toBe('applied');
    // A filter of another size is ignored: the writer makes a new one from the rows, and the next commit stores it.
    opened.database.exec('UPDATE hash_filters SET bits = zeroblob(1)');
    opened.reopen();
    expect(report(HASHES[1] ?? '')).toBe('duplicate');
    opened.commit();
    expect(stored()).toEqual(['0 128']);
    opened.writer.close();
  });

  it('unique hashes - filters of segments without rows are dropped, from memory and from the file', () => {
    const opened = new Opened(folder.path('empty.db'), { placesLog2: 10 });
    jump(opened, 0, true);
    for (const hash of HASHES)
      opened.writer.apply(received('node-a', hash), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    opened.commit();
    jump(opened, 2, false);
    opened.commit();
    const stored = () => opened.column("SELECT segment FROM hash_filters WHERE of_table = 'tasks'");
    expect(stored()).toEqual([0, 1]);
    opened.prune(CUTOFF_MS);
    opened.commit();
    expect(stored()).toEqual([0, 1]);
    opened.prune(NOW_MS + 1);
    opened.commit();
    // The newest segment has no rows either, but the next row goes into it.
    expect(stored()).toEqual([]);
    opened.writer.apply(received('node-a', HASHES[0] ?? ''), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
    opened.commit();
    expect(hashesOf(opened, 'tasks').size).toBe(1);
    opened.writer.close();
  });
});
