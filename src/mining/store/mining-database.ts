// The database of mining as the mechanisms of `src/store` see it: its migrations, and the summary that operators read.

import {
  type Adoption,
  type Database,
  type DatabaseProgram,
  openCurrent,
  openWriter,
  type ReadDatabase,
} from '../../store/database.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** The summary of a database, as backup, restore and verify print it. */
export interface MiningSummary {
  readonly submissions: number;
  readonly accounts: number;
  readonly machines: number;
  readonly blocks: number;
  /** Time of the newest submission or poll, in ms since the epoch; 0 without any. */
  readonly newestMs: number;
}

/** The table of the earlier aggregator; in this program's schema a view has its name. */
export const EARLIER_TABLE = 'submissions';

/** The program of a mining database, for the mechanisms of `src/store`. */
export const MINING_DATABASE: DatabaseProgram<MiningSummary> = {
  name: 'mining',
  migrations: MIGRATIONS,
  ownTable: 'submission_rows',
  earlierTables: [EARLIER_TABLE],
  summarise,
};

/** Opens the database of mining as {@link openWriter} does. */
export function openMiningWriter(path: string, adoption: Adoption | null = null): Database {
  return openWriter(path, MINING_DATABASE, adoption);
}

/** Opens the database of mining as {@link openCurrent} does. */
export function openMiningCurrent(path: string): Database {
  return openCurrent(path, MINING_DATABASE);
}

/** The summary in a few words, for the commands. */
export function describeSummary({
  submissions,
  accounts,
  machines,
  blocks,
  newestMs,
}: MiningSummary): string {
  const newest = newestMs === 0 ? '' : `, up to ${new Date(newestMs).toISOString()}`;
  return `${submissions} submissions of ${accounts} accounts at ${machines} machines in ${blocks} blocks${newest}`;
}

function summarise(database: ReadDatabase): MiningSummary {
  const number = (sql: string) => Number(database.prepare(sql).pluck().get());
  return {
    submissions: number('SELECT count(*) FROM submission_rows'),
    accounts: number('SELECT count(*) FROM accounts'),
    machines: number('SELECT count(*) FROM machines'),
    blocks: number('SELECT count(*) FROM blocks'),
    newestMs: number('SELECT coalesce(max(seen_ms), 0) FROM machines'),
  };
}
