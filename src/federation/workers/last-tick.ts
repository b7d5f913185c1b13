// When statistics were recorded last, by the wall clock of that moment: what a start compares its own wall clock with. Of the
// rows the newest by number, not by time: a clock that was ahead has left rows of later times.

import type { Period } from '../domain/vocabulary.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** In milliseconds since the epoch; null if none were recorded yet. */
export function readLastTick(database: ReadDatabase, period: Period): number | null {
  const recordedAt = statement<[Period], { recorded_at: string }>(
    database,
    'SELECT recorded_at FROM network_stats WHERE stat_period = ? ORDER BY id DESC LIMIT 1',
  ).get(period)?.recorded_at;
  const recordedMs = Date.parse(recordedAt ?? '');
  return Number.isNaN(recordedMs) ? null : recordedMs;
}
