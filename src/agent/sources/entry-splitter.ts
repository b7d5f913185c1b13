// Splits the bytes of a log into entries, whatever their chunks. An entry ends where the next one begins. It keeps at most
// one entry in memory, reads no file and does not know what an entry says.

import { bareText, beginsEntry, LINE_HEAD_BYTES_MAX } from '../domain/log-text.ts';

/** Bytes of an entry, its line ends included; a longer one is skipped and counted. */
export const ENTRY_BYTES_MAX = 1_048_576;
/** Bytes before a position that are kept, so that the position can be checked. */
export const BEFORE_BYTES_MAX = 1_024;

/** A place in the content of a file, behind a complete entry. */
export interface ContentPosition {
  /** Uncompressed bytes. */
  readonly at: number;
  /** The bytes before it, at most {@link BEFORE_BYTES_MAX}. */
  readonly before: Buffer;
}

/** Where every file begins. */
export const CONTENT_START: ContentPosition = { at: 0, before: Buffer.alloc(0) };

/**
 * Receives an entry with its line ends: the bytes are valid during the call only. Null is an entry that is too long.
 * `isCut` says that no line end stands behind it.
 */
export type EntryListener = (bytes: Buffer | null, isCut: boolean) => void;

const NEWLINE = 0x0a;

/** One file's splitter. Lines before the first entry are no entries: they are passed over. */
export class EntrySplitter {
  readonly #onEntry: EntryListener;
  #position: ContentPosition;
  /** Bytes that were given and are not done with: from `#base`. */
  #rest: Buffer = Buffer.alloc(0);
  #base: number;
  /** The last bytes before `#base`. */
  #dropped: Buffer;
  /** Where the open entry begins; null outside of entries. */
  #entryAt: number | null = null;
  #lineAt: number;
  /** True if it is known whether the line at `#lineAt` begins an entry. */
  #isDecided = false;
  /** True if the open entry, or the line outside of entries, is too long: its bytes are not kept. */
  #isTooLong = false;

  constructor(start: ContentPosition, onEntry: EntryListener) {
    this.#position = start;
    this.#base = start.at;
    this.#lineAt = start.at;
    this.#dropped = start.before;
    this.#onEntry = onEntry;
  }

  /** Behind the last complete entry. */
  get position(): ContentPosition {
    return this.#position;
  }

  /** Bytes that were given, from the start of the content. */
  get end(): number {
    return this.#base + this.#rest.length;
  }

