// Opens the database of DB_PATH to read, for commands that show what is stored, also while the program runs. It changes
// nothing and needs no answer of the program.

import type { Environment } from '../../config/environment.ts';
import { COMMAND_DESCRIPTORS, requireDescriptors } from '../../lib/descriptors.ts';
import { type Database, explainReading } from '../../store/database.ts';
import { requireOneName } from '../../store/one-name.ts';
import { readSettings } from '../config/settings.ts';
import { openFederationCurrent } from '../store/federation-database.ts';

/** Reads with `read`, and closes the database. Errors: those of the settings, and of opening and reading a database. */
export function reading<T>(env: Environment, read: (database: Database) => T): T {
  const { databasePath } = readSettings(env).settings;
  requireDescriptors(COMMAND_DESCRIPTORS);
  requireOneName(databasePath);
  const database = openFederationCurrent(databasePath);
  try {
    return read(database);
  } catch (error) {
    throw explainReading(error, databasePath);
  } finally {
    database.close();
  }
}
