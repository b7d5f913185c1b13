// Reads `process.env` and facts about the machine; no other file does. It does not judge what it reads.

import { accessSync, constants } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';

/** The environment variables of the process: names to values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The facts about the machine that the settings need. */
export interface Machine {
  /** True if standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Number of processors that this process may use. */
  readonly processors: number;
  /** The machine's name in its network. */
  readonly hostName: string;
  /** True if the file exists and this user may read it. */
  canRead(path: string): boolean;
}

/** Copies the environment, so that later changes in the process cannot affect the settings. */
export function environment(): Environment {
  return { ...process.env };
}

/**
 * Resolves a path that a person gave against that person's folder, because the script of a clone runs the program in
 * the clone's folder.
 */
export function fromCaller(env: Environment, path: string): string {
  const folder = env['AGGREGATOR_CALLED_FROM'];
  return folder === undefined ? path : resolve(folder, path);
}

/** The machine on which this process runs. */
export function thisMachine(): Machine {
  return {
    isTerminal: isatty(process.stdout.fd),
    processors: availableParallelism(),
    hostName: hostname(),
    canRead,
  };
}

function canRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
