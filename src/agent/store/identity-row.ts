// The one row of the table `identity`. All inside the caller's transaction.

import type { Database } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import { statsKeyOf } from './identity-file.ts';

/** The identity with the key under which facts are named. */
export interface IdentityRow {
  readonly identity: AgentIdentity;
  readonly localKey: Buffer;
}

interface Row {
  readonly node_id: string;
  readonly local_key: Buffer;
  readonly is_enabled: number;
  readonly shares_location: number;
  readonly shares_tasks: number;
  readonly continent: string | null;
  readonly stats_key: string | null;
}

/** Reads the row; null before the first start has made it. */
export function readIdentity(database: Database): IdentityRow | null {
  const row = statement<[], Row>(database, 'SELECT * FROM identity WHERE id = 1').get();
  if (row === undefined) return null;
  return {
    identity: {
      nodeId: row.node_id,
      isEnabled: row.is_enabled === 1,
      sharesLocation: row.shares_location === 1,
      sharesTasks: row.shares_tasks === 1,
      continent: row.continent,
      statsKey: statsKeyOf(row.stats_key),
    },
    localKey: row.local_key,
  };
}

/** Writes the row, replacing the one that is there. */
export function writeIdentity(database: Database, { identity, localKey }: IdentityRow): void {
  statement(
    database,
    `INSERT OR REPLACE INTO identity
       (id, node_id, local_key, is_enabled, shares_location, shares_tasks, continent, stats_key)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    identity.nodeId,
    localKey,
    identity.isEnabled ? 1 : 0,
    identity.sharesLocation ? 1 : 0,
    identity.sharesTasks ? 1 : 0,
    identity.continent,
    identity.statsKey?.x ?? null,
  );
}
