// Tells the journal what the desk decided, and knows what is not on the disk yet. It decides nothing.

import type { Entry, Fact, Journal, Verdict } from '../domain/facts.ts';
import type { DeskCounters } from './desk-counters.ts';
import { submittedFact, VERDICT_OF_STATE } from './entry-facts.ts';

/** Entries whose commit the journal refused that are remembered; the oldest goes first. */
const REFUSED_COMMITS_MAX = 65_536;

const STORED = Promise.resolve();

/** Facts of the desk on their way to the disk. */
export class Telling {
  readonly #journal: Journal;
  readonly #counters: DeskCounters;
  /** Commits that are under way, by the id of their entry; the journal bounds them. */
  readonly #commits = new Map<number, Promise<void>>();
  /** Entries whose commit the journal refused. */
  readonly #refused = new Set<number>();

  constructor(journal: Journal, counters: DeskCounters) {
    this.#journal = journal;
    this.#counters = counters;
  }

  /**
   * Stores facts under the id of their entry. Resolves when they are on the disk; never, if the journal refuses them.
   */
  commit(id: number, facts: readonly Fact[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#commits.set(id, promise);
    this.#refused.delete(id);
    this.#counters.told(facts);
    void this.#journal.commit(facts).then(
      () => {
        if (this.#commits.get(id) === promise) this.#commits.delete(id);
        resolve();
      },
      () => {
        this.#commits.delete(id);
        this.#rememberRefused(id);
      },
    );
    return promise;
  }

  /** Resolves when this entry is on the disk. A commit that was refused is made again. */
  storedOf(entry: Entry): Promise<void> {
    if (!this.#refused.has(entry.id)) return this.#commits.get(entry.id) ?? STORED;
    const submitted = submittedFact(entry, VERDICT_OF_STATE[entry.state]);
    return this.commit(entry.id, [submitted, { type: 'entry', entry }]);
  }

  /** Tells a submission that is not kept. Resolves when it is on the disk. */
  submission(entry: Entry, verdict: Verdict): Promise<void> {
    return this.commit(entry.id, [submittedFact(entry, verdict)]);
  }

  /** The same claim came from another machine. */
  repeated(entry: Entry, machineId: string, atMs: number): void {
    this.note([submittedFact({ ...entry, machineId, receivedAtMs: atMs }, VERDICT_OF_STATE[entry.state])]);
  }

  /** These entries are not kept any longer. */
  gone(ids: readonly number[]): void {
    if (ids.length > 0) this.note([{ type: 'entriesGone', ids }]);
  }

  /** Stores facts with one of the next commits. */
  note(facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    this.#counters.told(facts);
    this.#journal.note(facts);
  }

  #rememberRefused(id: number): void {
    this.#refused.add(id);
    for (const oldest of this.#refused) {
      if (this.#refused.size <= REFUSED_COMMITS_MAX) return;
      this.#refused.delete(oldest);
    }
  }
}
