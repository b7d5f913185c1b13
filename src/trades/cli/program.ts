// Describes trades for the commands that every program with a database has.

import type { Program } from '../../cli/program.ts';
import { readSettings, SETTINGS } from '../config/settings.ts';
import { describeSummary, TRADES_DATABASE, type TradesSummary } from '../store/trades-database.ts';

/** The database, settings and sentences of trades. */
export const TRADES: Program<TradesSummary> = {
  database: TRADES_DATABASE,
  databaseSetting: 'DB_PATH',
  settings: SETTINGS,
  readSettings(env) {
    const { settings, warnings } = readSettings(env);
    return { databasePath: settings.databasePath, databaseLink: settings.databaseLink, warnings };
  },
  describe: describeSummary,
  notInBackup: 'The signing key, the log and jobs that are not sealed yet are not in it.',
  afterRestore:
    'After the next start, summaries that waited in the backup are sent, also those that were delivered since: the backend knows them by their digest.',
};
