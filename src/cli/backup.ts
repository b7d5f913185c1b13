// The command `backup` of every program: copies its whole database, also while the program runs at full load.

import { fromCaller } from '../config/environment.ts';
import { systemClock } from '../lib/clock.ts';
import { COMMAND_DESCRIPTORS, requireDescriptors } from '../lib/descriptors.ts';
import { backupDatabase } from '../store/backup.ts';
import { recordBackup } from '../store/last-backup.ts';
import { type Command, command } from './command.ts';
import { flag, type Options } from './command-line.ts';
import { complain, print } from './output.ts';
import type { StoredProgram } from './program.ts';
import { mebibytes, progressLine } from './progress-line.ts';

/** Makes the command `backup` of a program. */
export function backupCommand<Summary extends object>(program: StoredProgram<Summary>): Command {
  const settingsOptions: Options = program.settingsOptions ?? {};
  return command({
    about: `Copies the database of ${program.databaseSetting} to FILE, as it is at this moment, also while the program runs. Verifies the copy before it gets its name, so there is never an incomplete file. ${program.notInBackup} Standard error shows the progress.`,
    operands: ['FILE'],
    options: {
      ...settingsOptions,
      overwrite: flag('replace FILE if it exists'),
      json: flag('print the result as JSON'),
    },
    exit: '0 the backup is complete; 1 it failed, and FILE is as before; 2 usage.',
    async run({ values, operands: [named = ''] }, env) {
      const file = fromCaller(env, named);
      const { databasePath, ownFolder } = program.readSettings(env, values);
      requireDescriptors(COMMAND_DESCRIPTORS);
      const startedMs = systemClock.monotonicMs();
      const progress = progressLine('backup');
      const backup = await backupDatabase({
        program: program.database,
        databasePath,
        ownFolder,
        file,
        overwrite: values.overwrite,
        progress: progress.show,
      }).finally(() => progress.end());
      const problem = recordBackup(databasePath, systemClock.nowMs());
      if (problem !== null) complain(`${problem}\n`);
      const seconds = Math.round(systemClock.monotonicMs() - startedMs) / 1000;
      print(
        values.json
          ? `${JSON.stringify({ file, seconds, ...backup })}\n`
          : `${file}: ${mebibytes(backup.bytes)}, ${program.describe(backup)}; verified, ${seconds} s\n`,
      );
      return 0;
    },
  });
}
