// The federation's database as the mechanisms of `src/store` know it: its migrations, and what people are told of it.

import {
  type Adoption,
  type Database,
  openCurrent,
  openWriter,
  type ReadDatabase,
  type DatabaseProgram,
} from '../../store/database.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** How far a stream was read when a database was written. */
export interface ReadUpTo {
  readonly stream: string;
  readonly seq: number;
  /** Time of the last message, in ms since the epoch. */
  readonly atMs: number;
}

/** What is said of a whole database. */
export interface Summary {
  readonly tasks: number;
  readonly invoices: number;
  /** Null if no stream was ever read. */
  readonly readUpTo: ReadUpTo | null;
}

export const FEDERATION_DATABASE: DatabaseProgram<Summary> = {
  name: 'federation',
  migrations: MIGRATIONS,
  ownTable: 'ingest_position',
  summarise,
};

/** As {@link openWriter}, the federation's database. */
export function openFederationWriter(path: string, adoption: Adoption | null = null): Database {
  return openWriter(path, FEDERATION_DATABASE, adoption);
}

/** As {@link openCurrent}, the federation's database. */
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
