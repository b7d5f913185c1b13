// Reads the statistics of the last 24 hours from the file after a start: what is small at once, the submissions page by
// page, so that commits come in between. A page takes some 20 ms, a day of 1,000 miners less than a second.

import { CAPACITY_BLOCKS } from '../domain/capacity.ts';
import { LISTED_MS } from '../domain/statistics.ts';
import { VERDICTS } from '../domain/facts.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { COUNTS } from './block-rows.ts';
import { type AccountChange, blockOf, cellId, type MachineChange, type PairChange } from './changes.ts';
import { HOUR_MS } from './outcome-rows.ts';
import { BESTS_MAX, PAIRS_MAX, StatisticsMemory } from './statistics-memory.ts';
import { fromStored } from './unsigned.ts';

/** Submissions that one step of the restart reads. */
export const RESTORED_ROWS_MAX = 20_000;

const FALSE = VERDICTS.indexOf('false');
/** Blocks of the last hours whose qualities are read: more than the window of a capacity has, for reorganisations. */
const QUALITY_BLOCKS = CAPACITY_BLOCKS * 3;

interface Best {
  readonly number: bigint;
  readonly blockHash: string;
  readonly height: bigint;
  readonly rawQuality: bigint | null;
  readonly pocTime: bigint | null;
  readonly pair: bigint | null;
}

/** The restart of the statistics of one database. */
export class StatisticsRestore {
  readonly memory: StatisticsMemory;
  readonly #database: Database;
  readonly #sinceMs: number;
  /** Times of the first sight of blocks, by number. */
  readonly #firstMs = new Map<number, number>();
  readonly #page: Statement<[number, number], { id: number; verdict: number; afterMs: number }>;
  readonly #block: Statement<[number], number>;
  #nextId: number;

