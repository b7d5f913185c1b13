// Digests of the rows of a database, and the comparison of two of them. Plain data and pure functions; the rows are read by
// workers/digests.ts.

import { isObject } from '../../lib/is-object.ts';

/** The tables that are compared in ranges of ids. */
export const DIGEST_TABLES = ['tasks', 'invoices', 'nodes'] as const;
/** One of {@link DIGEST_TABLES}. */
export type DigestTable = (typeof DIGEST_TABLES)[number];

/** What is asked of a replica. */
export type DigestRequest = { readonly type: 'summary' } | DigestRange;

/** A range of one of these tables. */
export interface DigestRange {
  readonly type: 'range';
  readonly table: DigestTable;
  /** Ids above this … */
  readonly after: number;
  /** … and up to this one. For nodes their numbers. */
  readonly upto: number;
  /** Rows last seen before this are left out; ms since the epoch. */
  readonly keptMs: number;
}

/** Rows without an order: two sets with one digest are equal. */
export interface RowDigest {
  readonly rows: number;
  /** The sum of the rows' hashes modulo 2⁶⁴, 16 hex digits. */
  readonly sum: string;
}

/** What a replica answers. */
export type DigestAnswer = DigestSummary | RangeDigests;

/** The digests of one range, and the progress of the database at the same moment. */
export interface RangeDigests {
  readonly type: 'range';
  readonly progress: number;
  /** `tasks` and `taskReporters`, `invoices` and `invoiceReporters`, or `nodes`. */
  readonly digests: Readonly<Record<string, RowDigest>>;
}

/** How far a replica has applied one input stream, and what became of its messages. */
export interface SourceAccounts {
  readonly stream: string;
  readonly incarnation: string;
  readonly first: number;
  readonly upto: number;
  /** The sum of the six outcomes below. */
  readonly outcomes: number;
  readonly lost: number;
  /** Messages of other partitions. */
  readonly elsewhere: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly rateLimited: number;
  readonly quarantined: number;
  readonly ignored: number;
}

/** Everything but the large tables, of one moment. */
export interface DigestSummary {
  readonly type: 'summary';
  readonly progress: number;
  /** The greatest id of each large table. */
  readonly lastIds: Readonly<Record<DigestTable, number>>;
  readonly labels: RowDigest;
  readonly commands: RowDigest;
  readonly sources: readonly SourceAccounts[];
}

/** The sum of two digests: that of both sets of rows together. */
export function addDigests(one: RowDigest, other: RowDigest): RowDigest {
  const sum = BigInt.asUintN(64, BigInt(`0x${one.sum}`) + BigInt(`0x${other.sum}`));
  return { rows: one.rows + other.rows, sum: sum.toString(16).padStart(16, '0') };
}

/** True if every sequence of the stream, from the first to the last applied one, has one outcome. */
export function isBalanced({ first, upto, outcomes, lost, elsewhere }: SourceAccounts): boolean {
  return upto - first + 1 === outcomes + lost + elsewhere;
}

/** Reads a request that another process sent; null if it is no valid request. */
export function readDigestRequest(value: unknown): DigestRequest | null {
  if (!isObject(value)) return null;
  if (value['type'] === 'summary') return { type: 'summary' };
  if (value['type'] !== 'range') return null;
  const { after, upto, keptMs } = value;
  const table = DIGEST_TABLES.find((known) => known === value['table']);
  return table !== undefined && isWhole(after) && isWhole(upto) && isWhole(keptMs)
    ? { type: 'range', table, after, upto, keptMs }
    : null;
}

/** Reads an answer that another process sent; null if it is no valid answer. */
export function readDigestAnswer(value: unknown): DigestAnswer | null {
  if (!isObject(value)) return null;
  return value['type'] === 'summary'
    ? readSummary(value)
    : value['type'] === 'range'
      ? readRange(value)
      : null;
}

function readRange(value: Readonly<Record<string, unknown>>): RangeDigests | null {
  if (!isWhole(value['progress']) || !isObject(value['digests'])) return null;
  const digests: Record<string, RowDigest> = {};
  for (const [name, digest] of Object.entries(value['digests'])) {
    const read = readRowDigest(digest);
    if (read === null) return null;
    digests[name] = read;
  }
  return { type: 'range', progress: value['progress'], digests };
}

function readSummary(value: Readonly<Record<string, unknown>>): DigestSummary | null {
  if (!isWhole(value['progress']) || !isObject(value['lastIds'])) return null;
  const { tasks, invoices, nodes } = value['lastIds'];
  const labels = readRowDigest(value['labels']);
  const commands = readRowDigest(value['commands']);
  if (!isWhole(tasks) || !isWhole(invoices) || !isWhole(nodes) || labels === null || commands === null)
    return null;
  if (!Array.isArray(value['sources'])) return null;
  const sources = value['sources'].map(readAccounts);
  if (sources.some((source) => source === null)) return null;
  return {
    type: 'summary',
    progress: value['progress'],
    lastIds: { tasks, invoices, nodes },
    labels,
    commands,
    sources: sources.filter((source) => source !== null),
  };
}

const NUMBERS = [
  'first',
  'upto',
  'outcomes',
  'lost',
  'elsewhere',
  'applied',
  'duplicate',
  'rejected',
  'rateLimited',
  'quarantined',
  'ignored',
] as const;

function readAccounts(value: unknown): SourceAccounts | null {
  if (!isObject(value) || typeof value['stream'] !== 'string' || typeof value['incarnation'] !== 'string')
    return null;
  if (!NUMBERS.every((name) => Number.isSafeInteger(value[name]))) return null;
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, value[name]])) as Record<
    (typeof NUMBERS)[number],
    number
  >;
  return { stream: value['stream'], incarnation: value['incarnation'], ...numbers };
}

function readRowDigest(value: unknown): RowDigest | null {
  if (!isObject(value) || !isWhole(value['rows']) || typeof value['sum'] !== 'string') return null;
  return /^[0-9a-f]{16}$/.test(value['sum']) ? { rows: value['rows'], sum: value['sum'] } : null;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
