// Whether two paths are one file, whatever they are called. It looks and changes nothing.

import { type Stats, statSync } from 'node:fs';

/** True if both are there and are one file or folder. */
export function isSameFile(a: string, b: string): boolean {
  const one = look(a);
  const other = look(b);
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Null if nothing is there, or if it cannot be seen. */
function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
