// Finds the files that a glob names. Only `*` and `?` are special, in any part of the path; they match no `/`, and no dot
// at the beginning of a name. `fs.glob` of Node gives braces, brackets and `@(…)` a meaning and hides folders that cannot
// be read, so it is not used. Results hold paths: they never leave the sources.

import { opendir, stat } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import { errorCode } from '../../lib/error-code.ts';

/** Paths that one glob finds; the others are not read, and `isCut` says so. */
export const GLOB_MATCHES_MAX = 1_000;

/** What a glob found. */
export interface GlobMatches {
  /** Existing paths in the order of their letters. A path may be a folder, and it may be gone a moment later. */
  readonly paths: readonly string[];
  /** True if there are more than {@link GLOB_MATCHES_MAX}. */
  readonly isCut: boolean;
  /** True if a folder or file on the way could not be read, although it exists. */
  readonly isDenied: boolean;
}

/** Looks for everything that `glob` names now. A relative glob begins at the working folder. Never rejects. */
export async function expandGlob(glob: string, limit = GLOB_MATCHES_MAX): Promise<GlobMatches> {
  const { root } = parse(glob);
  const parts = glob
    .slice(root.length)
    .split(sep)
    .filter((part) => part !== '');
  let found: readonly string[] = [root];
  let isCut = false;
  let isDenied = false;
  for (const part of parts) {
    const next: string[] = [];
    for (const folder of found) {
      const step = await namesIn(folder, part, limit - next.length);
      next.push(...step.names.map((name) => join(folder, name)));
      isCut ||= step.isCut;
      isDenied ||= step.isDenied;
    }
    found = next;
  }
  const paths: string[] = [];
  for (const path of parts.length === 0 ? [] : found) {
    const presence = await presenceOf(path);
    if (presence === 'present') paths.push(path);
    isDenied ||= presence === 'denied';
  }
  return { paths: paths.toSorted(), isCut, isDenied };
}

interface Names {
  readonly names: readonly string[];
  readonly isCut: boolean;
  readonly isDenied: boolean;
}

async function namesIn(folder: string, part: string, limit: number): Promise<Names> {
  if (!/[*?]/.test(part)) return { names: limit > 0 ? [part] : [], isCut: limit <= 0, isDenied: false };
  const pattern = patternOf(part);
  const names: string[] = [];
  try {
    for await (const entry of await opendir(folder === '' ? '.' : folder)) {
      if (!pattern.test(entry.name) || (entry.name.startsWith('.') && !part.startsWith('.'))) continue;
      if (names.length >= limit) return { names, isCut: true, isDenied: false };
      names.push(entry.name);
    }
  } catch (error) {
    return { names, isCut: false, isDenied: !isAbsence(error) };
  }
  return { names, isCut: false, isDenied: false };
}

async function presenceOf(path: string): Promise<'present' | 'absent' | 'denied'> {
  try {
    await stat(path);
    return 'present';
  } catch (error) {
    return isAbsence(error) ? 'absent' : 'denied';
  }
}

function patternOf(part: string): RegExp {
  // Several stars in a row are one: as `.*.*` they would make the search slow.
  const source = part
    .replaceAll(/\*+/g, '*')
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}

function isAbsence(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
