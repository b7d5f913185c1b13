// The state of the writer: why it stores nothing at the moment, whether that is final, and how much disk space is left,
// for the log, `/readyz` and the metrics. It stores nothing and retries nothing.

import { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';
import type { Timer, Timers } from '../lib/timers.ts';
import type { DatabaseFiles } from './database-files.ts';
import {
  type Disk,
  FREE_SPACE_CHECK_MS,
  FREE_SPACE_ENOUGH_SHARE,
  FREE_SPACE_LOW_SHARE,
  FreeSpace,
} from './free-space.ts';
import { codeOf, explainRefusal, type Refusal, refusalOf } from './refusal.ts';

/** Whether the database can be written, and the room that it has. */
export interface StorageStatus {
  /** Why the writer cannot write, or why the disk is too full to read on, with the remedy; null without a problem. */
  readonly databaseProblem: string | null;
  readonly databaseSizeBytes: number;
  /**
   * Free bytes for this user, and the size, of the file system that holds the database; 0 if the file system reports
   * neither.
   */
  readonly diskFreeBytes: number;
  readonly diskSizeBytes: number;
}

/** How a {@link WriterHealth} words its sentences. */
export interface WriterWords {
  /** What the writer stores, in the singular. */
  readonly item: string;
  /** What happens while the writer stores nothing. */
  readonly pause: string;
  /** What goes on when there is room again; absent: reading. */
  readonly resumes?: string;
}

/** What a {@link WriterHealth} needs of the writer's thread. */
export interface WriterHealthParts {
  readonly files: Pick<DatabaseFiles, 'check' | 'suspect'>;
  readonly disk: Disk;
  readonly timers: Timers;
  readonly words: WriterWords;
  log(level: 'info' | 'error', sentence: string): void;
  /** Called once, when the writer can never store anything in these files again. */
  fatal(error: CodedError): void;
  /** Called when disk space becomes low or sufficient again: the owner may stop or resume taking what waits. */
  roomChanged(): void;
}

/** Why the writer stores nothing. `refusal` is the cause in the environment; null if a stored value is the cause. */
interface Problem {
  readonly sentence: string;
  readonly refusal: Refusal | null;
}

/** Watches the disk space and the results of commits. */
export class WriterHealth implements Part {
  /** True if the writer can never store anything in these files again. */
  isFatal = false;
  readonly #path: string;
  readonly #parts: WriterHealthParts;
  readonly #space: FreeSpace;
  #problem: Problem | null = null;
  #looks: Timer | null = null;

  /** `path` is the path of the database. */
  constructor(path: string, parts: WriterHealthParts) {
    this.#path = path;
    this.#parts = parts;
    this.#space = new FreeSpace(
      { lowShare: FREE_SPACE_LOW_SHARE, enoughShare: FREE_SPACE_ENOUGH_SHARE },
      () => parts.disk.room(),
    );
  }

  /** True while there is too little disk space to take more. */
  get isSpaceLow(): boolean {
    return this.#space.isLow;
  }

  /** True if the environment prevented the last commit. */
  get isRefused(): boolean {
    return this.#problem !== null && this.#problem.refusal !== null;
  }

  /** Checks the disk space now, and then at regular intervals. */
  start(): Promise<void> {
    this.#looks = this.#parts.timers.every(FREE_SPACE_CHECK_MS, () => this.#lookAtSpace());
    this.#lookAtSpace();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#looks?.cancel();
    return Promise.resolve();
  }

  /**
   * Records a failed commit; `isStuck` if an item can be neither stored nor quarantined. Logs it only if it is new.
   */
  failed(error: unknown, isStuck: boolean): void {
    const refusal = refusalOf(error);
    if (refusal === 'damaged') this.#parts.files.suspect(error);
    if (error instanceof CodedError && !this.isFatal) {
      this.isFatal = true;
      this.#parts.fatal(error);
    }
    const sentence =
      refusal === null ? this.#ofItem(error, isStuck) : explainRefusal(error, refusal, this.#path);
    const isNews = this.#problem === null || this.#problem.refusal !== refusal || isStuck;
    if (isNews && !this.isFatal && this.#problem?.sentence !== sentence)
      this.#parts.log('error', `${sentence}; ${this.#parts.words.pause}, trying again until it works`);
    this.#problem = { sentence, refusal };
  }

  /** Records that commits work again. */
  recovered(): void {
    if (this.isRefused) this.#parts.log('info', 'commits work again');
    this.#problem = null;
  }

  /** False if the files are damaged or were replaced; then the log must not be moved into them. */
  areFilesWhole(): boolean {
    if (this.#problem?.refusal === 'damaged') return false;
    try {
      this.#parts.files.check();
      return true;
    } catch {
      return false;
    }
  }

  status(): StorageStatus {
    const { room } = this.#space;
    return {
      databaseProblem:
        this.#problem?.sentence ??
        (this.#space.isLow ? this.#space.explain(this.#path, this.#parts.words.resumes) : null),
      databaseSizeBytes: this.#parts.disk.sizeBytes(),
      diskFreeBytes: room?.freeBytes ?? 0,
      diskSizeBytes: room?.sizeBytes ?? 0,
    };
  }

  #lookAtSpace(): void {
    if (!this.#space.check()) return;
    if (this.#space.isLow)
      this.#parts.log('error', this.#space.explain(this.#path, this.#parts.words.resumes));
    else this.#parts.log('info', `there is room again, ${this.#parts.words.resumes ?? 'reading goes on'}`);
    this.#parts.roomChanged();
  }

  /** The sentence for a commit that failed without a cause in the environment. */
  #ofItem(error: unknown, isStuck: boolean): string {
    const { item } = this.#parts.words;
    return isStuck
      ? `a ${item} cannot be stored (${codeOf(error)}), and not be set aside either: this is a defect of the aggregator; please report it`
      : `a batch cannot be stored (${codeOf(error)}); looking for the ${item} that keeps it from being stored`;
  }
}
