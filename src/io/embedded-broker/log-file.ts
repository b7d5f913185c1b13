// The file for nats-server's output, limited in size. The program reads only its end, for the reason of a failed start.

import { copyFileSync, fstatSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { devNull } from 'node:os';

/** Maximum size before the file is rotated; the file and its predecessor together hold at most about twice this. */
export const LOG_BYTES_MAX = 8_388_608;

/**
 * Opens the file for appending (mode 0600, because it contains addresses of clients); the caller closes the descriptor.
 * If the log cannot be written, it opens `/dev/null`, so that the broker runs without a log.
 */
export function openLog(file: string): { readonly descriptor: number; readonly offset: number } {
  boundLog(file);
  try {
    const descriptor = openSync(file, 'a', 0o600);
    return { descriptor, offset: fstatSync(descriptor).size };
  } catch {
    return { descriptor: openSync(devNull, 'a'), offset: 0 };
  }
}

/**
 * If the file is larger than `maxBytes`, copies it to `….1` and empties it. The server appends, so it continues at the
 * start of the file. On a full disk it makes no copy and frees the space of both files. Never throws, because a timer
 * calls it.
 */
export function boundLog(file: string, maxBytes: number = LOG_BYTES_MAX): void {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= maxBytes) return;
    keepCopy(file);
    truncateSync(file);
  } catch {
    // Read-only, or owned by another user: a later check may succeed.
  }
}

function keepCopy(file: string): void {
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    rmSync(`${file}.1`, { force: true });
  }
}

/** The last fatal error written after `offset` (bytes); empty if there is none. */
export function lastComplaint(file: string, offset: number): string {
  try {
    const lines = readFileSync(file).subarray(offset).toString('utf8').split('\n');
    const complaint = lines.findLast((line) => line.includes('[FTL]') || line.startsWith('nats-server:'));
    return (complaint ?? '').replace(/^.*\[FTL\]\s*|^nats-server:\s*/, '').trim();
  } catch {
    return '';
  }
}
