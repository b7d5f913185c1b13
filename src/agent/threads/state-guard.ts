// Watches the disk under the state file: whether the files are still the state's, why they cannot be written, and how much
// room is left. A state in memory needs no guard.

import type { Clock } from '../../lib/clock.ts';
import type { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import type { Database } from '../../store/database.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { diskBeside } from '../../store/free-space.ts';
import { refusalOf } from '../../store/refusal.ts';
import { WriterHealth } from '../../store/writer-health.ts';
import type { StateGuard } from '../ingest/step-commits.ts';
import { withoutFolders } from '../sources/file-name.ts';
import type { ReaderLog } from './reader-log.ts';

/** A guard, as the thread uses it. */
export interface ReaderGuard extends StateGuard, Part {
  /** Why the state cannot be written, without a path; null if it can. */
  readonly problem: string | null;
  readonly databaseBytes: number;
  areFilesWhole(): boolean;
}

/** What a {@link FileGuard} needs of its thread. */
export interface FileGuardParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  readonly log: ReaderLog;
  /** The state can never be written again. */
  fatal(error: CodedError): void;
}

/** The guard of a state file. */
export class FileGuard implements ReaderGuard {
  readonly #path: string;
  readonly #database: Database;
  readonly #files: DatabaseFiles;
  readonly #health: WriterHealth;

  constructor(path: string, database: Database, { clock, timers, log, fatal }: FileGuardParts) {
    this.#path = path;
    this.#database = database;
    this.#files = new DatabaseFiles(path, database, clock.monotonicMs);
    this.#health = new WriterHealth(path, {
      files: this.#files,
      disk: diskBeside(path),
      timers,
      words: { item: 'fact', pause: 'the sources are read no further' },
      log: (level, sentence) => log.say(level, `state: ${withoutFolders(sentence, path)}`),
      fatal,
      roomChanged: () => undefined,
    });
  }

  get isSpaceLow(): boolean {
    return this.#health.isSpaceLow;
  }

  get problem(): string | null {
    const { databaseProblem } = this.#health.status();
    return databaseProblem === null ? null : withoutFolders(databaseProblem, this.#path);
  }

  get databaseBytes(): number {
    return this.#health.status().databaseSizeBytes;
  }

  start(): Promise<void> {
    return this.#health.start();
  }

  stop(): Promise<void> {
    return this.#health.stop();
  }

  check(): void {
    this.#files.check();
  }

  written(): void {
    this.#files.written();
  }

  failed(error: unknown): void {
    const refusal = refusalOf(error);
    this.#health.failed(error, refusal === null);
    if (refusal === 'full') this.makeRoom();
  }

  recovered(): void {
    this.#health.recovered();
  }

  areFilesWhole(): boolean {
    return this.#health.areFilesWhole();
  }

  makeRoom(): void {
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // The disk has no room for that either: it is tried again with the next look.
    }
  }
}

/** The guard of a state in memory. */
export class MemoryGuard implements ReaderGuard {
  readonly isSpaceLow = false;
  readonly problem = null;
  readonly databaseBytes = 0;

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  check(): void {
    // There is no file.
  }

  written(): void {
    // There is no file.
  }

  /** A state in memory fails by a defect only. */
  failed(error: unknown): void {
    throw error;
  }

  recovered(): void {
    // It never failed.
  }

  areFilesWhole(): boolean {
    return true;
  }

  makeRoom(): void {
    // There is no file.
  }
}
