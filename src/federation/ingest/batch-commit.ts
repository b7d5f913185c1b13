// The batch in work and its way to the disk: merged, committed as a whole, in parts where that fails
// (docs/federation.md#quarantine), and given back. It decides neither when to commit nor when to try again
// (src/store/committer.ts), and tells nobody why a commit failed (writer-health.ts).

import type { Clock } from '../../lib/clock.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { DatabaseFiles } from '../../store/database-files.ts';
import { refusalOf } from '../../store/refusal.ts';
import { Salvage } from '../../store/salvage.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';
import { type Batch, type BatchMessage, readBatch } from '../sources/batch.ts';
import type { Door } from './door.ts';

/** The writer, as far as a batch needs it. */
export interface BatchWriter {
  /** True if merging broke off: what is in memory is half done and must be reverted. */
  readonly isSpoilt: boolean;
  readonly current: {
    readonly position: { readonly nextSeq: number | null };
    housekeep(nowMs: number, monotonicMs: number): void;
    quarantine(message: {
      readonly seq: number | null;
      readonly subject: string;
      readonly code: string;
      readonly atMs: number;
    }): void;
  };
  commit(nowMs: number, observedMs: number): readonly NodeSign[];
  revert(): void;
  dropFacts(): void;
}

/** What one transaction stored. */
export interface Commit {
  /** Nodes heard in it. */
  readonly signs: readonly NodeSign[];
  readonly seconds: number;
  /** Messages of the batch that are in it, the first of those not committed yet; all of them if absent. */
  readonly messages: number | undefined;
}

export interface BatchCommitOptions {
  /** The observed clock as last committed. */
  readonly observedMs: number;
  /** How long retention and thinning rest after a batch that failed for no reason of the environment: it may be they. */
  readonly housekeepingRestMs: number;
}

export interface BatchCommitParts {
  readonly writer: BatchWriter;
  readonly door: Pick<Door, 'enter' | 'receive' | 'admit' | 'setAside' | 'committed' | 'forget'>;
  readonly files: Pick<DatabaseFiles, 'check' | 'written'>;
  readonly clock: Clock;
  /** Seams of tests: before each commit, and before each message, if there is one. */
  beforeCommit(): void;
  readonly beforeMessage: (() => void) | null;
  /** A transaction is on disk. */
  committed(commit: Commit): void;
  /** The batch is on disk as a whole, all sequences up to `seq` with it. */
  giveBack(batch: Batch, seq: number): void;
  /** Messages could not be stored; the sentence says how many, and why. */
  lost(sentence: string): void;
}

export class BatchCommit {
  /** The observed clock of the last message taken, or a later reading. */
  observedMs: number;
  readonly #parts: BatchCommitParts;
  readonly #housekeepingRestMs: number;
  /** Merged, and to be given back with the next commit. */
  #merged: Batch | null = null;
  /** How many messages of it have been received. */
  #entered = 0;
  /** Stores, in parts, what failed for no reason of the environment, or broke off while it was merged. */
  #salvage: Salvage | null = null;
  #housekeepFromMs = -Infinity;

  constructor({ observedMs, housekeepingRestMs }: BatchCommitOptions, parts: BatchCommitParts) {
    this.observedMs = observedMs;
    this.#housekeepingRestMs = housekeepingRestMs;
    this.#parts = parts;
  }

  /** True if a message, or what else waits, cannot even be set aside. */
  get isStuck(): boolean {
    return this.#salvage?.isStuck === true;
  }

  /** True while a batch is stored in parts and each step brings that further. */
  get isMovingOn(): boolean {
    return this.#salvage !== null && !this.#salvage.isStuck;
  }

  /** Merges every message of the batch; throws what breaks that off, and then the writer is spoilt. */
  merge(batch: Batch): void {
    const { clock, door, beforeMessage } = this.#parts;
    const nowMs = clock.nowMs();
    this.#entered = 0;
    try {
      readBatch(batch, (entry) => {
        if (beforeMessage !== null) beforeMessage();
        this.observedMs = entry.observedMs;
        this.#entered++;
        door.enter(entry, nowMs);
      });
    } finally {
      this.#merged = batch;
    }
  }

  /** Commits what is merged, or the next part of it; true if parts are left. Throws what keeps it from being stored. */
  commit(): boolean {
    this.#parts.files.check();
    if (this.#salvage === null) this.#commitWhole();
    else {
      if (this.#salvage.step()) return true;
      for (const loss of this.#salvage.losses) this.#parts.lost(loss);
      this.#salvage = null;
    }
    this.#giveBack();
    return false;
  }

  #commitWhole(): void {
    const { writer, clock } = this.#parts;
    try {
      this.#commitMerged();
    } catch (error) {
      if (writer.isSpoilt || refusalOf(error) === null) this.#salvage = this.#beginSalvage(error);
      if (refusalOf(error) === null) this.#housekeepFromMs = clock.monotonicMs() + this.#housekeepingRestMs;
      throw error;
    }
  }

  #commitMerged(messages?: number): void {
    const { writer, clock, door, files, beforeCommit, committed } = this.#parts;
    const startedMs = clock.monotonicMs();
    beforeCommit();
    if (this.#salvage === null && startedMs >= this.#housekeepFromMs)
      writer.current.housekeep(clock.nowMs(), startedMs);
    const signs = writer.commit(clock.nowMs(), this.observedMs);
    files.written();
    door.committed();
    committed({ signs, seconds: (clock.monotonicMs() - startedMs) / 1000, messages });
  }

  /** What is merged failed with this error: it will be merged again from the batch, which still holds every message. */
  #beginSalvage(error: unknown): Salvage {
    const { writer, clock, door } = this.#parts;
    const entries: BatchMessage[] = [];
    if (this.#merged !== null) readBatch(this.#merged, (entry) => entries.push(entry));
    const nowMs = clock.nowMs();
    for (const entry of entries.slice(this.#entered)) door.receive(entry, nowMs);
    const entryAt = (at: number): BatchMessage => {
      const entry = entries[at];
      if (entry === undefined) throw new RangeError('no such message in the batch');
      this.observedMs = entry.observedMs;
      return entry;
    };
    return new Salvage(entries.length, error, {
      revert() {
        writer.revert();
        door.forget();
      },
      dropFacts: () => writer.dropFacts(),
      merge: (at) => void door.admit(entryAt(at), nowMs),
      setAside(at, code) {
        const entry = entryAt(at);
        const { seq, subject, atMs } = entry;
        if (door.setAside(entry) === 'replayed') return;
        writer.current.quarantine({ seq, subject: SUBJECTS[subject] ?? 'other', code, atMs });
      },
      commit: (messages) => this.#commitMerged(messages),
    });
  }

  #giveBack(): void {
    const batch = this.#merged;
    this.#merged = null;
    if (batch !== null) this.#parts.giveBack(batch, (this.#parts.writer.current.position.nextSeq ?? 1) - 1);
  }
}
