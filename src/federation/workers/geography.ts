// The locations of active nodes (docs/federation.md#published-places): exact counts for the merge of partitions, or folded
// into cells that hold enough nodes. The query scans all nodes, so it is asked at most once an hour. That also keeps
// anyone from following a single node's move.

import { foldPlaces } from '../domain/merge.ts';
import type { PlacesPartial } from '../domain/partial.ts';
import type { Geography } from '../domain/statistics.ts';
import { CONTINENTS } from '../domain/vocabulary.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Counts the online and stale nodes per cell. Cells with fewer than `minimum` nodes are folded into `other`. */
export function readGeography(database: ReadDatabase, minimum: number): Geography {
  return foldPlaces([readPlaces(database)], minimum);
}

/** Counts the online and stale nodes per cell, exactly. The answer must not be published. */
export function readPlaces(database: ReadDatabase): PlacesPartial {
  const continents = new Map<string, number>();
  const locations = new Map<string, number>();
  const rows = statement<[], { continent: number | null; location: string | null; count: number }>(
    database,
    `SELECT continent, location, count(*) AS count FROM nodes
       WHERE coalesce(state, CASE WHEN left_ms > 0 AND left_ms >= life_ms THEN 2 ELSE 0 END) < 2
       GROUP BY continent, location`,
  ).all();
  for (const row of rows) {
    const continent = row.continent === null ? 'unknown' : (CONTINENTS[row.continent] ?? 'unknown');
    const location = row.location ?? 'unknown';
    continents.set(continent, (continents.get(continent) ?? 0) + row.count);
    locations.set(location, (locations.get(location) ?? 0) + row.count);
  }
  return { continents: [...continents], locations: [...locations] };
}
