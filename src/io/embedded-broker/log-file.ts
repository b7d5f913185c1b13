// The file that nats-server's output goes to, kept within a bound. Never read for meaning, except its end for the
// sentence about a failed start.

import { copyFileSync, fstatSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { devNull } from 'node:os';

/** The file and its predecessor together hold at most about twice this. */
export const LOG_BYTES_MAX = 8_388_608;

/**
 * Opens it for appending (mode 0600: addresses of clients stand in it); the caller closes the descriptor. Where no log
 * can be written the broker runs without one: `/dev/null` is opened.
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
 * Past the bound, keeps a copy as `….1` and empties the file; the writer appends, so it goes on at the start. On a full
 * disk there is no copy, and the room of both files is given back. Never throws: it is called by a timer.
 */
export function boundLog(file: string, maxBytes: number = LOG_BYTES_MAX): void {
  try {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= maxBytes) return;
    keepCopy(file);
    truncateSync(file);
  } catch {
    // Read-only, or not ours any more: the next look may find it otherwise.
  }
}

function keepCopy(file: string): void {
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    rmSync(`${file}.1`, { force: true });
  }
}

/** The last fatal complaint written after `offset` (bytes), or an empty text. */
export function lastComplaint(file: string, offset: number): string {
  try {
    const lines = readFileSync(file).subarray(offset).toString('utf8').split('\n');
    const complaint = lines.findLast((line) => line.includes('[FTL]') || line.startsWith('nats-server:'));
    return (complaint ?? '').replace(/^.*\[FTL\]\s*|^nats-server:\s*/, '').trim();
  } catch {
    return '';
  }
}
