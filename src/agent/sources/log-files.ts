// All log files of a node: finds them, tells which is which, and reads the oldest first. It shows no path, and a file that
// cannot be read is a status.

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LogTime } from '../domain/log-time.ts';
import {
  type ReadStep,
  SHOWN_FILES_MAX,
  type SourceReader,
  type SourceStatus,
  type StoredPosition,
} from '../domain/source-facts.ts';
import { CHUNK_BYTES_MAX, hashOf } from './file-content.ts';
import { redactedName } from './file-name.ts';
import { expandGlob } from './globs.ts';
import { GZIP_CONTENT_BYTES_MAX } from './gzip-content.ts';
import { LogFile } from './log-file.ts';
import { type LogPosition, LogPositions, storedPosition } from './log-positions.ts';
import type { LogFileParts, LogStep } from './log-reading.ts';

/** Log files that stay open. Others are opened when they have changed; one that is renamed meanwhile is not followed. */
export const LOG_FILES_OPEN_MAX = 64;
/** Looks for which a gzip file waits, while the log that it may come from is still there. */
const WAITS = 3;
/** How often one step begins anew because the file changes under its hands. */
const TRIES = 3;
/** In each folder: the logs, and what rotation makes of them. */
const NAMES = ['*.log', '*.log.*'] as const;

/** What the reader of the logs needs. */
export interface LogFilesOptions {
  /** Globs of the folders; none if no logs are wanted. */
  readonly globs: readonly string[];
  /** The zone of the times in the logs: an IANA name or `UTC`. */
  readonly timeZone: string;
  /** What was stored at the last start; those of other sources are ignored. */
  readonly positions: readonly StoredPosition[];
  /** HMAC under the local key, as text. */
  readonly keyOf: (text: string) => string;
  /** Uncompressed bytes of a step; {@link CHUNK_BYTES_MAX} if absent. */
  readonly chunkBytes?: number;
  /** Uncompressed bytes of one gzip file; {@link GZIP_CONTENT_BYTES_MAX} if absent. */
  readonly gzipContentBytesMax?: number;
}

/** A file that a glob names. */
interface PresentFile {
  readonly path: string;
  readonly stats: Stats;
}

/** What belongs to a step that was given. */
interface GivenStep {
  readonly file: LogFile;
  readonly step: LogStep;
  readonly position: LogPosition | null;
}

/**
 * The reader of the logs. Its methods are called one after another, but for `status`. An entry is complete when the next
 * one begins, or when its file has not changed from one look to the next; then its line must have an end, and its JSON
 * too. After a minute of silence it is complete whatever it looks like.
 */
export class LogFiles implements SourceReader {
  readonly #globs: readonly string[];
  readonly #parts: LogFileParts;
  readonly #positions: LogPositions;
  /** The oldest first. */
  #files: LogFile[] = [];
  readonly #given = new WeakMap<ReadStep, GivenStep>();
  readonly #problems = new Map<string, number>();
  /** What has each problem: it is counted once, until it has passed. */
  readonly #standing = new Map<string, Set<LogFile | string>>();
  #isFirstLook = true;
  /**
   * Files that wait for the next look: gzip files that may still be written, and new files while the last entry of an older
   * one, which was renamed a moment ago, may go on. At the start none is waited for.
   */
  #unsettled = new Set<LogFile>();

