// How many of the newest tasks only one node has reported (section 8: monitors with salts of their own cannot be
// de-duplicated against each other). A sample of bounded size, read backwards along the primary key.

import type { ReportingShare } from '../domain/statistics.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Tasks looked at: the newest by id. */
const SAMPLED_TASKS_MAX = 50_000;
/**
 * Younger tasks are left out: their other reporters may still be on the way. Not those from further ahead than this: they
 * are of a clock that was ahead of ours, and would stay away for as long.
 */
const SETTLED_AFTER_MS = 60_000;

/** Each reporter takes 4 bytes in the row (migration 1). */
export function readReporting(database: ReadDatabase, nowMs: number): ReportingShare {
  const { tasks, single } = statement<[number, number, number], { tasks: number; single: number }>(
    database,
    `SELECT count(*) AS tasks, coalesce(sum(length(reporters) = 4), 0) AS single FROM
         (SELECT first_ms, reporters FROM tasks ORDER BY id DESC LIMIT ?) WHERE first_ms <= ? OR first_ms > ?`,
  ).get(SAMPLED_TASKS_MAX, nowMs - SETTLED_AFTER_MS, nowMs + SETTLED_AFTER_MS) ?? { tasks: 0, single: 0 };
  return { tasks, single, share: tasks === 0 ? null : single / tasks, sampledMax: SAMPLED_TASKS_MAX };
}
