// The one path of a file, however it is spelled: every symbolic link in it is followed, also where the file or its folder is
// not there yet. It opens nothing and makes nothing.

import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './error-code.ts';

/** As many as the kernel follows. */
const LINKS_MAX = 40;

/**
 * The absolute path without links and `..`, as the kernel goes: `..` behind a link is above the link's target. What does not
 * exist stays as it is written. Where the way is barred or goes in circles the path comes back absolute and otherwise as
 * given, and whoever opens it meets the system's error.
 */
export function realPath(path: string): string {
  const waiting = partsOf(path).toReversed();
  let found = path.startsWith('/') ? '/' : process.cwd();
  let links = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const next = part === '..' ? dirname(found) : join(found, part);
    const target = part === '..' ? null : targetOf(next);
    if (target === undefined || (target !== null && ++links > LINKS_MAX)) return resolve(path);
    if (target === null) {
      found = next;
      continue;
    }
    if (target.startsWith('/')) found = '/';
    waiting.push(...partsOf(target).toReversed());
  }
  return found;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Where the link of this name leads; null if it is no link, or nothing; undefined if that cannot be seen. */
function targetOf(path: string): string | null | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : null;
  } catch (error) {
    // Below a file there is nothing.
    return errorCode(error) === 'ENOTDIR' ? null : undefined;
  }
}

/** The path as it is written if that is the file's own, so that people read what they wrote; else {@link realPath}. */
export function ownPath(path: string): string {
  const real = realPath(path);
  return real === resolve(path) && !partsOf(path).includes('..') ? path : real;
}
