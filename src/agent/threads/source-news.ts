// Words for the log about source files, from one status to the next. It holds names as the status has them: base names
// without an address.

import type { SourceFile, SourceStatus } from '../domain/source-facts.ts';

/** What each kind of problem means, after the name of the files. */
const WORDS: Readonly<Record<string, string>> = {
  damaged: 'damaged: reading stopped there, and goes on when the file changes',
  unreadable: 'cannot be read: give this user the right to read it',
  too_long: 'lines or records that are too long were skipped, and reading goes on',
  rotated_away: 'the rest of a rotated file could not be read before it was gone',
  too_many_files: 'too many files are named; the rest is not read',
};
/** Names in one line. */
const NAMES_MAX = 3;
/** Problems that a file itself shows. */
const STATES: readonly SourceFile['state'][] = ['damaged', 'unreadable'];

/** A line for the log; `cause` tells repetitions. */
export interface SourceNews {
  readonly sentence: string;
  readonly cause: string;
}

/** What became worse from one status to the next. */
export function sourceNews(before: SourceStatus | null, now: SourceStatus): readonly SourceNews[] {
  return Object.entries(now.problems)
    .filter(([problem, count]) => count > (before?.problems[problem] ?? 0))
    .map(([problem]) => ({
      sentence: `${now.source}: ${namesOf(problem, now)}${WORDS[problem] ?? problem}`,
      cause: `${now.source} ${problem}`,
    }));
}

function namesOf(problem: string, { files }: SourceStatus): string {
  const state = STATES.find((one) => one === problem);
  const named = files
    .filter((file) => file.state === state)
    .map(({ name, offset }) => (offset === null ? name : `${name} at byte ${offset}`));
  if (named.length === 0) return '';
  const more = named.length > NAMES_MAX ? ` and ${named.length - NAMES_MAX} more` : '';
  return `${named.slice(0, NAMES_MAX).join(', ')}${more} `;
}
