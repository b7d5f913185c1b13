// Makes a folder. Folder by folder: Node's recursive mkdir never returns below /proc.

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes `path` and what is missing above it, with these permissions; returns what it made, the innermost last. Throws the
 * system's error.
 */
export function makeFolder(path: string, mode = 0o777): readonly string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return [];
  const above = dirname(path);
  const made = above === path ? [] : makeFolder(above, mode);
  mkdirSync(path, mode);
  return [...made, path];
}
