// Reads query parameters: each is a word of a list, a number or a time, or the request is refused with a code of its
// own. It never repeats what the client sent.

/** A parameter given twice is an array. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A parameter that cannot be read. */
export class BadParameter extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'BadParameter';
    this.code = code;
  }
}

/** One of `words`; absent: `otherwise`. */
export function word<const W extends string, const O>(
  query: Query,
  name: string,
  words: readonly W[],
  otherwise: O,
  code: string,
): W | O {
  const value = query[name];
  if (value === undefined) return otherwise;
  const found = words.find((candidate) => candidate === value);
  if (found === undefined) throw new BadParameter(code, `${name} is one of ${words.join(', ')}`);
  return found;
}

/** A whole number from `least` to `most`; absent: `otherwise`. */
export function wholeNumber(
  query: Query,
  name: string,
  { least, most, otherwise, code }: { least: number; most: number; otherwise: number; code: string },
): number {
  const value = query[name];
  if (value === undefined) return otherwise;
  const number =
    typeof value === 'string' && /^(0|[1-9][0-9]{0,8})$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most))
    throw new BadParameter(code, `${name} is a whole number from ${least} to ${most}`);
  return number;
}

/** A time as text: of the years for which an answer, which may begin a day earlier, has times that every reader of `date-time` takes. */
export const UTC_TIME = /^(?:19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/;

/** A UTC time as `2026-01-15T10:30:00.000Z` of the years 1970 to 9999, in ms; absent: null. */
export function time(query: Query, name: string): number | null {
  const value = query[name];
  if (value === undefined) return null;
  const atMs = typeof value === 'string' && UTC_TIME.test(value) ? parsed(value) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new BadParameter(
      'bad_time',
      `${name} is a time like 2026-01-15T10:30:00Z, in the years 1970 to 9999`,
    );
  return atMs;
}

/** NaN for a time that no clock shows: `Date.parse` takes 30 February for 2 March, and 24:00 for the next day. */
function parsed(utc: string): number {
  const atMs = Date.parse(utc);
  const isShown = !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(utc.slice(0, MINUTE_LENGTH));
  return isShown ? atMs : Number.NaN;
}

const MINUTE_LENGTH = '2026-01-15T10:30'.length;

/** Text that matches `pattern`; absent or empty: null. */
export function text(
  query: Query,
  name: string,
  { pattern, allowed, code }: { pattern: RegExp; allowed: string; code: string },
): string | null {
  const value = query[name];
  if (value === undefined || value === '') return null;
  if (typeof value !== 'string' || !pattern.test(value))
    throw new BadParameter(code, `${name} is ${allowed}`);
  return value;
}