  constructor(options: LogFilesOptions) {
    this.#globs = options.globs;
    this.#positions = new LogPositions(options.positions, options.keyOf);
    this.#parts = {
      time: new LogTime(options.timeZone),
      chunk: Buffer.alloc(options.chunkBytes ?? CHUNK_BYTES_MAX),
      gzipContentBytesMax: options.gzipContentBytesMax ?? GZIP_CONTENT_BYTES_MAX,
    };
  }

  async look(nowMs: number): Promise<void> {
    const present = await this.#present();
    const changed: LogFile[] = [];
    for (const file of this.#files) if (await this.#refresh(file, present, nowMs)) changed.push(file);
    // A log that was copied and emptied has to let go of its position before the copy is looked at.
    for (const file of changed) this.#release(file);
    for (const file of changed) await this.#begin(file);
    const isOneWritten = this.#files.some((file) => !file.isQuiet);
    const added = new Set<LogFile>();
    for (const { path, stats } of present.values()) {
      const file = new LogFile(this.#parts, path, stats, nowMs);
      added.add(file);
      this.#files.push(file);
      await this.#begin(file);
    }
    this.#files = this.#files.toSorted((a, b) => a.ageMs - b.ageMs || a.stats.mtimeMs - b.stats.mtimeMs);
    this.#unsettled = new Set(
      this.#isFirstLook
        ? []
        : this.#files.filter((file) => (isOneWritten && added.has(file)) || (file.isGzip && !file.isQuiet)),
    );
    await this.#closeIdle();
    for (const file of this.#files) this.#stand('unreadable', file, file.isUnreadable);
    this.#isFirstLook = false;
  }

  async next(nowMs: number): Promise<ReadStep | null> {
    for (const file of this.#files) {
      const step = file.hasWork && !this.#unsettled.has(file) ? await this.#stepOf(file, nowMs) : null;
      if (file.isDamaged) this.#stand('damaged', file, true);
      if (step !== null) return this.#give(file, step, nowMs);
    }
    return null;
  }

  stored(step: ReadStep): void {
    const given = this.#given.get(step);
    if (given === undefined) return;
    given.file.commit(given.step);
    if (given.position !== null) this.#positions.set(given.position);
    for (const key of step.dropped) this.#positions.remove(key);
    this.#count('too_long', step.unread.too_long ?? 0);
  }

  forgotten(): void {
    for (const file of this.#files) file.rewind();
  }

  status(): SourceStatus {
    const files = this.#files.map((file) => file.status());
    return {
      source: 'logs',
      isWanted: this.#globs.length > 0,
      looksFor: this.#globs.map((glob) => `${redactedName(glob)}/${NAMES[0]}`),
      isReadable: this.#files.some((file) => file.path !== null && !file.isUnreadable),
      files: files.slice(-SHOWN_FILES_MAX).toReversed(),
      bytesBehind: files.reduce((sum, file) => sum + file.bytesBehind, 0),
      problems: Object.fromEntries(this.#problems),
    };
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.closeHandle();
    this.#files = [];
  }

  /** The files that the globs name now, by inode: a file with two names is there once. */
  async #present(): Promise<Map<string, PresentFile>> {
    const present = new Map<string, PresentFile>();
    for (const glob of this.#globs.flatMap((folder) => NAMES.map((name) => join(folder, name)))) {
      const { paths, isCut, isDenied } = await expandGlob(glob);
      this.#stand('unreadable', `denied ${glob}`, isDenied);
      this.#stand('too_many_files', `cut ${glob}`, isCut);
      for (const path of paths) {
        const stats = await stat(path).catch(() => null);
        if (stats?.isFile() !== true || present.has(inodeOf(stats))) continue;
        present.set(inodeOf(stats), { path, stats });
      }
    }
    return present;
  }

  /** Takes a known file out of those that are present. True if its content is another one now. */
  async #refresh(file: LogFile, present: Map<string, PresentFile>, nowMs: number): Promise<boolean> {
    const found = present.get(inodeOf(file.stats)) ?? null;
    present.delete(inodeOf(file.stats));
    const latest = (await file.handle?.stat().catch(() => null)) ?? found?.stats ?? null;
    const isChanged = latest !== null && file.update(latest, found?.path ?? null, nowMs);
    if (latest === null || file.isOver(nowMs)) {
      if (latest === null && file.status().bytesBehind > 0) this.#count('rotated_away', 1);
      await this.#forget(file);
      return false;
    }
    if (file.waits > 0 || file.isUnreadable) return true;
    return isChanged && !(await file.isSame());
  }

  async #forget(file: LogFile): Promise<void> {
    await file.closeHandle();
    this.#release(file);
    for (const causes of this.#standing.values()) causes.delete(file);
    this.#files = this.#files.filter((each) => each !== file);
  }

  #release(file: LogFile): void {
    if (file.key !== null) this.#positions.release(file.key);
    file.key = null;
    this.#stand('damaged', file, false);
  }

  /** Finds out what a file is, and where reading of it goes on. */
  async #begin(file: LogFile): Promise<void> {
    this.#release(file);
    if (!(await file.identify())) return;
    const { identity } = file.beginning;
    if (identity === null) return;
    for (const position of this.#positions.of(identity)) {
      if (file.refused.has(position.key)) continue;
      const owner = this.#files.find((each) => each !== file && each.key === position.key) ?? null;
      const isTaken =
        owner === null || owner.path === null
          ? await this.#takeOver(file, position, owner)
          : await this.#goOnLike(file, position, owner);
      if (isTaken) return;
    }
    file.waits = 0;
    file.key = this.#positions.newKey(identity);
  }

  /** The file is the one that had the position, under another name or compressed. */
  async #takeOver(file: LogFile, position: LogPosition, owner: LogFile | null): Promise<boolean> {
    if (!(await file.resume(position))) return false;
    if (file.isGzip && file.beginning.gzipVersion === position.wholeGzip) file.skipWhole();
    if (owner !== null) {
      owner.key = null;
      owner.isSuperseded = true;
    }
    file.waits = 0;
    file.key = position.key;
    this.#positions.claim(position.key);
    return true;
  }

  /** The file may be a copy of one that is still there. */
  async #goOnLike(file: LogFile, position: LogPosition, owner: LogFile): Promise<boolean> {
    if (file.isGzip) {
      file.waits += 1;
      file.hasWork = false;
      return file.waits < WAITS;
    }
    if (!(await file.beginsLike(owner, position.at)) || !(await file.resume(position))) return false;
    file.key = this.#positions.newKey(position.identity);
    return true;
  }

  async #stepOf(file: LogFile, nowMs: number): Promise<LogStep | null> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const step = await file.step(nowMs);
      if (step !== 'changed') return step;
      await this.#begin(file);
    }
    return null;
  }

  #give(file: LogFile, step: LogStep, nowMs: number): ReadStep {
    const { identity } = file.beginning;
    if (file.key === null && identity !== null && !file.isSuperseded)
      file.key = this.#positions.newKey(identity);
    const { key } = file;
    const position = key === null || identity === null ? null : positionOf(key, identity, step, nowMs);
    const given: ReadStep = {
      source: 'logs',
      facts: step.facts,
      unread: step.unread,
      position: position === null ? this.#positions.unkept : storedPosition(position),
      dropped: key === null ? [] : this.#positions.dropFor(key),
      bytes: step.bytes,
    };
    this.#given.set(given, { file, step, position });
    return given;
  }

  /** Closes the oldest files that need no descriptor. */
  async #closeIdle(): Promise<void> {
    const open = this.#files.filter((file) => file.handle !== null && file.path !== null && file.isIdle);
    const newestFirst = open.toSorted((a, b) => b.stats.mtimeMs - a.stats.mtimeMs);
    for (const file of newestFirst.slice(LOG_FILES_OPEN_MAX)) await file.closeHandle();
  }

  #stand(problem: string, cause: LogFile | string, isThere: boolean): void {
    const causes = this.#standing.get(problem) ?? new Set();
    if (isThere && !causes.has(cause)) this.#count(problem, 1);
    if (isThere) causes.add(cause);
    else causes.delete(cause);
    this.#standing.set(problem, causes);
  }

  #count(problem: string, count: number): void {
    if (count > 0) this.#problems.set(problem, (this.#problems.get(problem) ?? 0) + count);
  }
}

/** Null while reading is on its way to a position. */
function positionOf(key: string, identity: string, step: LogStep, nowMs: number): LogPosition | null {
  const { position, wholeGzip } = step;
  if (position === null) return null;
  return { key, identity, at: position.at, beforeHash: hashOf(position.before), wholeGzip, atMs: nowMs };
}

function inodeOf({ dev, ino }: Stats): string {
  return `${dev} ${ino}`;
}
