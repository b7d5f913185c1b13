// Finds the nats-server program. It never downloads one; scripts/nats-server.sh does, at set-up.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../lib/errors.ts';

// The same path from src/io/embedded-broker and from dist/io/embedded-broker.
const PROJECT_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

/** Where to search: `override` is NATS_SERVER_BIN, `searchPath` is PATH. */
export interface BinarySearch {
  readonly override?: string | undefined;
  readonly searchPath: string;
}

/**
 * The paths to try, in order: only `override` if it is set, otherwise PATH, the usual folders and the project's cache.
 */
export function binaryCandidates({ override, searchPath }: BinarySearch): string[] {
  if (override !== undefined && override !== '') return [override];
  const folders = [
    ...searchPath.split(delimiter).filter((folder) => folder !== ''),
    '/usr/sbin',
    '/usr/local/bin',
  ];
  return [
    ...folders.map((folder) => join(folder, 'nats-server')),
    join(PROJECT_FOLDER, '.cache', 'nats-server', 'nats-server'),
  ];
}

/** Returns the first path that is an executable file. Throws `broker_binary_missing` with the remedies. */
export function findBinary(search: BinarySearch): string {
  const found = binaryCandidates(search).find(isProgram);
  if (found !== undefined) return found;
  const problem =
    search.override === undefined || search.override === ''
      ? 'No nats-server was found in PATH, /usr/sbin, /usr/local/bin or .cache/nats-server'
      : `NATS_SERVER_BIN=${search.override} is not a program that can be run`;
  throw new CodedError(
    'broker_binary_missing',
    `${problem}: install it (Debian, Ubuntu: apt install nats-server; macOS: brew install nats-server), ` +
      'or set NATS_SERVER_BIN to its path, or NATS_URL to a server that runs elsewhere.',
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
