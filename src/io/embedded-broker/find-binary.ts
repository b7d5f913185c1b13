// Finds the nats-server program, the newest if there are several. It never downloads one; scripts/nats-server.sh does, at
// set-up. The nats-servers of the tests (.cache/nats-servers) are not looked at.

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodedError } from '../../lib/errors.ts';
import type { Binary } from './store-version.ts';
import { isAtLeast, readVersion } from './version.ts';

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

/**
 * The newest nats-server of the candidates; of the same version, the first. Runs each to ask its version. One that cannot
 * tell it is left out if another can. Throws `broker_binary_missing` with the remedies if no candidate is an executable
 * file, and `broker_start_failed` if none is a nats-server that is new enough.
 */
export async function newestBinary(search: BinarySearch): Promise<Binary> {
  const paths = binaryCandidates(search).filter(isProgram);
  // One program is often in two folders: PATH names /usr/sbin too, or a link leads to it.
  const different = [...new Map(paths.toReversed().map((path) => [realpathSync(path), path])).values()];
  if (different.length === 0) throw missing(search);
  const asked = different.toReversed().map(async (path) => ({ path, version: await readVersion(path) }));
  const answers = await Promise.allSettled(asked);
  const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  if (known.length > 0)
    return known.reduce((best, next) => (isAtLeast(best.version, next.version) ? best : next));
  throw answers.find((answer) => answer.status === 'rejected')?.reason;
}

function missing({ override }: BinarySearch): CodedError {
  const problem =
    override === undefined || override === ''
      ? 'No nats-server was found in PATH, /usr/sbin, /usr/local/bin or .cache/nats-server'
      : `NATS_SERVER_BIN=${override} is not a program that can be run`;
  return new CodedError(
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
