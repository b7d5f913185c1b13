// Reads the text of a file with settings: a regular file, UTF-8, of limited length. It does not look at the text.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../lib/error-code.ts';
import { CodedError } from '../lib/errors.ts';

/** Length of a settings file, and of a file of `--env-file`. */
export const SETTINGS_FILE_BYTES_MAX = 65_536;

/** The text of a file. Errors: `settings_invalid`, in one sentence that names the file. */
export function settingsTextOf(path: string): string {
  const bytes = bytesOf(path);
  if (bytes.length > SETTINGS_FILE_BYTES_MAX) {
    throw unreadable(path, `is longer than ${SETTINGS_FILE_BYTES_MAX} bytes, so it is perhaps another file`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw unreadable(path, 'is not UTF-8 text: save it as UTF-8');
  }
}

/** The first bytes of the file, one more than is allowed. */
function bytesOf(path: string): Buffer {
  let descriptor: number | null = null;
  try {
    // A pipe without a writer would hold up the program.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(descriptor).isFile()) throw unreadable(path, 'is not a file');
    const bytes = Buffer.alloc(SETTINGS_FILE_BYTES_MAX + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.subarray(0, length);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const code = errorCode(error);
    if (code === 'ENOENT') throw unreadable(path, 'does not exist', error);
    throw unreadable(path, `cannot be read (${code ?? 'unknown'})`, error);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function unreadable(path: string, what: string, cause?: unknown): CodedError {
  return new CodedError('settings_invalid', `The settings file ${path} ${what}.`, { cause });
}
