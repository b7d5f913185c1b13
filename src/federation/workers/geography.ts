// The locations of active nodes, in cells that hold enough of them (docs/federation.md#published-places). The query
// scans all nodes, so it is asked at most once an hour. That also keeps anyone from following a single node's move.

import { type Geography, placeDistribution } from '../domain/statistics.ts';
import { CONTINENTS } from '../domain/vocabulary.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Counts the online and stale nodes per cell. Cells with fewer than `minimum` nodes are folded into `other`. */
export function readGeography(database: ReadDatabase, minimum: number): Geography {
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
  return {
    continentDistribution: placeDistribution(continents, minimum),
    locationDistribution: placeDistribution(locations, minimum),
  };
}
