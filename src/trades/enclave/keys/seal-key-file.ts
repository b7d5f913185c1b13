// The file of the seal key: 32 random bytes that only this user may read. It is made once and never changed. No error
// has bytes of the file.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { unreadable } from '../../../io/key-file-faults.ts';
import { OWNER_ONLY, syncFolder } from '../../../lib/durable.ts';
import { errorCode } from '../../../lib/error-code.ts';
import { CodedError } from '../../../lib/errors.ts';
import { SEAL_KEY_BYTES } from './seal-key.ts';
import { isText } from './seal-key-text.ts';

/** Rights of the group and of all others to read or write. */
const USABLE_BY_OTHERS = 0o066;

const MAKE_ONE =
  'If no account was ever registered with it, remove the file, and the next start makes one; else put a copy of the right file back, because without it every account begins anew';

/**
 * Reads the key, or makes a file with a new one if nothing has this name; then the disk has it. Errors: `key_unusable`
 * if the file cannot be read or made, if users other than its owner may read or write it, or if it does not hold 32
 * random bytes.
 */
export function readOrMakeSealKeyFile(path: string): Buffer {
  return read(path) ?? make(path);
}

function read(path: string): Buffer | null {
  const file = open(path);
  if (file === null) return null;
  try {
    const stats = fstatSync(file);
    if (!stats.isFile())
      throw fault(path, `is ${stats.isDirectory() ? 'a folder' : 'no regular file'}: name another file`);
    if ((stats.mode & USABLE_BY_OTHERS) !== 0)
      throw fault(
        path,
        `may be read or written by other users: run "chmod 600 ${path}". On a file system without such rights, as the folders of the host in Docker Desktop, keep it in a named volume`,
      );
    return checked(path, readUpTo(path, file, SEAL_KEY_BYTES + 1));
  } finally {
    closeSync(file);
  }
}

function checked(path: string, bytes: Buffer): Buffer {
  if (bytes.length !== SEAL_KEY_BYTES)
    throw fault(
      path,
      `must have exactly ${SEAL_KEY_BYTES} bytes and has ${bytes.length > SEAL_KEY_BYTES ? 'more' : bytes.length}. ${MAKE_ONE}`,
    );
  if (isText(bytes))
    throw fault(path, `holds text, and must hold ${SEAL_KEY_BYTES} random bytes. ${MAKE_ONE}`);
  return bytes;
}

function make(path: string): Buffer {
  const file = create(path);
  if (file === null) return read(path) ?? make(path);
  const key = randomBytes(SEAL_KEY_BYTES);
  try {
    // The mask of this process may have taken rights of the owner away.
    fchmodSync(file, OWNER_ONLY);
    for (let written = 0; written < key.length; ) written += writeSync(file, key, written);
    fsyncSync(file);
    syncFolder(dirname(path));
    return key;
  } catch (error) {
    rmSync(path, { force: true });
    throw notMade(path, error);
  } finally {
    closeSync(file);
  }
}

function open(path: string): number | null {
  try {
    // Opening a pipe would otherwise wait for its writer.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw unreadable(path, error);
  }
}

/** Null if another process has made the file in the meantime. */
function create(path: string): number | null {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY);
  } catch (error) {
    // A link that leads nowhere exists for the one call, and does not for the other.
    if (errorCode(error) === 'EEXIST' && read(path) !== null) return null;
    throw notMade(path, error);
  }
}

function readUpTo(path: string, file: number, bytesMax: number): Buffer {
  const bytes = Buffer.alloc(bytesMax);
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytesMax, 0));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function notMade(path: string, cause: unknown): CodedError {
  const why = errorCode(cause) ?? 'unknown error';
  const remedy =
    why === 'ENOSPC' || why === 'EDQUOT'
      ? 'make room on its disk'
      : 'check that its folder exists and that this user may write there';
  return new CodedError(
    'key_unusable',
    `The seal key file ${path} (ENCLAVE_SEAL_KEY) cannot be made (${why}): ${remedy}, or name another file.`,
    { cause },
  );
}

function fault(path: string, clause: string): CodedError {
  return new CodedError('key_unusable', `The seal key file ${path} (ENCLAVE_SEAL_KEY) ${clause}.`);
}
