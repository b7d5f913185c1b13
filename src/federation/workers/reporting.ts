// How many of the newest tasks only one node has reported. (docs/federation.md#joining: reports from monitors with
// different salts cannot be recognised as the same task.) It reads a bounded sample, backwards along the primary key.

import type { ReportingShare } from '../domain/statistics.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Size of the sample: the newest tasks by id. */
const SAMPLED_TASKS_MAX = 50_000;
/**
 * Tasks younger than this are left out, because reports from other nodes may still arrive. Tasks further ahead than
 * this are counted: a clock that was ahead stamped them, and they would otherwise be left out for as long.
 */
const SETTLED_AFTER_MS = 60_000;

/** Reads the share of tasks with a single reporter. Each reporter takes 4 bytes in the row (migration 1). */
export function readReporting(database: ReadDatabase, nowMs: number): ReportingShare {
  const { tasks, single } = statement<[number, number, number], { tasks: number; single: number }>(
    database,
    `SELECT count(*) AS tasks, coalesce(sum(length(reporters) = 4), 0) AS single FROM
         (SELECT first_ms, reporters FROM tasks ORDER BY id DESC LIMIT ?) WHERE first_ms <= ? OR first_ms > ?`,
  ).get(SAMPLED_TASKS_MAX, nowMs - SETTLED_AFTER_MS, nowMs + SETTLED_AFTER_MS) ?? { tasks: 0, single: 0 };
  return { tasks, single, share: tasks === 0 ? null : single / tasks, sampledMax: SAMPLED_TASKS_MAX };
}
