// When to commit: at once after a batch, soon after anything else; and what to do when SQLite refuses.
// What is merged stays in memory until it is on disk, so a failed commit is simply tried again. What a failure means, and
// whether a batch is stored in parts, is decided by whoever commits.

export interface CommitterOptions {
  /** Longest wait of what comes without a batch. */
  readonly timeMaxMs: number;
  readonly retryMs: number;
}

export interface CommitterParts {
  /**
   * Commits everything merged so far, or the next part of it; true if more parts are left, and then nothing else may be
   * merged before they are committed too. Throws what keeps it from being stored.
   */
  commit(): boolean | void;
  /** It failed, as often as that happens: take nothing more until {@link CommitterParts.recovered}. */
  failed(error: unknown): void;
  recovered(): void;
}

export class Committer {
  readonly #options: CommitterOptions;
  readonly #parts: CommitterParts;
  #timer: NodeJS.Timeout | null = null;
  #isFailing = false;

  constructor(options: CommitterOptions, parts: CommitterParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** True while SQLite refuses and nothing more may be merged. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Something was merged that can wait for company. */
  soon(): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#options.timeMaxMs);
  }

  /** Commits now; false if SQLite refused, and then it is tried again by itself. */
  flush(): boolean {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      if (this.#parts.commit() === true) {
        // Behind what else the thread has to do: reports must go out meanwhile.
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
    this.#timer = setTimeout(() => this.flush(), waitMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
