// Who is refused by the database when reading it: questions by their names, and the audit. It remembers and tells; it reads
// nothing.

export interface RefusedReadsParts {
  /** A read is refused, for this reason; called once, until the reason changes or `over`. */
  refused(sentence: string): void;
  /** All that was refused has been answered since. */
  over(): void;
}

/** Bounded by the number of readers, which are names in our code. */
export class RefusedReads {
  readonly #parts: RefusedReadsParts;
  readonly #sentences = new Map<string, string>();
  #told: string | null = null;

  constructor(parts: RefusedReadsParts) {
    this.#parts = parts;
  }

  /** Why a reader is refused: the one that has been for longest; null if none is. */
  get problem(): string | null {
    const [first = null] = this.#sentences.values();
    return first;
  }

  refused(reader: string, sentence: string): void {
    // A reader that is known keeps its place.
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
