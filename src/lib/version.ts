// The program's own version, from the package it is part of.

import { readFileSync } from 'node:fs';

/** As in package.json, which stands above both `src` and `dist`. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
