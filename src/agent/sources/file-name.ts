// Names of source files as a person may see them. A folder of a node's logs, and sometimes a file, carries the address of
// the node's wallet, so a path never leaves the sources.

import { basename, dirname } from 'node:path';

/** Characters of a name that is shown. */
const SHOWN_NAME_CHARACTERS_MAX = 100;

/** Hex digits behind `0x`, and 40 or more without it. */
const ADDRESS = /0x[0-9a-f]*|[0-9a-f]{40,}/gi;
/** A file name may hold any character, and this one goes into a log line and a page. */
const UNPRINTABLE = /[^\p{L}\p{N}\p{P}\p{S} ]/gu;

/** The last part of a path or glob, with addresses replaced by `0x…`; at most 100 characters. */
export function redactedName(path: string): string {
  const name = basename(path).replaceAll(UNPRINTABLE, '?').replaceAll(ADDRESS, '0x…');
  return name.length <= SHOWN_NAME_CHARACTERS_MAX ? name : `${name.slice(0, SHOWN_NAME_CHARACTERS_MAX - 1)}…`;
}

/** The sentence with this path, and every folder on the way to it, as {@link redactedName} shows them. */
export function withoutFolders(sentence: string, path: string): string {
  let shown = sentence;
  for (let part = path; dirname(part) !== part; part = dirname(part)) {
    shown = shown.replaceAll(part, redactedName(part));
  }
  return shown;
}
