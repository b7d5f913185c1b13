// One log file from its discovery until its descriptor is closed: whether its content is still the same, whether there is
// something to read, and when its last entry is complete. It searches no folder and stores nothing.

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { SourceFile } from '../domain/source-facts.ts';
import { CONTENT_START, type ContentPosition } from './entry-splitter.ts';
import { bytesAt, type ContentEnd, hashOf, PlainContent } from './file-content.ts';
import { GzipContent } from './gzip-content.ts';
import {
  beginAlike,
  bytesBefore,
  IDENTITY_BYTES,
  type LogBeginning,
  NO_BEGINNING,
  readBeginning,
} from './log-identity.ts';
import {
  ContentSkip,
  FROM_START,
  type LogFileParts,
  LogReading,
  type LogStep,
  type Resumption,
} from './log-reading.ts';
import { WatchedFile } from './watched-file.ts';

/** Bytes of text in a byte of gzip, for what is not read yet. */
const USUAL_RATIO = 8;

const NO_END = { content: 'open', at: 0, isOpen: false } as const;

/** A file. Its owner calls one method at a time. */
export class LogFile {
  readonly #parts: LogFileParts;
  readonly #watched: WatchedFile;
  /** The key of its position; null as long as it is always read from its start. */
  key: string | null = null;
  /** True if another file goes on with its position. */
  isSuperseded = false;
  /** Keys of positions that turned out to belong to other content. */
  readonly refused = new Set<string>();
  /** True if a step may find something. */
  hasWork = true;
  /** Looks that wait for a file with the same beginning to go, because this one may become its compressed form. */
  waits = 0;
  #handle: FileHandle | null = null;
  #isUnreadable = false;
  #beginning: LogBeginning = NO_BEGINNING;
  #start: ContentPosition = CONTENT_START;
  /** The place in a gzip file from which it is read. */
  #goal: Resumption = FROM_START;
  #skip: ContentSkip | null = null;
  #gzip: GzipContent | null = null;
  #reading: LogReading | null = null;
  /** Where the last step ended. */
  #givenAt = 0;
  /** What stood behind the bytes at the last step, and where. */
  #end: { readonly content: ContentEnd; readonly at: number; readonly isOpen: boolean } = NO_END;
  /** Steps that are neither stored nor forgotten. */
  readonly #pending = new Set<LogStep>();
  /** True if this version of a gzip file is read to its end. */
  #isWhole = false;

  constructor(parts: LogFileParts, path: string, stats: Stats, nowMs: number) {
    this.#parts = parts;
    this.#watched = new WatchedFile(path, stats, nowMs);
  }

  /** Null once no folder shows the file any more: then it is read through its descriptor. */
  get path(): string | null {
    return this.#watched.path;
  }

  get beginning(): LogBeginning {
    return this.#beginning;
  }

  /** Files are read in the order of this time, in ms since the epoch. */
  get ageMs(): number {
    return this.#beginning.firstEntryMs ?? this.stats.mtimeMs;
  }

  /** Null while it is closed. */
  get handle(): FileHandle | null {
    return this.#handle;
  }

  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  /** True if it did not change between two looks. */
  get isQuiet(): boolean {
    return this.#watched.isQuiet;
  }

  /** As of the last look. While the file is open no other can have its inode. */
  get stats(): Stats {
    return this.#watched.stats;
  }

  get isGzip(): boolean {
    return this.#beginning.gzipVersion !== null;
  }

  /** True if it was renamed or deleted, and nobody writes to it any more. */
  isOver(nowMs: number): boolean {
    return !this.hasWork && this.#watched.isAbandoned(nowMs);
  }

  /** Takes what a look showed. True if the file has changed: then its content has to be checked. */
  update(stats: Stats, path: string | null, nowMs: number): boolean {
    const isChanged = this.#watched.update(stats, path, nowMs);
    if (isChanged) this.refused.clear();
    this.hasWork ||= isChanged || this.#end.isOpen;
    return isChanged;
  }

