// Describes the federation for the commands that every program has.

import type { Program } from '../../cli/program.ts';
import { notifyLines, readNotifyFile } from '../config/notify-file.ts';
import { readSettings, SETTINGS } from '../config/settings.ts';
import { FEDERATION_DATABASE, type ReadUpTo, type Summary } from '../store/federation-database.ts';

/** The federation's database, settings and sentences. */
export const FEDERATION: Program<Summary> = {
  database: FEDERATION_DATABASE,
  databaseSetting: 'DB_PATH',
  settings: SETTINGS,
  readSettings(env) {
    const { settings, warnings } = readSettings(env);
    const { databasePath, databaseLink, embedded } = settings;
    return { databasePath, databaseLink, ownFolder: embedded.dir, warnings };
  },
  checkFiles(env) {
    const { receivers, warnings } = readNotifyFile(readSettings(env).settings.notifyFile);
    return { warnings, notes: notifyLines(receivers) };
  },
  describe: ({ tasks, invoices, readUpTo }) => `${tasks} tasks, ${invoices} invoices, ${upTo(readUpTo)}`,
  notInBackup: "The broker's stream is not in it.",
  afterRestore:
    'After the next start the aggregator reads the stream from where the backup ends, as far as the stream still reaches back.',
};

/** The position up to which the stream was read, in words. */
function upTo(position: ReadUpTo | null): string {
  if (position === null) return 'no stream read yet';
  if (position.atMs === 0) return 'no message read yet';
  return `read up to sequence ${position.seq} of ${position.stream} (${new Date(position.atMs).toISOString()})`;
}
