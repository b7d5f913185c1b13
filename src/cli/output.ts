// The output of commands. It is written completely, or the command fails with an error. Unlike the runtime's streams it
// loses nothing when the process exits, and never shows a raw error for a full disk or a closed reader.

import { fstatSync, statSync, writeSync } from 'node:fs';
import { CodedError } from '../lib/errors.ts';
import { errorCode } from '../lib/error-code.ts';

const WAIT_MS = 10;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes to standard output, as slowly as its reader reads. A reader that has gone needs no more output, so that is no
 * failure (`aggregator status | head -1`): then it returns false. Throws `output_failed`.
 */
export function print(text: string): boolean {
  const code = writeAll(process.stdout.fd, text);
  if (code === null) return true;
  if (code === 'EPIPE') return false;
  const what = 'what it printed is not whole, and what it was to do is done';
  const remedy = 'make room or send it elsewhere, and look at the result before you run it again';
  throw new CodedError('output_failed', `Standard output cannot be written (${code}): ${what}; ${remedy}.`);
}

/**
 * Checks, before a command makes something that it shows only once, that standard output can show it. If standard
 * output was closed at the start, the runtime has put the null device in its place. Errors: `output_failed`.
 */
export function requireShown(what: string): void {
  if (!isNullDevice(process.stdout.fd)) return;
  throw new CodedError(
    'output_failed',
    `Standard output is closed or is the null device, so ${what} could not be shown: nothing was made; send the output to a file or a terminal.`,
  );
}

function isNullDevice(descriptor: number): boolean {
  try {
    const output = fstatSync(descriptor);
    return output.isCharacterDevice() && output.rdev === statSync('/dev/null').rdev;
  } catch {
    return false;
  }
}

/** Writes to standard output text that may be lost, such as progress. */
export function mention(text: string): void {
  writeAll(process.stdout.fd, text);
}

/** Writes to standard error. It ignores an error there, because it has no other place to report it. */
export function complain(text: string): void {
  writeAll(process.stderr.fd, text);
}

/** Returns the code of the error that stopped the writing; null if everything was written. */
function writeAll(descriptor: number, text: string): string | null {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = errorCode(error) ?? 'unknown';
      if (code !== 'EAGAIN') return code;
      Atomics.wait(NEVER, 0, 0, WAIT_MS);
    }
  }
  return null;
}
