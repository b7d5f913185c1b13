// The form of a node's log entries: where one begins, what stands in its head, and which execution its prose names. It
// reads no JSON.

import type { LogTimeFields } from './log-time.ts';

/** Bytes of a line that are enough to tell whether it begins an entry: colour codes, a prefix and the time. */
export const LINE_HEAD_BYTES_MAX = 256;

const COLOUR = new RegExp(String.raw`\u001b\[[0-9;?]{0,32}[A-Za-z]`, 'g');
const PREFIX = /^runner-node(?:-\d{1,4})? {0,64}\| ?/gm;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?!\d)/;
const HEAD =
  /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})? {1,8}[A-Za-z]{1,16}: {1,8}@truebit\/worker-runner-node(?:-[^\s:]{1,100})?:\S{1,100}(?:[^\S\n]+|(?=\n)|$)/;

/** Removes colour codes everywhere, a byte order mark at the start, and `runner-node | ` at the start of each line. */
export function bareText(text: string): string {
  let bare = text.includes('\u001b') ? text.replaceAll(COLOUR, '') : text;
  if (bare.startsWith('\ufeff')) bare = bare.slice(1);
  return bare.startsWith('runner-node') ? bare.replaceAll(PREFIX, '') : bare;
}

/** True if a line of this bare text begins an entry: it has a time at its start, whoever wrote the entry. */
export function beginsEntry(bareLine: string): boolean {
  return TIME.test(bareLine);
}

/** The head of an entry. */
export interface EntryHead {
  readonly time: LogTimeFields;
  /** Index of the text behind the head. */
  readonly textAt: number;
}

/** The head of an entry of the node itself; null for an entry that another program wrote. */
export function headOf(bare: string): EntryHead | null {
  const match = HEAD.exec(bare);
  if (match === null) return null;
  const part = (index: number): number => Number(match[index]);
  return {
    time: { year: part(1), month: part(2), day: part(3), hour: part(4), minute: part(5), second: part(6) },
    textAt: match[0].length,
  };
}

const TOKEN = String.raw`[^\s"'<>()[\]{},;:=]{1,256}`;
const LABELLED = new RegExp(String.raw`\bexecution[ _-]?id["']?[\s:=#]{0,8}["'<(]?(${TOKEN})`, 'gi');
const BEHIND_EXECUTION = new RegExp(String.raw`\bexecution[\s:#]{1,8}["'<([]?(${TOKEN})`, 'gi');
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
const COMPLETED = new RegExp(
  String.raw`\b[Ee]xecution (?:(?:id|ID|Id):? {1,4})?["'<([]?([^\s"'<>()[\]{},;]{1,256})["'>)\]]? completed\b`,
);
const COMPLETED_BEFORE = new RegExp(
  String.raw`\b[Ee]xecution (?:(?:id|ID|Id) )?completed\s{0,8}[:=]\s{0,8}["'<(]?(${TOKEN})`,
);
const ALONE = new RegExp(String.raw`^\s{0,8}[:=]\s{0,8}["'<(]?(${TOKEN})["'>)]?[.…\s]{0,8}$`);
/** The name of a program or the address of an account: it is no execution. */
const OTHER_NAME = /^(?:[a-z]{1,8}_[0-9a-f]{64}(?:\/\S*)?|0x[0-9a-f]{40})$/i;

/** The execution that prose says has completed, and where; null without one. */
export function completedExecution(prose: string): { readonly id: string; readonly at: number } | null {
  const match = COMPLETED.exec(prose);
  const id = match?.[1];
  // Words, as in "Execution successfully completed", name nothing.
  if (match !== null && id !== undefined && !isWord(id)) return { id, at: match.index };
  const before = COMPLETED_BEFORE.exec(prose);
  const idBehind = before?.[1];
  if (before === null || idBehind === undefined || isWord(idBehind)) return null;
  return { id: withoutDots(idBehind), at: before.index };
}

/** The execution that prose behind "Starting task execution" names; null without one. */
export function startedExecution(rest: string): string | null {
  const labelled = firstOf(rest, LABELLED, (token) => !isWord(token));
  if (labelled !== null) return labelled;
  const alone = ALONE.exec(rest)?.[1];
  if (alone !== undefined && !OTHER_NAME.test(alone)) return withoutDots(alone);
  const uuid = UUID.exec(rest)?.[0];
  UUID.lastIndex = 0;
  if (uuid !== undefined) return uuid;
  for (const token of rest.match(new RegExp(TOKEN, 'g')) ?? []) {
    if (/\d/.test(token) && !OTHER_NAME.test(token)) return withoutDots(token);
  }
  return null;
}

/** The execution that the prose of an entry names; null if it names none, or several. */
export function namedExecution(prose: string): string | null {
  const named =
    firstOf(prose, LABELLED, (token) => !isWord(token)) ??
    firstOf(prose, BEHIND_EXECUTION, (token) => /\d/.test(token) && !OTHER_NAME.test(token));
  if (named !== null) return named;
  const uuids = new Set(prose.match(UUID));
  const [uuid] = uuids;
  return uuid !== undefined && uuids.size === 1 ? uuid : null;
}

function firstOf(text: string, pattern: RegExp, isTaken: (token: string) => boolean): string | null {
  for (const [, token] of text.matchAll(pattern)) {
    if (token !== undefined && isTaken(token)) return withoutDots(token);
  }
  return null;
}

/** True for a word of English: letters only, and not hex digits only. */
function isWord(token: string): boolean {
  return /^[A-Za-z]+$/.test(token) && !/^[a-f]+$/.test(token);
}

function withoutDots(token: string): string {
  return token.replace(/[.…]{1,8}$/, '');
}
