// The rows of remembered facts, with the number of facts of each day. All inside the caller's transaction; after a
// rollback a new object has to be made. It holds no raw id.

import { DAY_MS } from '../../lib/durations.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { FACT_KINDS, type FactKey, type FactKind, type FactToRemember } from '../domain/fact-store.ts';

/** Facts that are kept; above it the oldest by their own time make room. */
export const FACTS_MAX = 5_000_000;
/** Days after which a fact that no source shows is forgotten. */
export const FORGOTTEN_AFTER_DAYS = 90;
/** Rows that one step of forgetting looks at. */
export const FORGETTING_ROWS_MAX = 5_000;
/** Share of the facts that make room at once, so that the search for them is seldom. */
const ROOM_SHARE = 1 / 64;

interface FactRow {
  readonly seen: number;
  readonly chain: string | null;
}

interface Place {
  readonly kind: number;
  readonly key: Buffer;
}

const BEGINNING: Place = { kind: -1, key: Buffer.alloc(0) };

/** The remembered facts. */
export class FactRows {
  /** Facts that are kept. */
  count = 0;
  readonly #max: number;
  readonly #days = new Map<number, number>();
  readonly #changedDays = new Set<number>();
  #place = BEGINNING;
  readonly #find: Statement<[number, Buffer], FactRow>;
  readonly #see: Statement<[number, number, Buffer]>;
  readonly #setChain: Statement<[string, number, Buffer]>;
  readonly #insert: Statement<[number, Buffer, number, number, string | null]>;
  readonly #saveDay: Statement<[number, number]>;
  readonly #dropDay: Statement<[number]>;
  readonly #evict: Statement<[number, number]>;
  readonly #boundary: Statement<[number, Buffer], Place>;
  readonly #forget: Statement<[number, Buffer, number, Buffer, number], number>;

  constructor(database: Database, max = FACTS_MAX) {
    this.#max = max;
    this.#find = statement(database, 'SELECT seen, chain FROM facts WHERE kind = ? AND key = ?');
    this.#see = statement(database, 'UPDATE facts SET seen = ? WHERE kind = ? AND key = ?');
    this.#setChain = statement(
      database,
      'UPDATE facts SET chain = ? WHERE kind = ? AND key = ? AND chain IS NULL',
    );
    this.#insert = statement(
      database,
      'INSERT INTO facts (kind, key, day, seen, chain) VALUES (?, ?, ?, ?, ?)',
    );
    this.#saveDay = statement(
      database,
      'INSERT INTO fact_days (day, count) VALUES (?, ?) ON CONFLICT DO UPDATE SET count = excluded.count',
    );
    this.#dropDay = statement(database, 'DELETE FROM fact_days WHERE day = ?');
    this.#evict = statement(
      database,
      'DELETE FROM facts WHERE (kind, key) IN (SELECT kind, key FROM facts WHERE day = ? LIMIT ?)',
    );
    this.#boundary = statement(
      database,
      `SELECT kind, key FROM facts WHERE (kind, key) > (?, ?) ORDER BY kind, key
         LIMIT 1 OFFSET ${FORGETTING_ROWS_MAX - 1}`,
    );
    this.#forget = statement<[number, Buffer, number, Buffer, number], number>(
      database,
      'DELETE FROM facts WHERE (kind, key) > (?, ?) AND (kind, key) <= (?, ?) AND seen < ? RETURNING day',
    ).pluck();
    const days = statement<[], { day: number; count: number }>(database, 'SELECT day, count FROM fact_days');
    for (const { day, count } of days.all()) {
      this.#days.set(day, count);
      this.count += count;
    }
  }

  /** The fact, whose source shows it on this day; null if it is not known. */
  shown(kind: FactKind, key: FactKey, today: number): { readonly chainId: string | null } | null {
    const row = this.#find.get(codeOf(kind), key);
    if (row === undefined) return null;
    if (row.seen < today) this.#see.run(today, codeOf(kind), key);
    return { chainId: row.chain };
  }

  /** The fact; null if it is not known. */
  find(kind: FactKind, key: FactKey): { readonly chainId: string | null } | null {
    const row = this.#find.get(codeOf(kind), key);
    return row === undefined ? null : { chainId: row.chain };
  }

  /** Adds a fact that is not there. */
  add({ kind, key, atMs, chainId }: FactToRemember, today: number): void {
    const day = ownDayOf(atMs, today);
    this.#insert.run(codeOf(kind), key, day, today, chainId);
    this.#change(day, 1);
  }

  /** The chain of a received task becomes known. */
  setChain(key: FactKey, chainId: string): void {
    this.#setChain.run(chainId, codeOf('received'), key);
  }

  /**
   * If there are too many facts, the oldest make room, those of today never. Returns the day of the newest that made
   * room; null if none had to.
   */
  makeRoom(today: number): number | null {
    if (this.count <= this.#max) return null;
    const kept = this.#max - Math.floor(this.#max * ROOM_SHARE);
    let newest: number | null = null;
    for (const day of [...this.#days.keys()].toSorted((a, b) => a - b)) {
      if (this.count <= kept) break;
      const { changes } = this.#evict.run(day, this.count - kept);
      this.#change(day, -changes);
      newest = Math.min(day, today - 1);
    }
    return newest;
  }

  /**
   * Forgets facts that were shown last before this day, a few rows at a time; true when the end of the table was
   * reached.
   */
  forgetStep(beforeDay: number): boolean {
    const from = this.#place;
    const to = this.#boundary.get(from.kind, from.key);
    const end = to ?? { kind: FACT_KINDS.length, key: Buffer.alloc(0) };
    const days = this.#forget.all(from.kind, from.key, end.kind, end.key, beforeDay);
    for (const day of days) this.#change(day, -1);
    this.#place = to ?? BEGINNING;
    return to === undefined;
  }

  /** Writes what the caller's transaction changed in the numbers of the days. */
  write(): void {
    for (const day of this.#changedDays) {
      const count = this.#days.get(day) ?? 0;
      if (count > 0) this.#saveDay.run(day, count);
      else this.#dropDay.run(day);
    }
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#changedDays.clear();
  }

  #change(day: number, by: number): void {
    const count = (this.#days.get(day) ?? 0) + by;
    if (count > 0) this.#days.set(day, count);
    else this.#days.delete(day);
    this.#changedDays.add(day);
    this.count += by;
  }
}

/** The day of a time in ms since the epoch, as whole days since 1970. */
export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

/** The day of a fact's own time; without a time, and for one in the future, today. */
export function ownDayOf(atMs: number | null, today: number): number {
  return atMs === null ? today : Math.max(0, Math.min(today, dayOf(atMs)));
}

function codeOf(kind: FactKind): number {
  return FACT_KINDS.indexOf(kind);
}
