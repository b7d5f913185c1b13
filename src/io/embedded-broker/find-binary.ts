// Finds the nats-server program. Never downloads one: that is the set-up step's work (scripts/nats-server.sh).

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../lib/errors.ts';

// From src/io/embedded-broker and from dist/io/embedded-broker alike.
const PROJECT_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

/** Where to look: `override` is NATS_SERVER_BIN, `searchPath` is PATH. */
export interface BinarySearch {
  readonly override?: string | undefined;
  readonly searchPath: string;
}

/** The candidates in order: the named one alone, else PATH, the usual folders, the project's cache. */
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

/** The first candidate that can be run. Throws `broker_binary_missing` with the remedies. */
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
