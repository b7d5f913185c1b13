// Finds the one real path of a file, however it is spelled. It follows every symbolic link in the path, even if the
// file or its folder does not exist yet. It opens nothing and makes nothing.

import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from './error-code.ts';

/** The kernel follows at most this many links. */
const LINKS_MAX = 40;

/**
 * The absolute path without links and `..`, resolved as the kernel does: `..` after a link leads above the link's
 * target. Parts that do not exist stay as written. If a folder cannot be read or the links form a loop, the path is
 * only made absolute; opening it then gives the system's error.
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

/** The target of the link `path`; null if it is no link or does not exist; undefined if this user cannot see it. */
function targetOf(path: string): string | null | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : null;
  } catch (error) {
    // ENOTDIR: a part above is a file, so nothing exists below it.
    return errorCode(error) === 'ENOTDIR' ? null : undefined;
  }
}

/**
 * The path as the operator wrote it, if it is already the real path, so that messages show what the operator wrote;
 * otherwise {@link realPath}.
 */
export function ownPath(path: string): string {
  const real = realPath(path);
  return real === resolve(path) && !partsOf(path).includes('..') ? path : real;
}
