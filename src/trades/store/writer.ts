// The only writer of the database: a commit stores facts in one transaction. A failed commit changes nothing, neither in
// the file nor in memory, and can be repeated. An entry that comes a second time is stored once.

import { unreachable } from '../../lib/unreachable.ts';
import { type Database, durably } from '../../store/database.ts';
import type { FactGroup } from '../../store/fact-messages.ts';
import { StoredValues } from '../../store/stored-values.ts';
import type { Fact, OutboxEntry, SealedCheckpoint, SealedFact } from '../domain/facts.ts';
import type { StoredDeadLetters, StoredWaiting } from '../domain/questions.ts';
import type { StoredJob } from '../domain/stored-job.ts';
import type { StoredKey } from '../domain/stored-key.ts';
import { BucketRows } from './bucket-rows.ts';
import { CheckpointRows } from './checkpoint-rows.ts';
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
  /** Accounts that have a checkpoint. */
  readonly accounts: number;
}

/** What a commit did besides storing the facts. */
export interface CommitReport {
  /** Ids of polled summaries that were not stored, because they are stored already under another id. */
  readonly repeated: readonly number[];
  /** Checkpoints that were not stored, because too many accounts have one. */
  readonly refusedCheckpoints: number;
}

/** Stores facts. Only one may exist per database. */
export class TradesWriter {
  readonly #database: Database;
  readonly #outbox: OutboxRows;
  readonly #clients: ClientRows;
  readonly #buckets: BucketRows;
  readonly #jobs: JobRows;
  readonly #keys: KeyRows;
  readonly #checkpoints: CheckpointRows;
  readonly #retention: Retention;
  #stored: StoredValues;
  #repeated: number[] = [];
  #refusedCheckpoints = 0;

  /**
   * `retentionMs` is the age at which delivered entries are deleted, in ms; 0: never. `accountsMax` is the number of
   * checkpoints that are kept.
   */
  constructor(database: Database, retentionMs: number, accountsMax?: number) {
    this.#database = database;
    this.#outbox = new OutboxRows(database);
    this.#clients = new ClientRows(database);
    this.#buckets = new BucketRows(database);
    this.#jobs = new JobRows(database);
    this.#keys = new KeyRows(database);
    this.#checkpoints = new CheckpointRows(database, accountsMax);
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
      accounts: this.#checkpoints.count,
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
  commit(groups: readonly FactGroup<Fact>[], isDurable: boolean): CommitReport {
    this.#repeated = [];
    this.#refusedCheckpoints = 0;
    const run = this.#database.transaction(() => this.#write(groups));
    try {
      if (isDurable) durably(this.#database, () => run.immediate());
      else run.immediate();
    } catch (error) {
      this.#stored = new StoredValues(this.#database);
      throw error;
    }
    this.#stored.committed();
    return { repeated: this.#repeated, refusedCheckpoints: this.#refusedCheckpoints };
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
      for (const fact of facts) this.#apply(fact, toldAtMs);
      this.#stored.set(TOLD, toldAtMs);
    }
    this.#stored.write();
  }

  #apply(fact: Fact, toldAtMs: number): void {
    switch (fact.type) {
      case 'sealed':
        this.#sealed(fact, toldAtMs);
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
      case 'checkpointed':
        this.#checkpointed(fact.checkpoint, toldAtMs);
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

  /** Everything that a sealed summary changes. */
  #sealed(fact: SealedFact, toldAtMs: number): void {
    const { entry, body, job, checkpoint } = fact;
    const isRepeated = this.#isRepeated(entry);
    // Its account's checkpoint counts summaries: it must be judged before it is replaced.
    if (checkpoint !== null) this.#checkpointed(checkpoint, toldAtMs);
    if (isRepeated) {
      this.#repeated.push(entry.id);
      return;
    }
    const client = this.#clients.sealed(entry.clientId, entry.exchange, entry.sealedAtMs);
    if (!this.#outbox.add(entry, body, client, this.#nextPlace)) return;
    this.#takePlace();
    this.#stored.set(LAST_ENTRY, Math.max(entry.id, this.#stored.number(LAST_ENTRY)));
    this.#buckets.add(fact, client);
    if (job !== null) this.#jobs.add(job, entry.id);
  }

  /** An enclave that heard no answer sends a summary again, and it comes with another id. */
  #isRepeated(entry: OutboxEntry): boolean {
    if (entry.provenance !== 'polled' || entry.seq === null || this.#outbox.has(entry)) return false;
    return entry.seq <= this.#checkpoints.seqOf(entry.clientId) || this.#outbox.hasSame(entry);
  }

  #checkpointed(checkpoint: SealedCheckpoint, toldAtMs: number): void {
    if (this.#checkpoints.put(checkpoint, toldAtMs) === 'refused') this.#refusedCheckpoints++;
  }

  /** Places ascend over the life of the database, so an entry that comes later is delivered later. */
  get #nextPlace(): number {
    return this.#stored.number(LAST_PLACE) + 1;
  }

  #takePlace(): void {
    this.#stored.set(LAST_PLACE, this.#nextPlace);
  }
}
