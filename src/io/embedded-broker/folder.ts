// The embedded broker's folder and its files. The folder holds nothing that the database needs.

import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { barredFolder, deniedFile, explainDenied } from '../../lib/denied-access.ts';
import { unfinishedOf } from '../../lib/durable.ts';
import { CodedError } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/folder.ts';
import { storeVersionFile } from './store-version.ts';

/**
 * Absolute paths. The path of the configuration also distinguishes the broker's process from another process that has
 * reused its id.
 */
export interface BrokerFiles {
  readonly folder: string;
  readonly configuration: string;
  readonly credentials: string;
  readonly pid: string;
  readonly log: string;
  readonly store: string;
}

/** Returns the paths, whether or not the files exist. */
export function brokerFiles(folder: string): BrokerFiles {
  const path = resolve(folder);
  return {
    folder: path,
    configuration: join(path, 'nats-server.conf'),
    credentials: join(path, 'credentials.json'),
    pid: join(path, 'nats-server.pid'),
    log: join(path, 'nats-server.log'),
    store: join(path, 'jetstream'),
  };
}

/**
 * Makes the folder (mode 0700) if necessary, and checks that this user may use its files. Throws `folder_not_writable`.
 */
export function requireWritableFolder(files: BrokerFiles): void {
  try {
    makeFolder(files.folder, 0o700);
    accessSync(files.folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw explainFolder(error, files);
  }
  const denied = deniedFile(filesIn(files));
  if (denied !== null)
    throw refuse(`The broker's folder ${files.folder} cannot be used`, explainDenied(denied));
}

/**
 * Converts an error of the system or of SQLite about the folder or a file in it into `folder_not_writable` with the
 * cause and the remedy. Returns any other error as it is.
 */
export function explainFolder(error: unknown, files: BrokerFiles): unknown {
  if (!isOfFiles(error)) return error;
  const { code } = error;
  const { folder } = files;
  const what = `The broker's folder ${folder} cannot be written (${code})`;
  const barred = barredFolder(folder);
  if (barred !== null) {
    const right = `this user may not enter the folder ${barred}; give the right to`;
    return refuse(what, `${right}, or set EMBEDDED_NATS_DIR to another folder`, error);
  }
  const denied = deniedFile([folder, ...filesIn(files)]);
  if (denied !== null) return refuse(what, explainDenied(denied), error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') {
    return refuse(what, 'the disk is full; make room', error);
  }
  return refuse(what, 'give this user the right to, or set EMBEDDED_NATS_DIR to another', error);
}

/** True for an error about files; false for an error of the network, of a program that cannot run, or of the code. */
function isOfFiles(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  return OF_FILES.test(error.code);
}

const OF_FILES =
  /^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|EIO|ENOENT|ENOTDIR|EEXIST|EISDIR|ELOOP|ENAMETOOLONG|SQLITE_.+)$/;

/** Every file that the program or its broker writes there, in the order of use. */
function filesIn({ folder, configuration, credentials, pid, log, store }: BrokerFiles): readonly string[] {
  const lock = ['aggregator.lock', 'aggregator.holder'].map((name) => join(folder, name));
  const halves = [unfinishedOf(credentials), `${configuration}.unchecked`];
  return [
    ...lock,
    credentials,
    configuration,
    ...halves,
    pid,
    log,
    `${log}.1`,
    store,
    storeVersionFile(store),
  ];
}

function refuse(what: string, why: string, cause?: unknown): CodedError {
  return new CodedError('folder_not_writable', `${what}: ${why}.`, { cause });
}
