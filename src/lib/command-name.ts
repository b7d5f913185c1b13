// The name by which people run a command: the script in a clone, or the installed program under one of its names.

import { basename } from 'node:path';

const PACKAGE_NAME = 'truebit-aggregator';

/**
 * `./aggregator` if the program runs from its sources. If it was built: `truebit-aggregator` where npm installed it and it was
 * started by that name, else `aggregator`, as in the image.
 */
export const COMMAND_NAME = commandName(import.meta.url, process.argv[1]);

/** The name for the address of this module and for the path of the program as it was started. */
export function commandName(moduleUrl: string, startedAs: string | undefined): string {
  if (moduleUrl.endsWith('.ts')) return './aggregator';
  return startedAs !== undefined && basename(startedAs) === PACKAGE_NAME ? PACKAGE_NAME : 'aggregator';
}
