// Checks whether two paths name the same file. It changes nothing.

import { type Stats, statSync } from 'node:fs';

/** True if both paths exist and name the same file or folder. */
export function isSameFile(a: string, b: string): boolean {
  const one = look(a);
  const other = look(b);
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Null if the path does not exist or cannot be seen. */
function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
