// The only file that touches `process.env` and asks the machine about itself; it never judges what it finds.

import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';

/** Names to values, as the process was started with them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the settings need to know of the machine. */
export interface Machine {
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Processors that this process may use. */
  readonly processors: number;
  /** Whether the file exists and may be read. */
  canRead(path: string): boolean;
}

/** A copy of the environment, so that nothing later in the process can change what was read. */
export function environment(): Environment {
  return { ...process.env };
}

/** A file that a person named, from where the person is: the script in a clone runs the program in the clone's folder. */
export function fromCaller(env: Environment, path: string): string {
  const folder = env['AGGREGATOR_CALLED_FROM'];
  return folder === undefined ? path : resolve(folder, path);
}

/** The machine that this program runs on. */
export function thisMachine(): Machine {
  return { isTerminal: isatty(process.stdout.fd), processors: availableParallelism(), canRead };
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
