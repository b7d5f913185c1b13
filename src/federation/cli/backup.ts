// `aggregator backup`: a whole copy of the database, made while the aggregator runs at whatever speed.

import { COMMAND_DESCRIPTORS } from '../../lib/descriptors.ts';
import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { backupDatabase } from '../../store/backup.ts';
import type { Command } from '../../cli/command.ts';
import { print } from '../../cli/output.ts';
import { mebibytes, progressLine } from '../../cli/progress-line.ts';
import { upTo } from './read-up-to.ts';
import { FEDERATION_DATABASE } from '../store/federation-database.ts';

const HELP = `Usage: aggregator backup FILE [--overwrite] [--json]

Copies the database of DB_PATH to FILE, as it is at this moment, also while the aggregator runs. The copy is verified and
then gets its name: there is never half a file. The broker's stream is not in it.

  --overwrite  replace FILE if it exists
  --json       print the result as JSON

Standard error says what it is at.

Exit code: 0 the backup is made; 1 it is not, and FILE is as before; 2 usage.
`;

async function backup(args: readonly string[], env: Environment): Promise<number> {
  const { values, operands } = parseCommandLine(
    args,
    { overwrite: { type: 'boolean' }, json: { type: 'boolean' } },
    ['FILE'],
  );
  const [file = ''] = operands;
  const { databasePath, embedded } = readSettings(env).settings;
  requireDescriptors(COMMAND_DESCRIPTORS);
  const startedMs = systemClock.monotonicMs();
  const progress = progressLine('backup');
  const made = await backupDatabase({
    program: FEDERATION_DATABASE,
    databasePath,
    ownFolder: embedded.dir,
    file,
    overwrite: values.overwrite === true,
    progress: (phase, share) => progress.show(phase, share),
  }).finally(() => progress.end());
  const seconds = Math.round(systemClock.monotonicMs() - startedMs) / 1000;
  print(
    values.json === true
      ? `${JSON.stringify({ file, seconds, ...made })}\n`
      : `${file}: ${mebibytes(made.bytes)}, ${made.tasks} tasks, ${made.invoices} invoices, ${upTo(made.readUpTo)}; verified, ${seconds} s\n`,
  );
  return 0;
}

export const backupCommand: Command = { help: HELP, run: backup };
