// Takes over the database of an earlier aggregator, in place and inside one transaction: it renames the table
// `submissions`, makes the tables of this program, stores every row by the writer's rules, and drops the renamed table.
// Tables of other programs stay as they are.

import { CodedError } from '../../lib/errors.ts';
import { U64_MAX } from '../../lib/lossless-json.ts';
import type { Adoption, Database } from '../../store/database.ts';
import type { Fact } from '../domain/facts.ts';
import { pocTime } from '../domain/poc-time.ts';
import { EARLIER_TABLE } from './mining-database.ts';
import { type FactGroup, MiningWriter } from './writer.ts';

const ASIDE = 'earlier_submissions';
/** Rows that are read and stored at a time. */
const CHUNK_ROWS = 10_000;
/** The name under which submissions of an upstream that is not known are stored. */
const UPSTREAM = '';
/** The stored poc time of a submission whose base target is not known. */
const UNKNOWN = -1n;
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** The circumstances of a take-over. */
export interface AdoptionOptions {
  /** The wall clock. */
  readonly nowMs: number;
  /** T, in seconds; at least 1. */
  readonly blockTimeSecs: number;
  /** Called after every chunk with the number of rows done and of all rows. */
  progress(rows: number, ofRows: number): void;
}

/** What was taken over. */
export interface AdoptionReport {
  rows: number;
  /** Rows without a readable time, height or quality. */
  unreadable: number;
}

interface EarlierRow {
  readonly id: bigint;
  readonly account_id: unknown;
  readonly machine_id: unknown;
  readonly height: unknown;
  readonly quality: unknown;
  readonly base_target: unknown;
  readonly timestamp: unknown;
}

/** How the columns of a file are read. */
interface Columns {
  readonly list: string;
  /** True if the quality was divided by the base target of its row. */
  readonly isAdjusted: boolean;
}

/** A readable row in this program's terms. */
interface Submitted {
  readonly atMs: number;
  readonly fact: Fact;
}

/** The take-over of an earlier aggregator's database, for `openWriter`; `report` is filled in. */
export function earlierAggregator(options: AdoptionOptions, report: AdoptionReport): Adoption {
  return { adopt: (database, createSchema) => adopt(database, createSchema, options, report) };
}

function adopt(
  database: Database,
  createSchema: () => void,
  options: AdoptionOptions,
  report: AdoptionReport,
): void {
  const columns = database.prepare(`SELECT name FROM pragma_table_info('${EARLIER_TABLE}')`).pluck().all();
  const quality = ['raw_quality', 'quality'].find((name) => columns.includes(name));
  const needed = ['id', 'account_id', 'machine_id', 'height', 'timestamp'];
  if (quality === undefined || !needed.every((name) => columns.includes(name))) {
    throw new CodedError(
      'database_unusable',
      `The database holds a table ${EARLIER_TABLE} that is not an earlier aggregator's: it is left as it is; name another file as the database.`,
    );
  }
  database.exec(`ALTER TABLE ${EARLIER_TABLE} RENAME TO ${ASIDE}`);
  createSchema();
  // Blocks get their numbers in the order of their heights.
  database.exec(`CREATE INDEX ${ASIDE}_by_height ON ${ASIDE}(height, id)`);
  const baseTarget = columns.includes('base_target') ? 'base_target' : 'NULL';
  take(
    database,
    {
      list: `id, account_id, machine_id, height, ${quality} AS quality, ${baseTarget} AS base_target, timestamp`,
      isAdjusted: quality === 'quality',
    },
    options,
    report,
  );
  database.exec(`DROP TABLE ${ASIDE}`);
}

function take(
  database: Database,
  { list, isAdjusted }: Columns,
  options: AdoptionOptions,
  report: AdoptionReport,
): void {
  const writer = new MiningWriter(database, 0, options.nowMs);
  const all = Number(database.prepare(`SELECT count(*) FROM ${ASIDE}`).pluck().get());
  const page = database
    .prepare<[unknown, bigint], EarlierRow>(
      `SELECT ${list} FROM ${ASIDE} WHERE (height, id) > (?, ?) ORDER BY height, id LIMIT ${CHUNK_ROWS}`,
    )
    .safeIntegers();
  const [oldestMs, newestMs] = timesOf(database, options.nowMs);
  let done = 0;
  // Numbers sort before everything else, and NULL, which no height is, before numbers.
  let place: readonly [unknown, bigint] = [-(2 ** 63), -1n];
  for (;;) {
    const rows = page.all(...place);
    const last = rows.at(-1);
    if (last === undefined) break;
    place = [last.height, last.id];
    const groups: FactGroup[] = [];
    for (const row of rows) {
      const submitted = submittedOf(row, isAdjusted, options);
      if (submitted === null) report.unreadable++;
      // Silence is counted up to the newest row, because the earlier aggregator stopped listening then.
      else groups.push({ facts: [submitted.fact], observedMs: Math.max(0, submitted.atMs - oldestMs) });
    }
    report.rows += groups.length;
    writer.commit(groups, false);
    done += rows.length;
    options.progress(done, all);
  }
  // Even if the newest row was skipped, no machine was heard later than this.
  writer.commit([{ facts: [], observedMs: Math.max(0, newestMs - oldestMs) }], false);
}

function timesOf(database: Database, nowMs: number): readonly [number, number] {
  const times = database
    .prepare<[], { oldest: unknown; newest: unknown }>(
      `SELECT min(timestamp) AS oldest, max(timestamp) AS newest FROM ${ASIDE}`,
    )
    .get();
  const newestMs = timeOf(times?.newest) ?? nowMs;
  return [timeOf(times?.oldest) ?? newestMs, newestMs];
}

function submittedOf(
  row: EarlierRow,
  isAdjusted: boolean,
  { blockTimeSecs }: AdoptionOptions,
): Submitted | null {
  const atMs = timeOf(row.timestamp);
  const height = unsignedOf(row.height);
  const quality = unsignedOf(row.quality);
  if (atMs === null || height === null || quality === null) return null;
  const base = unsignedOf(row.base_target) ?? 0n;
  // Without a base target the quality is the raw one; 0 is what a step back to an older version left in the column.
  const product = base === 0n || !isAdjusted ? quality : quality * base;
  const rawQuality = product > U64_MAX ? U64_MAX : product;
  return {
    atMs,
    fact: {
      type: 'submitted',
      atMs,
      machineId: textOf(row.machine_id).replace(MAPPED, ''),
      accountId: textOf(row.account_id).toLowerCase(),
      upstream: UPSTREAM,
      blockHash: '',
      height,
      baseTarget: base,
      rawQuality,
      pocTime: base === 0n ? UNKNOWN : pocTime(rawQuality, base, blockTimeSecs),
      verdict: 'held',
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

/** A time in UTC without its zone, as SQLite writes it; null if it is none. */
function timeOf(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const atMs = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value.replace(' ', 'T')}Z`);
  return Number.isNaN(atMs) ? null : atMs;
}

/** A stored u64: values of 2^63 and more were stored as REAL, with 53 bits of precision. Null if it is no number. */
function unsignedOf(value: unknown): bigint | null {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return null;
  const whole = BigInt(Math.round(value));
  return whole > U64_MAX ? U64_MAX : whole;
}
