// Finds a row of tasks or invoices by its hash, exactly, at a cost that does not grow with the table; gives new rows
// their ids. Hashes are unique because the one writer asks here before it inserts: SQLite does not check it.
//
// Rows stand in segments of 131,072 by id, and the index begins with the segment, so that an insert touches the newest
// segment's pages only. Which segments may have a hash, filters in memory say; those are then asked through the index.
// The filter of a full segment is stored in the transaction that fills it; the newest segment's is made from its rows.

import type { Database, Statement } from '../../store/database.ts';
import { type HashKey, HashKeys } from './hash-keys.ts';
import { SegmentFilters } from './segment-filters.ts';
import { statement } from '../../store/statements.ts';

/** The schema's: rows are in segments of id >> 17. */
const SEGMENT_LOG2 = 17;
const SEGMENT_ROWS = 2 ** SEGMENT_LOG2;
/** 16 places a row. */
const PLACES_LOG2 = SEGMENT_LOG2 + 4;
/** As in the index. */
const PREFIX_BYTES = 4;

/** How much of tasks or invoices is remembered. */
export interface RowMemoryOptions {
  /** Ids that each half of the memory of lately touched rows holds. */
  readonly generationSize: number;
  /** Places of a segment's filter, as a power of two; fewer than the default only make it ask SQLite more often. */
  readonly placesLog2?: number | undefined;
}

export interface HashIndexOptions extends Pick<RowMemoryOptions, 'placesLog2'> {
  readonly table: string;
  /** Columns of the rows found. */
  readonly columns: string;
}

export class HashIndex<Row> {
  readonly #keys: HashKeys;
  readonly #filters: SegmentFilters;
  readonly #select: Statement<[number, Buffer, number, Buffer], Row>;
  readonly #hasRows: (segment: number) => boolean;
  readonly #save: (segment: number, bits: Buffer) => void;
  readonly #drop: (segment: number) => void;
  /** Segments with a filter in memory; all but the newest are full. */
  readonly #segments = new Set<number>();
  /** Full segments whose filter is not stored yet, and stored ones that have no rows any more. */
  readonly #unsaved = new Set<number>();
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
    return this.#keys.of(hash);
  }

  /** The row with this hash, or undefined: also for one that {@link HashIndex.take} gave an id and that is not inserted yet. */
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

  /** The id for a new row with this key. */
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

  /** Stores what changed, inside the transaction that inserts the rows. May be repeated after a failure. */
  write(): void {
    for (const segment of this.#dropped) this.#drop(segment);
    for (const segment of this.#unsaved) this.#save(segment, this.#filters.save(segment));
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#unsaved.clear();
    this.#dropped.clear();
  }

  /** Forgets full segments that have no rows any more. To be called when every row that has an id is committed. */
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
        this.#filters.add(segment, this.#keys.of(hash));
      // Missing only behind a migration.
      if (segment < newest) this.#unsaved.add(segment);
    }
    // If the newest rows were pruned, ids begin again in a segment that was full once.
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

/** The keys that this database's rows were tagged with; a migration made the secret. */
function readHashKeys(database: Database): HashKeys {
  const secret = statement(database, "SELECT value FROM settings_kept WHERE name = 'hash_key'").pluck().get();
  if (typeof secret !== 'string' || secret === '') throw new Error('the database has no hash_key');
  return new HashKeys(secret);
}
