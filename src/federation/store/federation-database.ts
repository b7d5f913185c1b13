// The federation's database as the mechanisms of `src/store` see it: its migrations, and the summary that operators
// read.

import {
  type Adoption,
  type Database,
  openCurrent,
  openWriter,
  type ReadDatabase,
  type DatabaseProgram,
} from '../../store/database.ts';
import { markRestored } from './last-run.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** How far a stream had been read when the database was written. */
export interface ReadUpTo {
  readonly stream: string;
  readonly seq: number;
  /** Time of the last message, in ms since the epoch; 0 if no message of the stream was read. */
  readonly atMs: number;
}

/** The summary of a database, as backup, restore and verify print it. */
export interface Summary {
  readonly tasks: number;
  readonly invoices: number;
  /** Null if the program never read a stream. */
  readonly readUpTo: ReadUpTo | null;
}

/** The earlier aggregator's tables, in the order in which they are adopted. */
export const EARLIER_TABLES = [
  'aggregated_tasks',
  'aggregated_invoices',
  'active_nodes',
  'network_stats_history',
] as const;

/** The federation's program of a database, for the mechanisms of `src/store`. */
export const FEDERATION_DATABASE: DatabaseProgram<Summary> = {
  name: 'federation',
  migrations: MIGRATIONS,
  ownTable: 'ingest_position',
  earlierTables: EARLIER_TABLES,
  summarise,
  noteRestored: markRestored,
};

/** Opens the federation's database as {@link openWriter} does. */
export function openFederationWriter(path: string, adoption: Adoption | null = null): Database {
  return openWriter(path, FEDERATION_DATABASE, adoption);
}

/** Opens the federation's database as {@link openCurrent} does. */
export function openFederationCurrent(path: string): Database {
  return openCurrent(path, FEDERATION_DATABASE);
}

function summarise(database: ReadDatabase): Summary {
  const count = (table: string) => Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  const readUpTo = database
    .prepare<[], ReadUpTo>(
      'SELECT stream, last_seq AS seq, last_ms AS atMs FROM ingest_position ORDER BY last_ms DESC, rowid DESC LIMIT 1',
    )
    .get();
  return { tasks: count('tasks'), invoices: count('invoices'), readUpTo: readUpTo ?? null };
}
