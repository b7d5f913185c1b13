// Certificates and keys that are given as a path or as the text of the file itself. It checks neither.

import { readFileSync } from 'node:fs';

/** True for the text of a PEM file; anything else is a path. */
export function isPemText(value: string): boolean {
  return value.trimStart().startsWith('-----BEGIN ');
}

/** The text itself, or what is in the file. Throws the system's error. */
export function readPem(value: string): string | Buffer {
  return isPemText(value) ? value : readFileSync(value);
}
