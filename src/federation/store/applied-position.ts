// Reads how far a database has applied the log of its partition: for workers, beside the counts of the same transaction.
// It writes nothing.

import type { AppliedPosition } from '../domain/partial.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** The stored value that counts the entries which the partition has applied in its life. */
export const PROGRESS = 'progress';

/** The position of a database; of one outside a cluster progress 0 and no source. */
export function readAppliedPosition(database: ReadDatabase): AppliedPosition {
  const row = statement<[string], { value: number }>(
    database,
    'SELECT value FROM settings_kept WHERE name = ?',
  ).get(PROGRESS);
  return { progress: row?.value ?? 0, sources: [] };
}
