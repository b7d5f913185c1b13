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

/** The setting that names the files of a source. */
const SETTINGS: Readonly<Record<SourceStatus['source'], string>> = {
  events: 'AGENT_EVENTS',
  logs: 'AGENT_LOGS',
};

/** A line for the log; `cause` tells repetitions. `problem` is the name of the problem whose number has grown, if one has. */
export interface SourceNews {
  readonly problem: string | null;
  readonly level: 'info' | 'warn';
  readonly sentence: string;
  readonly cause: string;
}

/** What changed from one status to the next; `before` is null for the first status. */
export function sourceNews(before: SourceStatus | null, now: SourceStatus): readonly SourceNews[] {
  const problems = Object.entries(now.problems)
    .filter(([problem, count]) => count > (before?.problems[problem] ?? 0))
    .map(([problem]) => ({
      problem,
      level: 'warn' as const,
      sentence: `${now.source}: ${namesOf(problem, now)}${WORDS[problem] ?? problem}`,
      cause: `${now.source} ${problem}`,
    }));
  return [...problems, ...presenceNews(before, now)];
}

/** Files are missing from now on, or there again. A file that is there and cannot be read is a problem of its own. */
function presenceNews(
  before: SourceStatus | null,
  { source, isWanted, isReadable, looksFor, files }: SourceStatus,
): readonly SourceNews[] {
  if (isReadable) {
    const isBack = before?.isReadable === false;
    return isBack
      ? [{ problem: null, level: 'info', sentence: `${source}: can be read`, cause: `${source} back` }]
      : [];
  }
  if (!isWanted || files.length > 0 || before?.isReadable === false) return [];
  const sentence = `${source}: no file ${looksFor.join(' or ')} is there; waiting for one (check ${SETTINGS[source]} and its mount)`;
  return [{ problem: null, level: 'warn', sentence, cause: `${source} missing` }];
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