  /** The last bytes before `end`, at most {@link BEFORE_BYTES_MAX}. */
  get beforeEnd(): Buffer {
    return lastBytes(this.#dropped, this.#rest);
  }

  /** True if bytes were given that belong to no complete entry yet. */
  get isOpen(): boolean {
    return this.#entryAt !== null || !this.isAtLineStart;
  }

  /** True if the last byte given is a line end. */
  get isAtLineStart(): boolean {
    return this.#lineAt === this.end;
  }

  /** The bytes of the open entry; null without one, and for one that is too long. */
  get openEntry(): Buffer | null {
    return this.#entryAt === null || this.#isTooLong ? null : this.#rest.subarray(this.#entryAt - this.#base);
  }

  /** Takes the next bytes, and reports every entry that they end. Keeps no part of `chunk`. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    // The bytes that were kept hold no line end behind `#lineAt`.
    let scanAt = this.#rest.length;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, scanAt);
      if (!this.#isDecided) this.#decide(bytes, newline);
      if (newline < 0) break;
      this.#endLine(bytes, newline + 1);
      scanAt = newline + 1;
    }
    this.#keep(bytes);
  }

  /**
   * Reports the open entry, which the end of the content ends or the file's silence. What follows is a line of its own.
   * Reports two if the last line, without its line end, is an entry too.
   */
  flush(): void {
    const isCut = !this.isAtLineStart;
    if (isCut && !this.#isDecided) this.#decide(this.#rest, this.#rest.length);
    if (this.#entryAt === null) return;
    this.#lineAt = this.end;
    this.#close(this.#rest, isCut);
    this.#isDecided = false;
    this.#keep(this.#rest);
  }

  /** Finds out whether the line begins an entry, if enough of it is there. */
  #decide(bytes: Buffer, newline: number): void {
    const from = this.#lineAt - this.#base;
    const to = Math.min(newline < 0 ? bytes.length : newline, from + LINE_HEAD_BYTES_MAX);
    const isWhole = newline >= 0 || to - from === LINE_HEAD_BYTES_MAX;
    const begins = beginsHere(bytes, from, to, isWhole);
    if (begins) this.#begin(bytes);
    this.#isDecided = isWhole || begins;
  }

  /** A new entry begins at the line. */
  #begin(bytes: Buffer): void {
    if (this.#entryAt !== null) this.#close(bytes, false);
    this.#entryAt = this.#lineAt;
    this.#isTooLong = false;
  }

  /** The open entry ends before the line. */
  #close(bytes: Buffer, isCut: boolean): void {
    const length = this.#lineAt - (this.#entryAt ?? this.#lineAt);
    const isTooLong = this.#isTooLong || length > ENTRY_BYTES_MAX;
    const to = this.#lineAt - this.#base;
    this.#onEntry(isTooLong ? null : bytes.subarray(to - length, to), isCut);
    this.#entryAt = null;
    this.#isTooLong = false;
    this.#advance(bytes);
  }

  #endLine(bytes: Buffer, end: number): void {
    const lineLength = this.#base + end - this.#lineAt;
    this.#lineAt = this.#base + end;
    this.#isDecided = false;
    if (this.#entryAt !== null) return;
    if (this.#isTooLong || lineLength > ENTRY_BYTES_MAX) this.#onEntry(null, false);
    this.#isTooLong = false;
    this.#advance(bytes);
  }

  /** The position comes to the line's start. */
  #advance(bytes: Buffer): void {
    const before = bytes.subarray(0, this.#lineAt - this.#base);
    this.#position = { at: this.#lineAt, before: lastBytes(this.#dropped, before) };
  }

  /** Keeps of the bytes what is still needed. */
  #keep(bytes: Buffer): void {
    const end = this.#base + bytes.length;
    if (end - (this.#entryAt ?? this.#lineAt) > ENTRY_BYTES_MAX) this.#isTooLong = true;
    const from = this.#keptFrom(end) - this.#base;
    this.#dropped = lastBytes(this.#dropped, bytes.subarray(0, from));
    this.#rest = Buffer.from(bytes.subarray(from));
    this.#base += from;
  }

  #keptFrom(end: number): number {
    if (this.#entryAt !== null && !this.#isTooLong) return this.#entryAt;
    return this.#isDecided ? end : this.#lineAt;
  }
}

/** The last bytes, at most {@link BEFORE_BYTES_MAX}, of two parts that follow one another; no view of the second. */
export function lastBytes(first: Buffer, second: Buffer): Buffer {
  if (second.length === 0) return first;
  if (second.length >= BEFORE_BYTES_MAX) return Buffer.from(second.subarray(-BEFORE_BYTES_MAX));
  return Buffer.concat([first.subarray(-(BEFORE_BYTES_MAX - second.length)), second]);
}

const ESCAPE = 0x1b;
const LETTER_R = 0x72;
const BYTE_ORDER_MARK = 0xef;
/** `d` is a digit. */
const TIME_FORM = Buffer.from('dddd-dd-dd dd:dd:dd');
const LETTER_D = 0x64;

/**
 * True if an entry begins at the line. Only a line with colours or a prefix is decoded for that. Of a line that is not
 * whole, more must be there than the time.
 */
function beginsHere(bytes: Buffer, from: number, to: number, isWhole: boolean): boolean {
  const length = to - from;
  const first = bytes[from];
  if (length < TIME_FORM.length + (isWhole ? 0 : 1)) return false;
  if (first === ESCAPE || first === LETTER_R || first === BYTE_ORDER_MARK) {
    const bare = bareText(bytes.toString('utf8', from, to));
    return beginsEntry(bare) && (isWhole || bare.length > TIME_FORM.length);
  }
  for (let index = 0; index < TIME_FORM.length; index += 1) {
    const byte = bytes[from + index] ?? 0;
    const wanted = TIME_FORM[index];
    if (wanted === LETTER_D ? !isDigit(byte) : byte !== wanted) return false;
  }
  return length === TIME_FORM.length || !isDigit(bytes[from + TIME_FORM.length] ?? 0);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
