// The options of a script that is no command of the program: trials, chaos, fuzz. A mistake in them ends the process with one
// sentence, as of a command.

import type { ParseArgsOptionsConfig } from 'node:util';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { CodedError } from '../../src/lib/errors.ts';

/** The values of this process's options. */
export function scriptOptions<const O extends ParseArgsOptionsConfig>(options: O) {
  try {
    return parseCommandLine(process.argv.slice(2), options).values;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}
