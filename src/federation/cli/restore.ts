// `aggregator restore`: puts a verified backup in the place of the database, and keeps what it replaces.

import { COMMAND_DESCRIPTORS } from '../../lib/descriptors.ts';
import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { requireBackup, restoreDatabase } from '../../store/backup.ts';
import { lockDatabase } from '../../store/lock.ts';
import type { Command } from '../../cli/command.ts';
import { print } from '../../cli/output.ts';
import { progressLine } from '../../cli/progress-line.ts';
import { upTo } from './read-up-to.ts';
import type { Verified } from '../../store/verify.ts';
import { FEDERATION_DATABASE, type Summary } from '../store/federation-database.ts';

const HELP = `Usage: aggregator restore FILE [--json]

Puts the backup FILE in the place of the database of DB_PATH. The aggregator must not run. FILE is verified first and
stays as it is; the database that is replaced stays beside it as …replaced-TIME. After the next start the aggregator
reads on from where the backup ends, as far as the broker's stream still reaches back.

  --json  print the result as JSON

Standard error says what it is at.

Exit code: 0 the backup is in place; 1 it is not, and nothing was changed; 2 usage.
`;

function restore(args: readonly string[], env: Environment): number {
  const { values, operands } = parseCommandLine(args, { json: { type: 'boolean' } }, ['FILE']);
  const [file = ''] = operands;
  const { databasePath } = readSettings(env).settings;
  requireDescriptors(COMMAND_DESCRIPTORS);
  // Before the lock, which makes the folder.
  requireBackup(file, databasePath);
  const lock = lockDatabase(databasePath, FEDERATION_DATABASE);
  let isDone = false;
  try {
    const restored = restoreFile(databasePath, file);
    isDone = true;
    const kept =
      restored.replaced === null ? 'there was none before' : `the one before is ${restored.replaced}`;
    print(
      values.json === true
        ? `${JSON.stringify({ databasePath, file, ...restored })}\n`
        : `${databasePath}: restored from ${file}, ${restored.tasks} tasks, ${restored.invoices} invoices, ${upTo(restored.readUpTo)}; ${kept}\n`,
    );
    return 0;
  } finally {
    if (isDone) lock.release();
    else lock.undo();
  }
}

function restoreFile(
  databasePath: string,
  file: string,
): Verified<Summary> & { readonly replaced: string | null } {
  const time = new Date(systemClock.nowMs()).toISOString().replaceAll(':', '-');
  const progress = progressLine('restore');
  try {
    return restoreDatabase({
      program: FEDERATION_DATABASE,
      databasePath,
      file,
      suffix: `replaced-${time}`,
      progress: (phase, share) => progress.show(phase, share),
    });
  } finally {
    progress.end();
  }
}

export const restoreCommand: Command = { help: HELP, run: restore };