  /** Opens the file if it is closed. Null if that fails, or if its path has another file now. Never rejects. */
  async open(): Promise<FileHandle | null> {
    if (this.#handle !== null || this.path === null) return this.#handle;
    try {
      // A pipe without a writer would hold up the program.
      const handle = await open(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
      this.#handle = handle;
      const { dev, ino } = await handle.stat();
      if (dev !== this.stats.dev || ino !== this.stats.ino) await this.closeHandle();
      this.#isUnreadable = false;
    } catch {
      await this.#fail();
    }
    return this.#handle;
  }

  /** Finds out anew what the file is. False if it cannot be read. Never rejects. */
  async identify(): Promise<boolean> {
    this.#drop();
    try {
      const handle = await this.open();
      if (handle === null) return false;
      this.#beginning = await readBeginning(handle, (await handle.stat()).size, this.#parts.time);
      return true;
    } catch {
      await this.#fail();
      return false;
    }
  }

  /** Begins at the place if the content before it is the same. Of a gzip file that shows later. Never rejects. */
  async resume(place: Resumption): Promise<boolean> {
    try {
      if (this.isGzip) this.#goal = place;
      else {
        const before = this.#handle === null ? null : await bytesBefore(this.#handle, place.at);
        if (before === null || hashOf(before) !== place.beforeHash) return false;
        this.#start = { at: place.at, before };
      }
      this.#givenAt = place.at;
      return true;
    } catch {
      await this.#fail();
      return false;
    }
  }

  /** This version of the gzip file was read to its end before. */
  skipWhole(): void {
    this.#isWhole = true;
    this.hasWork = false;
  }

  /** True if two files hold the same up to the place; false for compressed ones. Never rejects. */
  async beginsLike(other: LogFile, upTo: number): Promise<boolean> {
    const otherHandle = await other.open();
    if (this.#handle === null || otherHandle === null || other.beginning.gzipVersion !== null) return false;
    return beginAlike(this.#handle, otherHandle, upTo).catch(() => false);
  }

  /** True if what was read of the file is still there. Never rejects. */
  async isSame(): Promise<boolean> {
    const handle = await this.open();
    if (handle === null || this.isGzip) return handle === null;
    return this.#holds(handle, this.#reading?.end ?? this.#start).catch(() => true);
  }

  /**
   * Reads on. `changed`: the content is another one than before, and has to be identified. Null if there is nothing
   * more now. Never rejects.
   */
  async step(nowMs: number): Promise<LogStep | 'changed' | null> {
    try {
      const handle = await this.open();
      const step = handle === null || this.#isWhole ? null : await this.#step(handle, nowMs);
      if (step === null) this.hasWork = false;
      else if (step !== 'changed') this.#pending.add(step);
      return step;
    } catch {
      await this.#fail();
      return null;
    }
  }

  /** The step is stored. */
  commit(step: LogStep): void {
    if (!this.#pending.delete(step) || step.position === null) return;
    this.#start = step.position;
    this.#goal = { at: step.position.at, beforeHash: hashOf(step.position.before) };
  }

  /** Reading goes back to where the last stored step ended. */
  rewind(): void {
    if (this.#pending.size === 0) return;
    this.#pending.clear();
    this.#endReading();
    this.#isWhole = false;
    this.hasWork = true;
  }

  /** Closes the descriptor; there must be nothing to read. Never rejects. */
  async closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#endReading();
    this.#handle = null;
    await handle?.close().catch(() => undefined);
  }

  /** True if reading stopped before the end of the file, until it changes. */
  get isDamaged(): boolean {
    return this.#end.content === 'damaged' || this.#end.content === 'too_long';
  }

  /** True if its descriptor may be closed: everything is read and stored. */
  get isIdle(): boolean {
    return !this.hasWork && this.#pending.size === 0 && !this.#end.isOpen;
  }

  status(): SourceFile {
    const { content, at, isOpen } = this.#end;
    const rest = content === 'incomplete' || this.stats.size === 0 || isOpen ? 'incomplete' : 'read';
    return {
      source: 'logs',
      name: this.#watched.name,
      state: this.#isUnreadable ? 'unreadable' : this.isDamaged ? 'damaged' : this.hasWork ? 'reading' : rest,
      bytes: this.stats.size,
      bytesBehind: this.#bytesBehind(),
      offset: this.isDamaged ? at : null,
    };
  }

  #bytesBehind(): number {
    const { size } = this.stats;
    if (!this.isGzip) return Math.max(0, size - (this.#reading?.position ?? this.#start).at);
    if (this.#isWhole || this.#end.content !== 'open') return 0;
    return Math.max(0, size - (this.#gzip?.compressedBytes ?? 0)) * USUAL_RATIO;
  }

  async #step(handle: FileHandle, nowMs: number): Promise<LogStep | 'changed' | null> {
    const reading = this.#reading ?? (await this.#begin(handle));
    if (reading === 'going') return { facts: [], unread: {}, position: null, wholeGzip: null, bytes: 0 };
    if (reading === 'failed') {
      if (this.key !== null) this.refused.add(this.key);
      return 'changed';
    }
    const before = reading.end;
    const bytes = await reading.read();
    // Checked behind the read: a file that was emptied and written again meanwhile must not pass for the old one.
    if (!this.isGzip && !(await this.#holds(handle, before))) return 'changed';
    if (bytes === 0) this.#settle(reading, nowMs);
    await this.#learnIdentity(handle, reading);
    return this.#stepOf(reading, bytes);
  }

  async #begin(handle: FileHandle): Promise<LogReading | 'going' | 'failed'> {
    const { time, chunk, gzipContentBytesMax } = this.#parts;
    if (!this.isGzip) {
      this.#reading = new LogReading(new PlainContent(handle, this.#start.at, chunk), this.#start, time);
      return this.#reading;
    }
    this.#gzip ??= new GzipContent(handle, {
      chunkBytes: chunk.length,
      contentBytesMax: gzipContentBytesMax,
    });
    this.#skip ??= new ContentSkip(this.#gzip, this.#goal);
    const place = await this.#skip.step();
    if (place === 'going' || place === 'failed') return place;
    this.#reading = new LogReading(this.#gzip, place.position, time, place.rest);
    return this.#reading;
  }

  /** True if the file holds these bytes before the place, and its beginning is the same. */
  async #holds(handle: FileHandle, { at, before }: ContentPosition): Promise<boolean> {
    const { identity } = this.#beginning;
    if (identity !== null && hashOf(await bytesAt(handle, 0, IDENTITY_BYTES)) !== identity) return false;
    return before.equals(await bytesAt(handle, at - before.length, before.length));
  }

  /** The end of the content that is there: decides whether the last entry is complete. */
  #settle(reading: LogReading, nowMs: number): void {
    const { contentEnd } = reading;
    const isOver = contentEnd === 'open' && this.#watched.isSilent(nowMs);
    if (contentEnd === 'ended' || isOver) reading.finish();
    else if (this.isQuiet) reading.settle();
  }

  /** A log that was short when it was found has an identity once it is long enough. */
  async #learnIdentity(handle: FileHandle, reading: LogReading): Promise<void> {
    if (this.#beginning.identity !== null || this.isGzip || reading.end.at < IDENTITY_BYTES) return;
    this.#beginning = { ...this.#beginning, identity: hashOf(await bytesAt(handle, 0, IDENTITY_BYTES)) };
  }

  #stepOf(reading: LogReading, bytes: number): LogStep | null {
    const { position, contentEnd } = reading;
    const isWhole = bytes === 0 && contentEnd === 'ended';
    this.#end = { content: bytes === 0 ? contentEnd : 'open', at: reading.end.at, isOpen: reading.isOpen };
    if (bytes === 0 && position.at === this.#givenAt && !isWhole) return null;
    const found = reading.take();
    this.#givenAt = position.at;
    this.#isWhole = isWhole;
    return { ...found, position, bytes, wholeGzip: isWhole ? this.#beginning.gzipVersion : null };
  }

  /** Forgets what was read, and where. */
  #drop(): void {
    this.#endReading();
    this.#pending.clear();
    this.#beginning = NO_BEGINNING;
    this.#start = CONTENT_START;
    this.#goal = FROM_START;
    this.#isWhole = false;
    this.#end = NO_END;
    this.#givenAt = 0;
    this.hasWork = true;
  }

  #endReading(): void {
    this.#reading?.close();
    this.#gzip?.close();
    this.#reading = null;
    this.#gzip = null;
    this.#skip = null;
    this.#givenAt = this.#start.at;
  }

  async #fail(): Promise<void> {
    await this.closeHandle();
    this.#isUnreadable = true;
    this.hasWork = false;
  }
}
