// The only writer of the database: a commit stores facts in one transaction. A failed commit changes nothing, neither in
// the file nor in memory, and can be repeated. An entry that comes a second time is stored once.

import { unreachable } from '../../lib/unreachable.ts';
import { type Database, durably } from '../../store/database.ts';
import type { FactGroup } from '../../store/fact-messages.ts';
import { StoredValues } from '../../store/stored-values.ts';
import type { Fact, SealedFact } from '../domain/facts.ts';
import type { StoredDeadLetters, StoredWaiting } from '../domain/questions.ts';
import type { StoredJob } from '../domain/stored-job.ts';
import type { StoredKey } from '../domain/stored-key.ts';
import { BucketRows } from './bucket-rows.ts';
import { ClientRows } from './client-rows.ts';
import { JobRows } from './job-rows.ts';
import { KeyRows } from './key-rows.ts';
import { OutboxRows } from './outbox-rows.ts';
import { Retention } from './retention.ts';
import { readDeadLetters, waitingPages } from './waiting-pages.ts';

const LAST_ENTRY = 'last_entry';
const LAST_PLACE = 'last_place';
const TOLD = 'told_ms';

/** What the file knows that the program goes on with, except the entries that wait. */
export interface Kept {
  readonly nextEntryId: number;
  readonly jobs: readonly StoredJob[];
  readonly deadLetters: StoredDeadLetters;
  readonly keys: readonly StoredKey[];
}

/** Stores facts. Only one may exist per database. */
export class TradesWriter {
  readonly #database: Database;
  readonly #outbox: OutboxRows;
  readonly #clients: ClientRows;
  readonly #buckets: BucketRows;
  readonly #jobs: JobRows;
  readonly #keys: KeyRows;
  readonly #retention: Retention;
  #stored: StoredValues;

  /** `retentionMs` is the age at which delivered entries are deleted, in ms; 0: never. */
  constructor(database: Database, retentionMs: number) {
    this.#database = database;
    this.#outbox = new OutboxRows(database);
    this.#clients = new ClientRows(database);
    this.#buckets = new BucketRows(database);
    this.#jobs = new JobRows(database);
    this.#keys = new KeyRows(database);
    this.#retention = new Retention(database, retentionMs);
    this.#stored = new StoredValues(database);
  }

  /** What the program goes on with. `nowMs` is the wall clock: jobs that expired before are forgotten. */
  kept(nowMs: number): Kept {
    this.#database.transaction(() => this.#jobs.dropExpired(nowMs, -1)).immediate();
    return {
      nextEntryId: Math.max(this.#outbox.lastId, this.#stored.number(LAST_ENTRY)) + 1,
      jobs: this.#jobs.all(),
      deadLetters: readDeadLetters(this.#database),
      keys: this.#keys.all(),
    };
  }

  /** The entries that wait, by ascending id, in pages. Nothing may be committed between two pages. */
  waitingPages(): Iterable<readonly StoredWaiting[]> {
    return waitingPages(this.#database);
  }

  /** The program's clock at the latest commit, in ms since the epoch; 0 before the first. */
  get newestMs(): number {
    return this.#stored.number(TOLD);
  }

  /**
   * Stores facts in the order told. `isDurable`: they are on the disk afterwards, even if the power fails. If it fails
   * it throws the reason and changes nothing.
   */
  commit(groups: readonly FactGroup<Fact>[], isDurable: boolean): null {
    const run = this.#database.transaction(() => this.#write(groups));
    try {
      if (isDurable) durably(this.#database, () => run.immediate());
      else run.immediate();
    } catch (error) {
      this.#stored = new StoredValues(this.#database);
      throw error;
    }
    this.#stored.committed();
    return null;
  }

  /**
   * Makes one small step of retention in a transaction of its own; true when nothing is left to delete at `nowMs`.
   * Throws SQLite's error, and can be repeated.
   */
  pruneStep(nowMs: number): boolean {
    return this.#database.transaction(() => this.#retention.step(nowMs)).immediate();
  }

  #write(groups: readonly FactGroup<Fact>[]): void {
    for (const { facts, toldAtMs } of groups) {
      for (const fact of facts) this.#apply(fact);
      this.#stored.set(TOLD, toldAtMs);
    }
    this.#stored.write();
  }

  #apply(fact: Fact): void {
    switch (fact.type) {
      case 'sealed':
        this.#sealed(fact);
        return;
      case 'attempted':
        this.#outbox.attempted(fact.entryId, fact.attempts, fact.nextAtMs, fact.attempt);
        return;
      case 'delivered':
        this.#outbox.delivered(fact.entryId, fact.atMs, fact.attempt);
        return;
      case 'dead':
        this.#outbox.dead(fact.entryId, fact.atMs, fact.attempt);
        return;
      case 'replayed':
        if (this.#outbox.replayed(fact.entryId, this.#nextPlace)) this.#takePlace();
        return;
      case 'jobExpired':
        this.#jobs.expired(fact.jobHash);
        return;
      case 'keyUsed':
        this.#keys.used(fact.key, fact.provenance, fact.atMs);
        return;
      default:
        unreachable(fact);
    }
  }

  /** Everything that a sealed summary changes. What an account has to store with it goes here. */
  #sealed(fact: SealedFact): void {
    const { entry, body, job } = fact;
    const client = this.#clients.sealed(entry.clientId, entry.exchange, entry.sealedAtMs);
    if (!this.#outbox.add(entry, body, client, this.#nextPlace)) return;
    this.#takePlace();
    this.#stored.set(LAST_ENTRY, Math.max(entry.id, this.#stored.number(LAST_ENTRY)));
    this.#buckets.add(fact, client);
    if (job !== null) this.#jobs.add(job, entry.id);
  }

  /** Places ascend over the life of the database, so an entry that comes later is delivered later. */
  get #nextPlace(): number {
    return this.#stored.number(LAST_PLACE) + 1;
  }

  #takePlace(): void {
    this.#stored.set(LAST_PLACE, this.#nextPlace);
  }
}
