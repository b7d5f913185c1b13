// Opens the database for the running program with its writer. It commits nothing. There is no earlier program whose file
// could be taken over.

import { DAY_MS } from '../../lib/durations.ts';
import { type HeldDatabase, openHeld } from '../../store/held-database.ts';
import { TRADES_DATABASE } from './trades-database.ts';
import { TradesWriter } from './writer.ts';

/** Which database is opened, and how. */
export interface OpenOptions {
  readonly path: string;
  /** Days for which delivered entries are kept; 0 for ever. */
  readonly retentionDays: number;
}

/** Opens the database with its writer. Errors: those of {@link openHeld}. */
export function openDatabase({ path, retentionDays }: OpenOptions): HeldDatabase<TradesWriter> {
  return openHeld(
    { path, program: TRADES_DATABASE, adoption: null },
    (database) => new TradesWriter(database, retentionDays * DAY_MS),
  );
}
