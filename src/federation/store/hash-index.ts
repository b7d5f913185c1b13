// Finds a row of tasks or invoices by its exact hash, at a cost that does not grow with the table, and assigns ids to
// new rows. Hashes are unique because the only writer looks here before it inserts; SQLite does not check it. Rows
// belong to segments of 131,072 ids, and the index begins with the segment, so that an insert touches only the newest
// segment's pages. Filters in memory tell which segments may contain a hash; only those are looked up in the index. The
// filter of a full segment is stored in the transaction that fills it; the newest segment's filter is rebuilt from its
// rows.

import type { Database, Statement } from '../../store/database.ts';
import { type HashKey, HashKeys } from './hash-keys.ts';
import { SegmentFilters } from './segment-filters.ts';
import { statement } from '../../store/statements.ts';

/** As in the schema: a row's segment is id >> 17. */
const SEGMENT_LOG2 = 17;
const SEGMENT_ROWS = 2 ** SEGMENT_LOG2;
/** 16 places per row. */
const PLACES_LOG2 = SEGMENT_LOG2 + 4;
/** The prefix of the hash that the index in the schema contains. */
const PREFIX_BYTES = 4;

/** How many tasks or invoices the writer holds in memory. */
export interface RowMemoryOptions {
  /** Number of ids in each generation of the recently used rows. */
  readonly generationSize: number;
  /**
   * Number of places in a segment's filter, as a power of two. With fewer than the default, more look-ups go to SQLite
   * in vain.
   */
  readonly placesLog2?: number | undefined;
}

/** The indexed table and the size of its filters. */
export interface HashIndexOptions extends Pick<RowMemoryOptions, 'placesLog2'> {
  readonly table: string;
  /** The columns that {@link HashIndex.find} returns. */
  readonly columns: string;
}

/** The index of one table, `Row` being the type of its rows. */
export class HashIndex<Row> {
  readonly #keys: HashKeys;
  readonly #filters: SegmentFilters;
  readonly #select: Statement<[number, Buffer, number, Buffer], Row>;
  readonly #hasRows: (segment: number) => boolean;
  readonly #save: (segment: number, bits: Buffer) => void;
  readonly #drop: (segment: number) => void;
  /** Segments with a filter in memory. All except the newest are full. */
  readonly #segments = new Set<number>();
  /** Full segments whose filter is not stored yet. */
  readonly #unsaved = new Set<number>();
  /** Segments without rows whose filter is still stored. */
  readonly #dropped = new Set<number>();
  #nextId: number;

  constructor(database: Database, { table, columns, placesLog2 }: HashIndexOptions) {
    this.#keys = readHashKeys(database);
    this.#filters = new SegmentFilters(placesLog2 ?? PLACES_LOG2);
    this.#select = statement(
      database,
      `SELECT ${columns} FROM ${table}
       WHERE id >> ${SEGMENT_LOG2} = ? AND substr(hash, 1, ${PREFIX_BYTES}) = ? AND tag = ? AND hash = ?`,
    );
    const row = statement(database, `SELECT 1 FROM ${table} WHERE id >= ? AND id < ? LIMIT 1`);
    this.#hasRows = (segment) => row.get(segment * SEGMENT_ROWS, (segment + 1) * SEGMENT_ROWS) !== undefined;
    const save = statement(
      database,
      'INSERT OR REPLACE INTO hash_filters (of_table, segment, bits) VALUES (?, ?, ?)',
    );
    this.#save = (segment, bits) => save.run(table, segment, bits);
    const drop = statement(database, 'DELETE FROM hash_filters WHERE of_table = ? AND segment = ?');
    this.#drop = (segment) => drop.run(table, segment);
    this.#nextId = Number(statement(database, `SELECT coalesce(max(id), 0) + 1 FROM ${table}`).pluck().get());
    this.#load(database, table);
  }

  keyOf(hash: string): HashKey {
    return this.#keys.keyOf(hash);
  }

  /**
   * The row with this hash. Undefined if there is none, and also for a row that {@link HashIndex.take} gave an id and
   * that is not inserted yet.
   */
  find(hash: string, key: HashKey): Row | undefined {
    const candidates = this.#filters.candidates(key);
    if (candidates.length === 0) return undefined;
    const bytes = Buffer.from(hash, 'hex');
    const prefix = bytes.subarray(0, PREFIX_BYTES);
    for (const segment of candidates) {
      const row = this.#select.get(segment, prefix, key.tag, bytes);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** Assigns the id of a new row with this key. */
  take(key: HashKey): number {
    const id = this.#nextId++;
    const segment = segmentOf(id);
    this.#filters.add(segment, key);
    const next = segmentOf(this.#nextId);
    if (next !== segment) {
      this.#unsaved.add(segment);
      this.#segments.add(next);
    }
    return id;
  }

  /** Stores the changed filters, inside the transaction that inserts the rows. May be repeated after a failure. */
  write(): void {
    for (const segment of this.#dropped) this.#drop(segment);
    for (const segment of this.#unsaved) this.#save(segment, this.#filters.save(segment));
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#unsaved.clear();
    this.#dropped.clear();
  }

  /** Drops the filters of full segments that have no rows left. Call it only when every row with an id is committed. */
  forgetEmpty(): void {
    const newest = segmentOf(this.#nextId);
    for (const segment of this.#segments) {
      if (segment === newest || this.#hasRows(segment)) continue;
      this.#filters.clear(segment);
      this.#segments.delete(segment);
      this.#dropped.add(segment);
    }
  }

  #load(database: Database, table: string): void {
    const stored = statement<[string, number], Buffer>(
      database,
      'SELECT bits FROM hash_filters WHERE of_table = ? AND segment = ?',
    ).pluck();
    const hashes = statement<[number, number], string>(
      database,
      `SELECT lower(hex(hash)) FROM ${table} WHERE id >= ? AND id < ?`,
    ).pluck();
    const newest = segmentOf(this.#nextId);
    for (let segment = 0; segment <= newest; segment++) {
      if (segment < newest && !this.#hasRows(segment)) continue;
      this.#segments.add(segment);
      const bits = segment < newest ? stored.get(table, segment) : undefined;
      if (bits?.length === this.#filters.bytes) {
        this.#filters.load(segment, bits);
        continue;
      }
      const from = segment * SEGMENT_ROWS;
      for (const hash of hashes.iterate(from, from + SEGMENT_ROWS))
        this.#filters.add(segment, this.#keys.keyOf(hash));
      // A full segment's filter is missing only after a migration.
      if (segment < newest) this.#unsaved.add(segment);
    }
    // If the newest rows were pruned, new ids start again in a segment that was once full.
    const all = statement<[string], number>(database, 'SELECT segment FROM hash_filters WHERE of_table = ?')
      .pluck()
      .all(table);
    for (const segment of all)
      if (segment >= newest || !this.#segments.has(segment)) this.#dropped.add(segment);
  }
}

function segmentOf(id: number): number {
  return Math.floor(id / SEGMENT_ROWS);
}

/** The keyed hash with which this database's rows were tagged; a migration created its secret. */
function readHashKeys(database: Database): HashKeys {
  const secret = statement(database, "SELECT value FROM settings_kept WHERE name = 'hash_key'").pluck().get();
  if (typeof secret !== 'string' || secret === '') throw new Error('the database has no hash_key');
  return new HashKeys(secret);
}
