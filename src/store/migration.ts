// What a migration may do with the database: change it, inside the caller's transaction.

export interface MigratedDatabase {
  /** Runs statements of SQL. */
  exec(sql: string): unknown;
  /** Lets the statements call a function while the connection is open; nothing in the file may refer to it. */
  function(name: string, body: (value: unknown) => unknown): unknown;
}

/** SQL, or what a transaction has to do where SQL does not reach. */
export type Migration = string | ((database: MigratedDatabase) => void);
