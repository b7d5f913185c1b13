// The command `restore` of every program: replaces its database by a verified backup, and keeps the replaced one.

import { fromCaller } from '../config/environment.ts';
import { systemClock } from '../lib/clock.ts';
import { COMMAND_DESCRIPTORS, requireDescriptors } from '../lib/descriptors.ts';
import { requireBackup, restoreDatabase } from '../store/backup.ts';
import type { DatabaseProgram } from '../store/database.ts';
import { lockDatabase } from '../store/lock.ts';
import type { Verified } from '../store/verify.ts';
import { type Command, command } from './command.ts';
import { flag, type Options } from './command-line.ts';
import { print } from './output.ts';
import type { StoredProgram } from './program.ts';
import { progressLine } from './progress-line.ts';

/** Makes the command `restore` of a program. */
export function restoreCommand<Summary extends object>(program: StoredProgram<Summary>): Command {
  const settingsOptions: Options = program.settingsOptions ?? {};
  return command({
    about: `Replaces the database of ${program.databaseSetting} by the backup FILE. Stop the program first. The command verifies FILE before it changes anything, leaves FILE as it is, and keeps the database before as …replaced-TIME. ${program.afterRestore} Standard error shows the progress.`,
    operands: ['FILE'],
    options: { ...settingsOptions, json: flag('print the result as JSON') },
    exit: '0 the backup is in place; 1 it failed, and nothing has changed; 2 usage.',
    run({ values, operands: [named = ''] }, env) {
      const file = fromCaller(env, named);
      const { databasePath } = program.readSettings(env, values);
      requireDescriptors(COMMAND_DESCRIPTORS);
      // Before taking the lock, because that creates the folder.
      requireBackup(file, databasePath);
      const lock = lockDatabase(databasePath, program.database, 'replace');
      let isDone = false;
      try {
        const restored = restoreFile(program.database, databasePath, file);
        isDone = true;
        const { replaced } = restored;
        const kept = replaced === null ? 'there was none before' : `the one before is ${replaced}`;
        print(
          values.json
            ? `${JSON.stringify({ databasePath, file, ...restored })}\n`
            : `${databasePath}: restored from ${file}, ${program.describe(restored)}; ${kept}\n`,
        );
        return 0;
      } finally {
        if (isDone) lock.release();
        else lock.undo();
      }
    },
  });
}

function restoreFile<Summary extends object>(
  program: DatabaseProgram<Summary>,
  databasePath: string,
  file: string,
): Verified<Summary> & { readonly replaced: string | null } {
  const nowMs = systemClock.nowMs();
  const time = new Date(nowMs).toISOString().replaceAll(':', '-');
  const progress = progressLine('restore');
  try {
    return restoreDatabase({
      program,
      databasePath,
      file,
      suffix: `replaced-${time}`,
      nowMs,
      progress: progress.show,
    });
  } finally {
    progress.end();
  }
}
