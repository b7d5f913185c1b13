// The program's own version, read from its package.

import { readFileSync } from 'node:fs';

/** The version in package.json, which is one folder above both `src` and `dist`. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
