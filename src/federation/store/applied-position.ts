// Reads how far a database has applied the log of its partition, as the writer committed it: for workers, beside the counts
// of the same transaction. It writes nothing.

import type { SourcePosition } from '../domain/cluster.ts';
import type { AppliedPosition } from '../domain/partial.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

interface Row {
  stream: string;
  incarnation: string;
  watermark_ms: number;
  is_away: number;
  first: number;
  upto: number;
  entries: number;
}

/**
 * The position of a database, the same as its writer reports of itself. Of a database outside a cluster progress is 0, and
 * there is no source. Of several incarnations of a stream the newest is listed; progress counts them all.
 */
export function readAppliedPosition(database: ReadDatabase): AppliedPosition {
  const rows = statement<[], Row>(
    database,
    `SELECT stream, incarnation, watermark_ms, is_away, coalesce(first_seq, 1) AS first, coalesce(last_seq, 0) AS upto,
            coalesce(last_seq - first_seq + 1 - elsewhere, 0) AS entries
       FROM log_sources LEFT JOIN ingest_position USING (stream, incarnation) ORDER BY log_sources.rowid`,
  ).all();
  const newest = new Map(rows.map((row) => [row.stream, row]));
  return {
    progress: rows.reduce((sum, { entries }) => sum + entries, 0),
    sources: [...newest.values()].map(
      ({ stream, incarnation, first, upto, watermark_ms: watermarkMs, is_away: isAway }): SourcePosition => ({
        stream,
        incarnation,
        first,
        upto,
        watermarkMs,
        isAway: isAway === 1,
      }),
    ),
  };
}
