// Finds out why this user may not use a path: a folder above it bars access, or a file belongs to another user. It
// changes nothing.

import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from './error-code.ts';

/**
 * The highest folder above the path that this user may not enter; null if this user may enter every folder that exists.
 */
export function barredFolder(path: string): string | null {
  const above = dirname(resolve(path));
  if (above === '/') return null;
  const barred = barredFolder(above);
  if (barred !== null) return barred;
  return isDenied(above, constants.X_OK) ? above : null;
}

/** A file that this user may not use, with its owner. */
export interface DeniedFile {
  readonly file: string;
  readonly owner: string;
  /** The name of the user who runs this process. */
  readonly user: string;
  readonly isOwn: boolean;
}

/**
 * The first of the files (or folders) that exists and that this user may not both read and write; null if there is
 * none.
 */
export function deniedFile(files: readonly string[]): DeniedFile | null {
  const file = files.find((each) => isDenied(each, constants.R_OK | constants.W_OK));
  return file === undefined ? null : ownerOf(file);
}

/** The first of the files that belongs to another user, whatever its mode allows; null if there is none. */
export function foreignFile(files: readonly string[]): DeniedFile | null {
  for (const file of files) {
    const found = ownerOf(file);
    if (found !== null && !found.isOwn) return found;
  }
  return null;
}

/** One clause for an error message: the file, its owner and the remedy. */
export function explainDenied({ file, owner, user, isOwn }: DeniedFile): string {
  return isOwn
    ? `${user}, who runs this program, owns ${file} but may not read and write it: run "chmod u+rw ${file}", or remove the protection of the file`
    : `${file} belongs to ${owner}, and ${user}, who runs this program, may not use it: run the program as ${owner}, or run "chown ${user} ${file}"`;
}

function ownerOf(file: string): DeniedFile | null {
  try {
    const { uid } = statSync(file);
    const ownUid = process.getuid?.() ?? uid;
    return { file, owner: nameOf(uid), user: nameOf(ownUid), isOwn: uid === ownUid };
  } catch {
    return null;
  }
}

/** A file that does not exist counts as not denied. */
function isDenied(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return false;
  } catch (error) {
    const code = errorCode(error);
    return code === 'EACCES' || code === 'EPERM';
  }
}

/** The user's name from `/etc/passwd`, or the number if it is not listed. */
function nameOf(uid: number): string {
  try {
    const users = readFileSync('/etc/passwd', 'utf8').split('\n');
    const line = users.find((each) => each.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? String(uid);
  } catch {
    return String(uid);
  }
}
