// Reads the values that event files and log files hold about a task or an invoice: ids, labels, numbers and times. All
// of them come as text, numbers by their digits as written. It knows no file and no record.

/** Bytes of an id of an execution or invoice, in UTF-8. */
export const ID_BYTES_MAX = 256;

/** Numbers below this are seconds since the epoch, others milliseconds (docs/agent.md#sources). */
const SECONDS_BELOW = 100_000_000_000;
/** The end of the year 9999, in ms. Later times are no times. */
const TIME_END_MS = 253_402_300_800_000;
/** Below this `peak_memory_used` counts WebAssembly pages, from it on bytes. */
const PAGES_BELOW = 65_536;
const PAGE_BYTES = 65_536;

const CHAIN_ID = /^[0-9]{1,20}$/;
const TASK_TYPE = /^[a-z0-9][a-z0-9-]{0,15}$/;
const TASK_ID = /^([a-z]{1,8})_[0-9a-fA-F]{64}$/;
const OPERATION = /^[a-z]{1,16}$/;
/** In the whole federation this label means that there is none. */
const ABSENT = 'unknown';
const DECIMAL = /^[+-]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?$/;
const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))?)?$/i;

/** The id, or null if it is absent, empty or longer than {@link ID_BYTES_MAX}. */
export function idOf(value: string | null): string | null {
  if (value === null || value === '' || Buffer.byteLength(value) > ID_BYTES_MAX) return null;
  return value;
}

/** The chain id, or null if it is absent or not 1 to 20 digits. */
export function chainIdOf(value: string | null): string | null {
  return value !== null && CHAIN_ID.test(value) ? value : null;
}

/**
 * The task type: the given one if it has the form, else the letters that begin a task id of the form `rs_<64 hex
 * digits>`, else null. `unknown` is no type.
 */
export function taskTypeOf(given: string | null, taskId: string | null): string | null {
  if (given !== null && given !== ABSENT && TASK_TYPE.test(given)) return given;
  const letters = taskId === null ? null : (TASK_ID.exec(taskId)?.[1] ?? null);
  return letters === ABSENT ? null : letters;
}

/** The operation of an invoice, or null if it is absent, `unknown`, or not 1 to 16 lower-case letters. */
export function operationOf(value: string | null): string | null {
  return value !== null && value !== ABSENT && OPERATION.test(value) ? value : null;
}

/** The number that a text in decimal digits stands for, or null if it is absent, another text or not finite. */
export function numberOf(value: string | null): number | null {
  if (value === null || !DECIMAL.test(value)) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** `peak_memory_used` in bytes; null if it is absent, not finite or not above 0. */
export function peakMemoryBytesOf(value: number | null): number | null {
  if (value === null || !Number.isFinite(value) || value <= 0) return null;
  return value < PAGES_BELOW ? value * PAGE_BYTES : value;
}

/**
 * The time in ms since the epoch: ISO text, or a whole number of seconds (below 10¹¹) or milliseconds. ISO text without a
 * zone is UTC. Null if the text is absent, has another form, or lies outside of 1970 to 9999; 0 means "no time" too.
 */
export function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const number = numberOf(text);
  const atMs = number === null ? isoTimeOf(text) : number < SECONDS_BELOW ? number * 1_000 : number;
  return atMs !== null && Number.isInteger(number ?? 0) && atMs > 0 && atMs < TIME_END_MS ? atMs : null;
}

function isoTimeOf(text: string): number | null {
  const match = ISO_TIME.exec(text);
  if (match === null) return null;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) return null;
  const dayMs = Date.UTC(year, month - 1, day);
  const date = new Date(dayMs);
  // Date.UTC carries a 31st of April over into May.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const zoneMinutes = (part(9) * 60 + part(10)) * (match[8] === '-' ? -1 : 1);
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return dayMs + ((hour * 60 + minute - zoneMinutes) * 60 + second) * 1_000 + milliseconds;
}
