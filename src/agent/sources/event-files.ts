// Reads all event files that the globs name (docs/agent.md#sources), the oldest first, in steps of at most 256 KiB. It
// finds changes by `stat` only. It stores and logs nothing itself.

import { stat } from 'node:fs/promises';
import { errorCode } from '../../lib/error-code.ts';
import {
  type ReadStep,
  SHOWN_FILES_MAX,
  type SourceProblem,
  type SourceReader,
  type SourceStatus,
  type StoredPosition,
} from '../domain/source-facts.ts';
import { EventFile } from './event-file.ts';
import { STEP_BUFFER_BYTES } from './event-pass.ts';
import { redactedName } from './file-name.ts';
import { expandGlob } from './globs.ts';
import { type FileVersion, versionOf } from './open-version.ts';

/** The position of a file that no glob has found for this long is dropped, in ms. */
export const GONE_AFTER_MS = 86_400_000;

/** What the reader needs. */
export interface EventFilesOptions {
  /** Empty: there are no event files here. */
  readonly globs: readonly string[];
  /** All that were stored; those of other sources are left alone. */
  readonly positions: readonly StoredPosition[];
  /** Names a path for the store, without telling it: an HMAC under the local key, in hex. */
  keyOf(path: string): string;
  /** A changed file is read whole at least this often, in ms. */
  readonly rescanIntervalMs: number;
  /** Told once for each problem when it begins. */
  readonly onProblem?: (problem: SourceProblem) => void;
}

/** A position whose file no glob finds now. */
interface Unclaimed {
  readonly state: string;
  readonly sinceMs: number;
}

/** Reads event files. `look`, `next` and `close` are called one after another. */
export class EventFiles implements SourceReader {
  readonly #options: EventFilesOptions;
  readonly #files = new Map<string, EventFile>();
  readonly #unclaimed = new Map<string, Unclaimed>();
  readonly #dropped = new Set<string>();
  readonly #problems: Record<string, number> = {};
  /** Globs and paths with a problem that has been told. */
  #troubled = new Set<string>();
  readonly #buffer = Buffer.alloc(STEP_BUFFER_BYTES);
  #current: EventFile | null = null;

  constructor(options: EventFilesOptions) {
    this.#options = options;
    for (const { source, key, state } of options.positions) {
      // Their time begins with the first look.
      if (source === 'events') this.#unclaimed.set(key, { state, sinceMs: Number.POSITIVE_INFINITY });
    }
  }

  async look(nowMs: number): Promise<void> {
    const troubled = new Set<string>();
    const found = new Set<string>();
    for (const glob of this.#options.globs) {
      const { paths, isCut, isDenied } = await expandGlob(glob);
      for (const path of paths) found.add(path);
      if (isCut) this.#trouble(troubled, 'too_many_files', glob);
      if (isDenied) this.#trouble(troubled, 'unreadable', glob);
    }
    for (const path of found) {
      const version = await this.#versionAt(path, troubled);
      if (version === null) found.delete(path);
      else this.#fileAt(path, version).look(version, nowMs);
    }
    this.#troubled = troubled;
    for (const [path, file] of this.#files) if (!found.has(path) && !file.isOpen) this.#lose(file, nowMs);
    this.#dropLongGone(nowMs);
  }

  async next(nowMs: number): Promise<ReadStep | null> {
    for (;;) {
      // A reading that has begun is finished first: one file is open at a time.
      const file = this.#current?.isWaiting === true ? this.#current : this.#oldestWaiting();
      this.#current = file;
      if (file === null) return null;
      const step = await file.next(this.#buffer, nowMs);
      if (step !== null) return { ...step, dropped: [...this.#dropped] };
    }
  }

  stored({ position: { key, state }, dropped }: ReadStep): void {
    for (const file of this.#files.values()) if (file.key === key) file.stored(state);
    for (const gone of dropped) this.#dropped.delete(gone);
  }

  forgotten(): void {
    for (const file of this.#files.values()) file.forgotten();
  }

  status(): SourceStatus {
    const newestFirst = [...this.#files.values()].toSorted((a, b) => b.modifiedAtMs - a.modifiedAtMs);
    const files = newestFirst.map((file) => file.shown());
    return {
      source: 'events',
      isWanted: this.#options.globs.length > 0,
      looksFor: this.#options.globs.map(redactedName),
      isReadable: files.some(({ state }) => state !== 'unreadable'),
      files: files.slice(0, SHOWN_FILES_MAX),
      bytesBehind: files.reduce((sum, { bytesBehind }) => sum + bytesBehind, 0),
      problems: { ...this.#problems },
    };
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
  }

  #oldestWaiting(): EventFile | null {
    let oldest: EventFile | null = null;
    for (const file of this.#files.values()) {
      if (file.isWaiting && (oldest === null || file.modifiedAtMs < oldest.modifiedAtMs)) oldest = file;
    }
    return oldest;
  }

  async #versionAt(path: string, troubled: Set<string>): Promise<FileVersion | null> {
    try {
      return versionOf(await stat(path, { bigint: true }));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#trouble(troubled, 'unreadable', path);
      return null;
    }
  }

  #fileAt(path: string, version: FileVersion): EventFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const key = this.#options.keyOf(path);
    const file = new EventFile({ path, key, stored: this.#unclaimed.get(key)?.state }, version, {
      rescanIntervalMs: this.#options.rescanIntervalMs,
      onProblem: (problem, offset) => this.#tell(problem, path, offset),
    });
    this.#files.set(path, file);
    this.#unclaimed.delete(key);
    this.#dropped.delete(key);
    return file;
  }

  #lose(file: EventFile, nowMs: number): void {
    this.#files.delete(file.path);
    const state = file.storedState;
    if (state !== null) this.#unclaimed.set(file.key, { state, sinceMs: nowMs });
  }

  #dropLongGone(nowMs: number): void {
    for (const [key, { state, sinceMs }] of this.#unclaimed) {
      if (sinceMs > nowMs) this.#unclaimed.set(key, { state, sinceMs: nowMs });
      else if (nowMs - sinceMs >= GONE_AFTER_MS) {
        this.#unclaimed.delete(key);
        this.#dropped.add(key);
      }
    }
  }

  #trouble(troubled: Set<string>, problem: string, path: string): void {
    const mark = `${problem} ${path}`;
    troubled.add(mark);
    if (!this.#troubled.has(mark)) this.#tell(problem, path, null);
  }

  #tell(problem: string, path: string, offset: number | null): void {
    this.#problems[problem] = (this.#problems[problem] ?? 0) + 1;
    this.#options.onProblem?.({ source: 'events', name: redactedName(path), problem, offset });
  }
}
