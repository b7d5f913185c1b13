// Reads the address of a receiver from a file, so that it need not stand among the settings. No sentence has text of the
// file.

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { errorCode } from '../lib/error-code.ts';
import { isOnReadOnlyMount } from '../lib/read-only-mount.ts';

/** What a file says. */
export type UrlFile =
  | {
      readonly type: 'read';
      readonly text: string;
      /** Who else may read the file, worded to follow the name of the setting; null if nobody else may. */
      readonly warning: string | null;
    }
  /** Worded to follow the name of the setting. */
  | { readonly type: 'fault'; readonly fault: string };

const BYTES_MAX = 8_192;
const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o044;

/** Reads the one line of the file. Never throws. */
export function readUrlFile(path: string): UrlFile {
  let file: number | null = null;
  try {
    // Opening a pipe would otherwise wait for its writer.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(file);
    if (!stats.isFile()) return { type: 'fault', fault: 'this is not a file' };
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 && !isOnReadOnlyMount(file, path)) {
      const fault = `other users may write this file, and could have messages sent elsewhere: run "chmod 600 ${path}"`;
      return { type: 'fault', fault };
    }
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    const length = readSync(file, bytes, 0, bytes.length, 0);
    const text = bytes.toString('utf8', 0, length).trim();
    if (length > BYTES_MAX || /\s/.test(text))
      return { type: 'fault', fault: 'this file holds more than one address' };
    if (/\p{C}/u.test(text))
      return {
        type: 'fault',
        fault: 'a character that cannot be seen is in this file: write the address again by hand',
      };
    if (text === '') return { type: 'fault', fault: 'this file is empty: write the address into it' };
    const isReadable = (stats.mode & READABLE_BY_OTHERS) !== 0;
    const warning = isReadable ? `other users may read this file: run "chmod 600 ${path}"` : null;
    return { type: 'read', text, warning };
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    return {
      type: 'fault',
      fault: code === 'ENOENT' ? 'there is no such file' : `this file cannot be read (${code})`,
    };
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Who else may read or write a file that holds addresses among other things, and the remedy; null if nobody else may. */
export function whoElse(path: string): string | null {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & (READABLE_BY_OTHERS | WRITABLE_BY_OTHERS)) === 0) return null;
  const may = (mode & WRITABLE_BY_OTHERS) === 0 ? 'read' : 'write';
  return `other users may ${may} this file, which holds addresses: run "chmod 600 ${path}", or write them into files of their own (url_file)`;
}
