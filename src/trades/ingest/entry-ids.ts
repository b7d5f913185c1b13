// The ids of entries of the outbox: jobs and accounts take theirs from one counter.

/** Gives each entry the next id. */
export class EntryIds {
  #next: number | null;

  /** `first` is greater than the id of any entry that was ever stored; null until `startAt`. */
  constructor(first: number | null = null) {
    this.#next = first;
  }

  /** Says with which id it begins, once the database is open. */
  startAt(first: number): void {
    this.#next = first;
  }

  /** An id that nobody else has. Throws before the first one is known. */
  take(): number {
    if (this.#next === null) throw new Error('the database is not open');
    return this.#next++;
  }
}
