// One reading of a log's content, from a place on: which facts its entries tell, and where it stands. It does not know
// whether the content is still the same; when it is not, a new reading begins.

import { readLogEntry } from '../domain/log-entry.ts';
import type { LogTime } from '../domain/log-time.ts';
import type { SourceFact, UnreadReason } from '../domain/source-facts.ts';
import { CONTENT_START, type ContentPosition, EntrySplitter, lastBytes } from './entry-splitter.ts';
import { type ContentEnd, type FileContent, hashOf } from './file-content.ts';

/** Content that one step passes over on its way to a place. */
const SKIPPED_BYTES_A_STEP = 16_777_216;

/** What all log files share. */
export interface LogFileParts {
  readonly time: LogTime;
  /** For reads of files that are not compressed: there is one at a time. */
  readonly chunk: Buffer;
  readonly gzipContentBytesMax: number;
}

/** What was found since the last time. */
export interface FoundFacts {
  readonly facts: readonly SourceFact[];
  readonly unread: Partial<Record<UnreadReason, number>>;
}

/** What a step of reading found. */
export interface LogStep extends FoundFacts {
  /** Behind the facts; null while reading is on its way to a position. */
  readonly position: ContentPosition | null;
  /** The gzip version that is read to its end with this step; else null. */
  readonly wholeGzip: string | null;
  readonly bytes: number;
}

/** A reading under way. */
export class LogReading {
  readonly #content: FileContent;
  readonly #time: LogTime;
  readonly #splitter: EntrySplitter;
  #facts: SourceFact[] = [];
  #unread: Partial<Record<UnreadReason, number>> = {};
  /** Where the open entry was found to go on, so that it is not parsed at every look. */
  #goesOnAt = -1;

  /** The content goes on at the position, or behind `rest`, which follows it. */
  constructor(content: FileContent, start: ContentPosition, time: LogTime, rest?: Buffer) {
    this.#content = content;
    this.#time = time;
    this.#splitter = new EntrySplitter(start, (bytes, isCut) => this.#read(bytes, isCut));
    if (rest !== undefined) this.#splitter.push(rest);
  }

  /** Behind the last complete entry. */
  get position(): ContentPosition {
    return this.#splitter.position;
  }

  /** Behind the last byte read, with the bytes before it. */
  get end(): ContentPosition {
    return { at: this.#splitter.end, before: this.#splitter.beforeEnd };
  }

  /** What stands behind it. */
  get contentEnd(): ContentEnd {
    return this.#content.end;
  }

  /** True if an entry, or a line, may still go on. */
  get isOpen(): boolean {
    return this.#splitter.isOpen;
  }

  /** Reads a chunk; resolves with its length, 0 at the end. Rejects with the system's error. */
  async read(): Promise<number> {
    const chunk = await this.#content.read();
    if (chunk === null) return 0;
    this.#splitter.push(chunk);
    return chunk.length;
  }

  /** The last entry is complete, even if its line has no end. */
  finish(): void {
    this.#splitter.flush();
  }

  /** The last entry is complete, if its line has an end and its JSON too. */
  settle(): void {
    const { openEntry, isAtLineStart, end } = this.#splitter;
    if (!isAtLineStart || end === this.#goesOnAt) return;
    this.#goesOnAt = end;
    if (openEntry === null || !readLogEntry(openEntry.toString('utf8'), this.#time).isOpen)
      this.#splitter.flush();
  }

  /** What the entries told since the last call. */
  take(): FoundFacts {
    const found = { facts: this.#facts, unread: this.#unread };
    this.#facts = [];
    this.#unread = {};
    return found;
  }

  close(): void {
    this.#content.close();
  }

  #read(bytes: Buffer | null, isCut: boolean): void {
    if (bytes === null) {
      this.#count('too_long');
      return;
    }
    const { facts, isInvalid } = readLogEntry(bytes.toString('utf8'), this.#time, isCut);
    this.#facts.push(...facts);
    if (isInvalid) this.#count('invalid');
  }

  #count(reason: UnreadReason): void {
    this.#unread[reason] = (this.#unread[reason] ?? 0) + 1;
  }
}

/** A place where reading may go on, if the bytes before it have this hash. */
export interface Resumption {
  readonly at: number;
  readonly beforeHash: string;
}

/** The start of any content. */
export const FROM_START: Resumption = { at: 0, beforeHash: hashOf(CONTENT_START.before) };

/** The way through compressed content to a place where reading goes on. */
export class ContentSkip {
  readonly #content: FileContent;
  readonly #goal: Resumption;
  #at = 0;
  #before: Buffer = Buffer.alloc(0);

  constructor(content: FileContent, goal: Resumption) {
    this.#content = content;
    this.#goal = goal;
  }

  /**
   * Goes on for some megabytes. `going`: call it again. `failed`: the content is another one, or ends before the place.
   * Else the place, and the bytes behind it that were read already. Rejects with the system's error.
   */
  async step(): Promise<'going' | 'failed' | { readonly position: ContentPosition; readonly rest: Buffer }> {
    const { at: goalAt, beforeHash } = this.#goal;
    for (let skipped = 0; skipped < SKIPPED_BYTES_A_STEP; ) {
      const chunk = this.#at === goalAt ? Buffer.alloc(0) : await this.#content.read();
      if (chunk === null) return 'failed';
      const passed = chunk.subarray(0, goalAt - this.#at);
      this.#before = lastBytes(this.#before, passed);
      this.#at += passed.length;
      skipped += passed.length;
      if (this.#at < goalAt) continue;
      if (hashOf(this.#before) !== beforeHash) return 'failed';
      return { position: { at: goalAt, before: this.#before }, rest: chunk.subarray(passed.length) };
    }
    return 'going';
  }
}
