// Closes a database whose files are not whole, for example because its log was cut while it was open. SQLite's last close
// moves the log into the file; of a cut log it would move some pages of a transaction and not the others, and so damage
// the file. This file decides nothing about the state of the files.

import { type Database, openReader } from './database.ts';

/**
 * Calls `close`, which closes the writing connection on `path`, while another connection has the file open: then SQLite
 * leaves the file and the log as they are. A connection that only reads moves no log when it closes.
 */
export function closeAsItIs(path: string, close: () => void): void {
  const reader = openBeside(path);
  try {
    close();
  } finally {
    reader?.close();
  }
}

/** A connection that has read from the file, or has tried to; null if there is no file that can be opened. */
function openBeside(path: string): Database | null {
  let reader: Database;
  try {
    reader = openReader(path);
  } catch {
    return null;
  }
  try {
    // Opens the log, with the lock on the file that stops another connection from moving the log.
    reader.pragma('schema_version');
  } catch {
    // The log is cut; the lock is there.
  }
  return reader;
}
