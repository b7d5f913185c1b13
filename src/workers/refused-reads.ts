// Remembers which readers the database refuses: questions by their names, and the audit. It reports the first refusal
// and the end of the last one. It reads nothing itself.

import type { Log } from '../io/log.ts';

/** What {@link RefusedReads} tells its owner. */
export interface RefusedReadsParts {
  /**
   * The database refuses a read, for this reason. Called once, and again only if the reason changes or after `over`.
   */
  refused(sentence: string): void;
  /** Every refused reader has been answered since. */
  over(): void;
}

/** The refused readers. Their number is bounded by the names of readers in the code. */
export class RefusedReads {
  readonly #parts: RefusedReadsParts;
  readonly #sentences = new Map<string, string>();
  #told: string | null = null;

  constructor(parts: RefusedReadsParts) {
    this.#parts = parts;
  }

  /** Why the database refuses the reader that has been refused for longest; null if it refuses none. */
  get problem(): string | null {
    const [first = null] = this.#sentences.values();
    return first;
  }

  refused(reader: string, sentence: string): void {
    // A reader that is already in the map keeps its position.
    this.#sentences.set(reader, sentence);
    this.#tell();
  }

  answered(reader: string): void {
    this.#sentences.delete(reader);
    this.#tell();
  }

  #tell(): void {
    const problem = this.problem;
    if (problem === this.#told) return;
    this.#told = problem;
    if (problem === null) this.#parts.over();
    else this.#parts.refused(problem);
  }
}

/** Makes refused readers that tell the log. */
export function watchReads(log: Pick<Log, 'error' | 'info'>): RefusedReads {
  return new RefusedReads({
    refused: (sentence) => log.error(`database: ${sentence}`, { code: 'database_unusable' }),
    over: () => log.info('database: all that was refused can be read again'),
  });
}
