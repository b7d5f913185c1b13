// Makes a folder, one level at a time: Node's recursive mkdir never returns below /proc.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes `path` and every missing folder above it, with these permissions. Returns the folders that it made, the
 * innermost last. Throws the system's error.
 */
export function makeFolder(path: string, mode = 0o777): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return [];
  const above = dirname(path);
  const created = above === path ? [] : makeFolder(above, mode);
  mkdirSync(path, mode);
  return [...created, path];
}
