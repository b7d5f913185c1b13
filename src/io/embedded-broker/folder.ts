// The broker's folder and the files in it. Never holds anything that the database needs.

import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { barredFolder, deniedFile, explainDenied } from '../../lib/denied-access.ts';
import { unfinishedOf } from '../../lib/durable.ts';
import { CodedError } from '../../lib/errors.ts';
import { makeFolder } from '../../lib/folder.ts';

/** Absolute paths; the configuration's also tells our process from others with the same id. */
export interface BrokerFiles {
  readonly folder: string;
  readonly configuration: string;
  readonly credentials: string;
  readonly pid: string;
  readonly log: string;
  readonly store: string;
}

/** The paths, whether or not anything is there. */
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

/** Makes the folder (mode 0700) if need be, and looks whether this user may use what is in it. Throws `folder_not_writable`. */
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

/** The sentence for the system's or SQLite's error about the folder or a file in it; another error comes back as it is. */
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

/** Whether it is an error of using files: not one of the network, of a program that cannot be run, or of our code. */
function isOfFiles(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  return OF_FILES.test(error.code);
}

const OF_FILES =
  /^(EACCES|EPERM|EROFS|ENOSPC|EDQUOT|EIO|ENOENT|ENOTDIR|EEXIST|EISDIR|ELOOP|ENAMETOOLONG|SQLITE_.+)$/;

/** Every file that the program or its broker writes there, in the order in which they are met. */
function filesIn({ folder, configuration, credentials, pid, log, store }: BrokerFiles): readonly string[] {
  const lock = ['aggregator.lock', 'aggregator.holder'].map((name) => join(folder, name));
  const halves = [unfinishedOf(credentials), `${configuration}.unchecked`];
  return [...lock, credentials, configuration, ...halves, pid, log, `${log}.1`, store];
}

function refuse(what: string, why: string, cause?: unknown): CodedError {
  return new CodedError('folder_not_writable', `${what}: ${why}.`, { cause });
}
