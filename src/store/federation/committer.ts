// When to commit: at once after a batch, soon after anything else; and what to do when SQLite refuses.
// What is merged stays in memory until it is on disk, so a failed commit is simply tried again.

export interface CommitterOptions {
  /** Longest wait of what comes without a batch. */
  readonly timeMaxMs: number;
  readonly retryMs: number;
}

export interface CommitterParts {
  /** Commits everything merged so far; throws SQLite's error. */
  commit(): void;
  /** SQLite refuses: take nothing more until {@link CommitterParts.recovered}. */
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
      this.#parts.commit();
    } catch (error) {
      if (!this.#isFailing) this.#parts.failed(error);
      this.#isFailing = true;
      this.#timer = setTimeout(() => this.flush(), this.#options.retryMs);
      return false;
    }
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#parts.recovered();
    }
    return true;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