  /** Reads what is small; `height` is that of the last information. */
  constructor(database: Database, nowMs: number, height: bigint | null) {
    this.#database = database;
    this.#sinceMs = nowMs - LISTED_MS;
    const count = (table: string) =>
      Number(statement<[], number>(database, `SELECT count(*) FROM ${table}`).pluck().get());
    const deleted = (name: string) =>
      statement<[string], number>(database, 'SELECT value FROM settings_kept WHERE name = ?')
        .pluck()
        .get(name) ?? 0;
    this.memory = new StatisticsMemory(
      count('accounts') + deleted('accounts_deleted'),
      count('machines') + deleted('machines_deleted'),
    );
    this.memory.height = height;
    this.#people();
    this.#bests();
    this.#outcomes();
    this.#page = statement<[number, number], { id: number; verdict: number; afterMs: number }>(
      database,
      'SELECT id, verdict, after_ms AS afterMs FROM submission_rows WHERE id >= ? ORDER BY id LIMIT ?',
    );
    this.#block = statement<[number], number>(
      database,
      'SELECT first_ms FROM blocks WHERE number = ?',
    ).pluck();
    this.#nextId = cellId(this.#firstBlock(), 0);
  }

  /** Reads the next submissions. Returns true when all are read. Throws SQLite's error, and can be repeated. */
  step(): boolean {
    if (this.memory.isComplete) return true;
    const rows = this.#page.all(this.#nextId, RESTORED_ROWS_MAX);
    const restored = rows.map(({ id, verdict, afterMs }) => ({
      id,
      atMs: this.#startOf(blockOf(id)) + afterMs,
      isFalse: verdict % COUNTS === FALSE,
    }));
    const isLast = rows.length < RESTORED_ROWS_MAX;
    const qualities = isLast ? this.#qualities() : [];
    this.#nextId = (rows.at(-1)?.id ?? this.#nextId - 1) + 1;
    this.memory.restore(
      restored.filter(({ atMs }) => atMs > this.#sinceMs),
      this.#nextId,
    );
    if (!isLast) return false;
    for (const { id, height, rawQuality } of qualities)
      this.memory.restoreQuality(Number(id), fromStored(height), fromStored(rawQuality));
    this.memory.restored();
    return true;
  }

  #startOf(block: number): number {
    let firstMs = this.#firstMs.get(block);
    if (firstMs === undefined) {
      firstMs = this.#block.get(block) ?? 0;
      this.#firstMs.set(block, firstMs);
    }
    return firstMs;
  }

  #people(): void {
    const machines = statement<[number], MachineChange>(
      this.#database,
      'SELECT number, machine_id AS machineId, seen_ms AS seenAtMs FROM machines WHERE seen_ms > ?',
    ).all(this.#sinceMs);
    const pairs = statement<[number, number], PairChange>(
      this.#database,
      `SELECT number, machine, account, submitted_ms AS submittedAtMs FROM pairs WHERE submitted_ms > ?
         ORDER BY submitted_ms DESC LIMIT ?`,
    ).all(this.#sinceMs, PAIRS_MAX);
    const account = statement<[number], AccountChange>(
      this.#database,
      'SELECT number, account_id AS accountId, refusal FROM accounts WHERE number = ?',
    );
    const accounts = new Map<number, AccountChange>();
    for (const pair of pairs) {
      if (accounts.has(pair.account)) continue;
      const found = account.get(pair.account);
      if (found !== undefined) accounts.set(pair.account, found);
    }
    this.memory.heard({ machines: byNumber(machines), accounts, pairs: byNumber(pairs) });
  }

  #bests(): void {
    const bests = statement<[number], Best>(
      this.#database,
      `SELECT number, block_hash AS blockHash, height, best_raw_quality AS rawQuality, best_poc_time AS pocTime,
         best_pair AS pair FROM blocks ORDER BY number DESC LIMIT ?`,
    )
      .safeIntegers()
      .all(BESTS_MAX);
    for (const { number, blockHash, height, rawQuality, pocTime, pair } of bests.toReversed()) {
      const best =
        rawQuality === null || pair === null
          ? null
          : { rawQuality: fromStored(rawQuality), pocTime: pocTime ?? 0n, pair: Number(pair) };
      this.memory.best({ block: Number(number), blockHash, height: fromStored(height), best });
    }
  }

  #outcomes(): void {
    const since = Math.floor(this.#sinceMs / HOUR_MS);
    const rows = statement<[number], { hour: number; pair: number; outcome: number; count: number }>(
      this.#database,
      'SELECT hour, pair, outcome, count FROM outcome_hours WHERE hour >= ?',
    ).iterate(since);
    for (const { hour, pair, outcome, count } of rows) this.memory.outcome({ hour, pair, outcome }, count);
  }

  /** The block that was current 24 hours ago, and an hour before for those that came late. */
  #firstBlock(): number {
    return (
      statement<[number], number | null>(this.#database, 'SELECT max(number) FROM blocks WHERE first_ms <= ?')
        .pluck()
        .get(this.#sinceMs - HOUR_MS) ?? 0
    );
  }

  /** What the capacities are estimated by. */
  #qualities(): { id: bigint; height: bigint; rawQuality: bigint }[] {
    const newest =
      statement<[], number | null>(this.#database, 'SELECT max(number) FROM blocks').pluck().get() ?? 0;
    return statement<[number, number], { id: bigint; height: bigint; rawQuality: bigint }>(
      this.#database,
      `SELECT c.id AS id, b.height AS height, min(c.raw_quality) AS rawQuality FROM (
           SELECT id, raw_quality FROM submission_rows WHERE id >= ? AND verdict >= ${COUNTS}
           UNION ALL SELECT id, raw_quality FROM rival_rows WHERE id >= ? AND verdict >= ${COUNTS}
         ) c JOIN blocks b ON b.number = c.id >> 24 GROUP BY c.id ORDER BY c.id`,
    )
      .safeIntegers()
      .all(cellId(Math.max(0, newest - QUALITY_BLOCKS), 0), cellId(Math.max(0, newest - QUALITY_BLOCKS), 0));
  }
}

function byNumber<Row extends { readonly number: number }>(rows: readonly Row[]): Map<number, Row> {
  return new Map(rows.toSorted((a, b) => a.number - b.number).map((row) => [row.number, row]));
}
