// When statistics were last recorded, by the wall clock of that moment. A start compares its own wall clock with it. It
// reads the row with the greatest number, not the latest time, because a clock that was ahead may have left rows with
// later times.

import type { Period } from '../domain/vocabulary.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** The time of the last statistics, in ms since the epoch; null if none were recorded yet. */
export function readLastTick(database: ReadDatabase, period: Period): number | null {
  const recordedAt = statement<[Period], { recorded_at: string }>(
    database,
    'SELECT recorded_at FROM network_stats WHERE stat_period = ? ORDER BY id DESC LIMIT 1',
  ).get(period)?.recorded_at;
  const recordedMs = Date.parse(recordedAt ?? '');
  return Number.isNaN(recordedMs) ? null : recordedMs;
}
