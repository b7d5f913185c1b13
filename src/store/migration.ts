// The interface through which a migration changes the database, inside the caller's transaction.

/** The database as a migration sees it. */
export interface MigratedDatabase {
  /** Runs SQL statements. */
  exec(sql: string): unknown;
  /**
   * Defines a function that the statements can call while the connection is open. No schema object in the file may
   * refer to it.
   */
  function(name: string, body: (value: unknown) => unknown): unknown;
}

/** A migration: SQL, or a function for steps that SQL alone cannot do. */
export type Migration = string | ((database: MigratedDatabase) => void);
