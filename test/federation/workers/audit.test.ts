import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReader } from '../../../src/store/database.ts';
import { type AuditReport, audit } from '../../../src/federation/workers/audit.ts';
import { HashSieve } from '../../../src/federation/workers/hash-sieve.ts';
import { completed, DAY_MS, hash, invoiced, joined, NOW_MS, received, signal } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

let folder: ReturnType<typeof testFolder>;
let files = 0;
beforeEach(() => {
  folder = testFolder('audit');
});
afterEach(() => folder.remove());

function auditOf(path: string): AuditReport {
  const reader = openReader(path);
  try {
    return audit(reader, { progress: () => undefined });
  } finally {
    reader.close();
  }
}

/** The differences, by check. */
function differing(path: string): Record<string, number> {
  const found = auditOf(path).checks.filter((check) => check.differing > 0);
  return Object.fromEntries(found.map((check) => [check.name, check.differing]));
}

/** A database with some of everything, pruned in part. */
function filled(): { path: string; opened: Opened } {
  const path = folder.path(`${files++}.db`);
  const opened = new Opened(path);
  const apply = (event: ReturnType<typeof received>, atMs: number) =>
    opened.writer.apply(event, { atMs, nowMs: NOW_MS, observedMs: 0 });
  for (let task = 1; task <= 40; task++) {
    const atMs = NOW_MS - task * 3_600_000;
    apply(received(`node-${task % 5}`, hash(task)), atMs);
    if (task % 2 === 0) apply(completed('node-00', hash(task)), atMs + 90_000);
    apply(invoiced('node-01', hash(task)), atMs);
  }
  apply(joined('node-old'), NOW_MS - 30 * DAY_MS);
  opened.commit();
  opened.prune(NOW_MS - DAY_MS);
  opened.commit();
  return { path, opened };
}

describe('audit', () => {
  it('audit - whatever was merged, committed and pruned, it finds no difference', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ signal, daysAgo: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 1, arbitrary: fc.constant('commit' as const) },
      { weight: 1, arbitrary: fc.record({ pruneDays: fc.integer({ min: 0, max: 20 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const path = folder.path(`${files++}.db`);
        const opened = new Opened(path);
        for (const each of steps) {
          if (each === 'commit') opened.commit();
          else if ('pruneDays' in each) opened.prune(NOW_MS - each.pruneDays * DAY_MS);
          else {
            const atMs = NOW_MS - each.daysAgo * DAY_MS + 1;
            opened.writer.apply(each.signal, { atMs, nowMs: NOW_MS, observedMs: 0 });
          }
        }
        opened.commit();
        expect(differing(path)).toEqual({});
        opened.writer.close();
      }),
      { numRuns: 60 },
    );
  });

  it('audit - it reads every row, and compares every cell', () => {
    const { path, opened } = filled();
    const { checks, drift, rows } = auditOf(path);
    expect(drift).toBe(0);
    expect(rows).toBe(
      Number(opened.column('SELECT (SELECT count(*) FROM tasks) + (SELECT count(*) FROM invoices)')[0]) +
        Number(opened.column('SELECT count(*) FROM nodes')[0]),
    );
    const compared = Object.fromEntries(checks.map((check) => [check.name, check.compared]));
    expect(compared['hours are the rows']).toBe(opened.column('SELECT count(*) FROM rollup_hours')[0]);
    expect(compared['totals are the rows']).toBe(opened.column('SELECT count(*) FROM rollup_totals')[0]);
    opened.writer.close();
  });

  it.each([
    [
      'a minute too many',
      'UPDATE rollup_minutes SET count = count + 1 WHERE dimension = 6',
      'minutes are the rows, hour by hour',
    ],
    [
      'a minute moved within its hour',
      'UPDATE rollup_minutes SET minute = minute / 60 * 60 + (minute + 7) % 60 WHERE dimension = 0',
      'minutes are the rows, hour by hour',
    ],
    ['an hour missing', 'DELETE FROM rollup_hours WHERE dimension = 4', 'hours are the rows'],
    ['an hour too many', 'INSERT INTO rollup_hours VALUES (1, 0, 0, 5)', 'hours are the rows'],
    ['a total', 'UPDATE rollup_totals SET count = count + 1 WHERE dimension = 9', 'totals are the rows'],
    ['a row gone', 'DELETE FROM tasks WHERE id = (SELECT min(id) FROM tasks)', 'totals are the rows'],
    [
      'a pruned chain',
      'UPDATE pruned_totals SET count = count + 1 WHERE dimension = 4',
      'all − live = pruned',
    ],
    [
      'a pruned node',
      'UPDATE pruned_totals SET count = count + 1 WHERE dimension = 9',
      'all − live = pruned',
    ],
    [
      'a task with two rows',
      `INSERT INTO tasks SELECT id + 1000000, hash, tag, first_ms, last_after_ms, created_after_ms, chain, type, outcome, reporters
         FROM tasks LIMIT 1`,
      'each task has one row',
    ],
    [
      'an invoice with three rows',
      `INSERT INTO invoices SELECT id + n * 1000000, hash, tag, task_hash, first_ms, last_after_ms, created_after_ms, chain, operation,
         steps, memory, reporters FROM invoices, (SELECT 1 AS n UNION SELECT 2) WHERE id = (SELECT max(id) FROM invoices)`,
      'each invoice has one row',
    ],
    ['an adopted row that is none', 'INSERT INTO adopted VALUES (0, 999999, 3)', 'adopted rows exist'],
    [
      'a sequence without an outcome',
      "INSERT INTO ingest_position VALUES ('S', 'x#0', 1, 5, 0, 3, 0, 0, 0, 0, 0, 1, 0)",
      'each sequence read has one outcome',
    ],
  ])('audit - it finds %s', (_what, sql, check) => {
    const { path, opened } = filled();
    opened.database.exec(sql);
    expect(Object.keys(differing(path))).toContain(check);
    opened.writer.close();
  });

  it('audit - it finds totals below those published, and ignores rows of an earlier aggregator', () => {
    const { path, opened } = filled();
    const row = (tasks: number, distribution: string) =>
      opened.database.exec(
        `INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
           failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, chain_distribution, created_at)
         VALUES ('2026-01-15T10:00:00.000Z', 'all', 0, 0, ${tasks}, 0, 0, 0, 0, 0, 0, ${distribution}, '')`,
      );
    row(1_000_000, 'NULL');
    expect(differing(path)).toEqual({});
    row(41, "'{}'");
    expect(differing(path)).toEqual({ 'totals are not below those published': 1 });
    opened.writer.close();
  });

  it('hash sieve - it finds every hash that came twice, and suspects few that came once', () => {
    const hashes = Array.from({ length: 20_000 }, (_, index) =>
      Buffer.from(hash(index * 7919 + 1).repeat(4), 'hex'),
    );
    const sieve = new HashSieve(hashes.length);
    for (const each of hashes) sieve.add(each);
    expect(sieve.suspects).toBeLessThan(200);
    const twice = hashes.filter((_, index) => index % 1000 === 3);
    for (const each of twice) sieve.add(each);
    for (const each of twice) expect(sieve.isSuspect(each)).toBe(true);
  });
});
