// Reads the database as an operator would with sqlite3: read-only, beside the running program.

import Sqlite from 'better-sqlite3';

export type Row = Readonly<Record<string, unknown>>;

export function rowsOf(databasePath: string, sql: string): Row[] {
  const database = new Sqlite(databasePath, { readonly: true, fileMustExist: true });
  try {
    return database.prepare<[], Row>(sql).all();
  } finally {
    database.close();
  }
}

/** The first column of the first row. */
export function valueOf(databasePath: string, sql: string): unknown {
  return Object.values(rowsOf(databasePath, sql)[0] ?? {})[0];
}
