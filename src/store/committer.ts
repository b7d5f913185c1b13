// Decides when to commit: at once after a batch, soon after anything else, and again after a failure. Merged changes
// stay in memory until they are on disk, so a failed commit can simply be repeated. The owner decides what a failure
// means, and whether a batch is stored in parts.

import { systemTimers, type Timer, type Timers } from '../lib/timers.ts';

/** Time before a failed commit is repeated. */
export const COMMIT_RETRY_MS = 1_000;

/** The times of a {@link Committer}. `retryMs` is the wait before a failed commit is repeated. */
export interface CommitterOptions {
  /** Maximum wait, in ms, before changes that came without a batch are committed. */
  readonly timeMaxMs: number;
  readonly retryMs: number;
}

/** What a {@link Committer} needs of its owner. */
export interface CommitterParts {
  /**
   * Commits everything merged so far, or the next part of it. Returns true if parts are left; then nothing else may be
   * merged until they are committed too. Throws the error that prevented the commit.
   */
  commit(): boolean | void;
  /** A commit failed; called after every failure. Nothing more may be merged until {@link CommitterParts.recovered}. */
  failed(error: unknown): void;
  /** A commit succeeded after failures. */
  recovered(): void;
}

/** The timing of one writer's commits. */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #parts: CommitterParts;
  readonly #timers: Timers;
  #timer: Timer | null = null;
  #isFailing = false;

  constructor(options: CommitterOptions, parts: CommitterParts, timers = systemTimers) {
    this.#options = options;
    this.#parts = parts;
    this.#timers = timers;
  }

  /** True while commits fail or parts of a batch are left. Nothing more may be merged then. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** The owner merged something that may wait for other changes: commits within `timeMaxMs`. */
  soon(): void {
    this.#timer ??= this.#timers.after(this.#options.timeMaxMs, () => this.flush());
  }

  /** Commits now. Returns false if SQLite refused or parts are left; then the committer tries again by itself. */
  flush(): boolean {
    this.stop();
    try {
      if (this.#parts.commit() === true) {
        // The next part comes after the thread's other work, so that status reports can go out in between.
        this.#hold(0);
        return false;
      }
    } catch (error) {
      this.#parts.failed(error);
      this.#hold(this.#options.retryMs);
      return false;
    }
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#parts.recovered();
    }
    return true;
  }

  #hold(waitMs: number): void {
    this.#isFailing = true;
    this.#timer = this.#timers.after(waitMs, () => this.flush());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
