// What every registration of an exchange account shares, sealed or in plain text: the forms of its members. Pure. It
// repeats no value.

/** A user's own name for itself. */
export const USER_ID = /^[!-~]{1,64}$/;
/** Whether the name may be used, as a fault says it. */
export const USER_ID_FAULT = 'userId must be 1 to 64 characters of ASCII without white space';
/** The id of an exchange, known or not. */
export const EXCHANGE_ID = /^[a-z0-9_]{1,32}$/;
/** The fault of another id. */
export const EXCHANGE_FAULT = 'exchange must be the id of an exchange, for example binance';
/** Keys and secrets: printable text; a secret can be a PEM file, with line ends of any kind. */
export const CREDENTIAL = /^[^\p{Cs}\0]{10,8000}$/u;
/** Longest usual time between two polls, in ms. */
export const INTERVAL_MS = { least: 1_000, most: 3_600_000, usual: 60_000 } as const;
/** Further attempts inside one poll. */
export const RETRIES = { least: 0, most: 10, usual: 3 } as const;

/** Whole numbers that a member may be, and which one it is if it is absent or null. */
export interface WholeRange {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

/** The number; null if the value is no whole number of the range. */
export function wholeOf(value: unknown, { least, most, usual }: WholeRange): number | null {
  if (value === undefined || value === null) return usual;
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? value
    : null;
}

/** True or false, false if absent; null for anything else. PowerShell writes a switch as an object. */
export function flagOf(value: unknown): boolean | null {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  const present = typeof value === 'object' && 'IsPresent' in value ? value.IsPresent : null;
  return typeof present === 'boolean' ? present : null;
}
