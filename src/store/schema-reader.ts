// Reads the mark and the names of the schema from a database's file and its write-ahead log, without SQLite. SQLite
// would merge a log into the file, and make files beside it. This reader takes no lock and changes nothing. A file that
// is written meanwhile may give it a wrong answer, so the code that opens the database asks SQLite again.

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** A row of the schema: a table, an index, a view or a trigger. */
export interface SchemaEntry {
  readonly type: string;
  readonly name: string;
}

/** The first bytes of a database file, and offsets in its header (SQLite's file format, 1.3). */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const HEADER_BYTES = 100;
const PAGE_BYTES_OFFSET = 16;
/** The number of pages, which counts only if the two numbers after it are equal: then SQLite wrote it (1.3.8). */
const PAGES_OFFSET = 28;
const CHANGES_OFFSET = 24;
const CHANGES_AT_PAGES_OFFSET = 92;
const VERSION_OFFSET = 60;
const MARK_OFFSET = 68;

/** The write-ahead log (4.1): the size of its header and of the header before each page. */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** The kinds of page in the tree of a table (1.6). */
const INTERIOR = 5;
const LEAF = 13;
/** A larger schema is not read to its end. */
const PAGES_MAX = 10_000;

/** A database file and its log, open for reading. */
export class SchemaReader {
  readonly #file: number;
  readonly #log: number | null;
  readonly #header: Buffer;
  readonly #pageBytes: number;
  /** Where the newest committed state of a page stands in the log. */
  #framesByPage: ReadonlyMap<number, number> | null = null;

  /** Opens a regular file. Throws the system's error. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
    try {
      this.#header = readAt(this.#file, 0, HEADER_BYTES);
      this.#log = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, 'r') : null;
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
    const size = this.#header.readUInt16BE(PAGE_BYTES_OFFSET);
    this.#pageBytes = size === 1 ? 65_536 : size;
  }

  close(): void {
    closeSync(this.#file);
    if (this.#log !== null) closeSync(this.#log);
  }

  /** True if the file has bytes, and they are not those of a database. */
  get isNoDatabase(): boolean {
    return fstatSync(this.#file).size > 0 && !this.#isDatabase;
  }

  get #isDatabase(): boolean {
    return this.#header.subarray(0, MAGIC.length).equals(MAGIC);
  }

  /**
   * True if the end of the file is missing. With a log beside it nothing is known: SQLite may have been interrupted while
   * it moved the log into the file.
   */
  get isCut(): boolean {
    if (!this.#isDatabase || (this.#log !== null && fstatSync(this.#log).size > 0)) return false;
    const number = (offset: number) => this.#header.readUInt32BE(offset);
    if (number(CHANGES_OFFSET) !== number(CHANGES_AT_PAGES_OFFSET)) return false;
    return number(PAGES_OFFSET) * this.#pageBytes > fstatSync(this.#file).size;
  }

  /** The mark (`application_id`) in the file or, if the file has none, in its log; 0 if neither has one. */
  mark(): number {
    if (!this.#isDatabase) return 0;
    return this.#header.readInt32BE(MARK_OFFSET) || this.#page(1).readInt32BE(MARK_OFFSET);
  }

  /** The version of the program's format (`user_version`), also if only the log has it; 0 without a database. */
  version(): number {
    return this.#isDatabase ? this.#page(1).readInt32BE(VERSION_OFFSET) : 0;
  }

  /** The rows of the schema. Damaged parts are left out. */
  entries(): readonly SchemaEntry[] {
    if (!this.#isDatabase || this.#pageBytes < 512) return [];
    const found: SchemaEntry[] = [];
    const seen = new Set<number>();
    const waiting = [1];
    for (let page = waiting.pop(); page !== undefined && seen.size < PAGES_MAX; page = waiting.pop()) {
      if (seen.has(page)) continue;
      seen.add(page);
      try {
        this.#read(page, found, waiting);
      } catch (error) {
        // An offset that leads out of the page: the page is damaged.
        if (!(error instanceof RangeError)) throw error;
      }
    }
    return found;
  }

  /** Adds the rows of one page to `found`, and the pages below it to `waiting`. */
  #read(number: number, found: SchemaEntry[], waiting: number[]): void {
    const page = this.#page(number);
    const start = number === 1 ? HEADER_BYTES : 0;
    const kind = page.readUInt8(start);
    if (kind !== INTERIOR && kind !== LEAF) return;
    const cells = start + (kind === INTERIOR ? 12 : 8);
    for (let cell = 0; cell < page.readUInt16BE(start + 3); cell++) {
      const at = page.readUInt16BE(cells + 2 * cell);
      if (kind === INTERIOR) waiting.push(page.readUInt32BE(at));
      else found.push(entryAt(page, at));
    }
    if (kind === INTERIOR) waiting.push(page.readUInt32BE(start + 8));
  }

  #page(number: number): Buffer {
    this.#framesByPage ??= this.#framesOfLog();
    const frameAt = this.#framesByPage.get(number);
    return frameAt === undefined || this.#log === null
      ? readAt(this.#file, (number - 1) * this.#pageBytes, this.#pageBytes)
      : readAt(this.#log, frameAt + FRAME_HEADER_BYTES, this.#pageBytes);
  }

  /** The frames of complete transactions. A frame with another salt than the log's is left from an earlier use. */
  #framesOfLog(): ReadonlyMap<number, number> {
    const committed = new Map<number, number>();
    if (this.#log === null) return committed;
    const head = readAt(this.#log, 0, LOG_HEADER_BYTES);
    const salt = head.subarray(16, 24);
    if (head.readUInt32BE(8) !== this.#pageBytes) return committed;
    const frameBytes = FRAME_HEADER_BYTES + this.#pageBytes;
    const end = fstatSync(this.#log).size - frameBytes;
    let open: [page: number, at: number][] = [];
    for (let at = LOG_HEADER_BYTES; at <= end; at += frameBytes) {
      const frame = readAt(this.#log, at, FRAME_HEADER_BYTES);
      if (!frame.subarray(8, 16).equals(salt)) break;
      open.push([frame.readUInt32BE(0), at]);
      // The last frame of a transaction has the size of the database here.
      if (frame.readUInt32BE(4) === 0) continue;
      for (const [page, where] of open) committed.set(page, where);
      open = [];
    }
    return committed;
  }
}

/** The bytes at an offset; those after the end of the file are 0. */
function readAt(file: number, offset: number, bytes: number): Buffer {
  const read = Buffer.alloc(bytes);
  readSync(file, read, 0, bytes, offset);
  return read;
}

/** The first two columns of a row (2.1). A name that goes on in another page is cut. */
function entryAt(page: Buffer, cellAt: number): SchemaEntry {
  // The sizes of the payload and the row's number come before the record.
  const recordAt = varint(page, varint(page, cellAt).end).end;
  const header = varint(page, recordAt);
  const type = varint(page, header.end);
  const name = varint(page, type.end);
  const typeAt = recordAt + header.value;
  const nameAt = typeAt + textBytes(type.value);
  return {
    type: page.toString('utf8', typeAt, nameAt),
    name: page.toString('utf8', nameAt, nameAt + textBytes(name.value)),
  };
}

/** The length of a text, from the number of its type. */
function textBytes(type: number): number {
  return Math.max(0, Math.floor((type - 13) / 2));
}

/** A number of 1 to 9 bytes. Numbers over 2^53 occur only in damaged pages. */
function varint(page: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let end = at; end < at + 8; end++) {
    const byte = page.readUInt8(end);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: end + 1 };
  }
  return { value: value * 256 + page.readUInt8(at + 8), end: at + 9 };
}
