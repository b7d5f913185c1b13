// Describes mining for the commands that every program with a database has.

import type { StoredProgram } from '../../cli/program.ts';
import { describeSummary, MINING_DATABASE, type MiningSummary } from '../store/mining-database.ts';
import { readGiven, SETTINGS_OPTIONS } from './settings-options.ts';

/** Mining's database, settings and sentences. */
export const MINING: StoredProgram<MiningSummary> = {
  database: MINING_DATABASE,
  databaseSetting: 'database.path',
  settingsOptions: SETTINGS_OPTIONS,
  readSettings(env, given) {
    const { config, warnings } = readGiven(env, given);
    const { path, link } = config.database;
    return { databasePath: path, databaseLink: link ?? undefined, warnings };
  },
  describe: describeSummary,
  notInBackup: 'The settings file and the log are not in it.',
  afterRestore:
    'After the next start the statistics go on from where the backup ends, and submissions that waited in it are delivered if their block is still current.',
};
