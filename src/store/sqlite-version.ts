// The version of the SQLite that the program brings. To tell it, the library is loaded and used, in memory.

import Sqlite from 'better-sqlite3';

/** The version, such as 3.50.4. Throws if the library cannot be loaded on this machine. */
export function sqliteVersion(): string {
  const database = new Sqlite(':memory:');
  try {
    return String(database.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}
