// Brings one batch to the disk: merges it, commits it as a whole, or in parts if that fails
// (docs/federation.md#quarantine), and returns its memory to the source thread. It does not decide when to commit or to
// retry (src/store/committer.ts), and does not report why a commit failed (src/store/writer-health.ts).

import type { Clock } from '../../lib/clock.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { DatabaseFiles } from '../../store/database-files.ts';
import { refusalOf } from '../../store/refusal.ts';
import { Salvage } from '../../store/salvage.ts';
import { SUBJECTS } from '../domain/vocabulary.ts';
import { type Batch, type BatchMessage, readBatch } from '../sources/batch.ts';
import type { Door } from './door.ts';

/** The parts of the writer that a batch needs. */
export interface BatchWriter {
  /** True if merging failed: the memory is incomplete and must be reverted. */
  readonly isSpoilt: boolean;
  readonly current: {
    readonly readUpTo: number;
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

/** The result of one transaction. */
export interface Commit {
  /** Nodes heard in the transaction. */
  readonly signs: readonly NodeSign[];
  readonly seconds: number;
  /** Number of messages of the batch in the transaction: the first ones not committed yet; all of them if absent. */
  readonly messages: number | undefined;
}

/** The initial observed clock, and a pause of the housekeeping. */
export interface BatchCommitOptions {
  /** The observed clock of the last commit. */
  readonly observedMs: number;
  /**
   * Pause, in ms, of retention and thinning after a batch that failed without a cause in the environment, because they
   * may be the cause.
   */
  readonly housekeepingRestMs: number;
}

/** What a {@link BatchCommit} needs of the ingest thread. */
export interface BatchCommitParts {
  readonly writer: BatchWriter;
  readonly door: Pick<Door, 'isMessage' | 'mark' | 'enter' | 'admit' | 'setAside' | 'committed' | 'forget'>;
  readonly files: Pick<DatabaseFiles, 'check' | 'written'>;
  readonly clock: Clock;
  /** Hooks for tests: called before each commit, and before each message if not null. */
  beforeCommit(): void;
  readonly beforeMessage: (() => void) | null;
  /** Called when a transaction is on disk. */
  committed(commit: Commit): void;
  /** Called when the whole batch is on disk, and with it all sequences up to `seq`. */
  giveBack(batch: Batch, seq: number): void;
  /** Called when messages could not be stored; the sentence gives their number and the reason. */
  lost(sentence: string): void;
}

/** Merges and commits one batch at a time. */
export class BatchCommit {
  /** The observed clock of the last message merged, or a later reading. */
  observedMs: number;
  /** The observed clock of the last commit: of nodes that were heard later, main knows no sign of life yet. */
  committedObservedMs: number;
  readonly #parts: BatchCommitParts;
  readonly #housekeepingRestMs: number;
  /** The merged batch; it is given back after the next commit. */
  #merged: Batch | null = null;
  /** Number of its entries that were merged, or begun. */
  #entered = 0;
  /** Which of them are no messages. */
  readonly #marks = new Set<number>();
  /** Stores in parts a batch that failed without a cause in the environment, or that could not be merged. */
  #salvage: Salvage | null = null;
  #housekeepFromMs = -Infinity;

  constructor({ observedMs, housekeepingRestMs }: BatchCommitOptions, parts: BatchCommitParts) {
    this.observedMs = observedMs;
    this.committedObservedMs = observedMs;
    this.#housekeepingRestMs = housekeepingRestMs;
    this.#parts = parts;
  }

  /** True if a message, or another waiting change, cannot even be quarantined. */
  get isStuck(): boolean {
    return this.#salvage?.isStuck === true;
  }

  /** True while a batch is stored in parts and each step makes progress. */
  get isMovingOn(): boolean {
    return this.#salvage !== null && !this.#salvage.isStuck;
  }

  /** Merges every message of the batch. If it throws, the writer is spoilt. */
  merge(batch: Batch): void {
    const { clock, door, beforeMessage } = this.#parts;
    const nowMs = clock.nowMs();
    this.#entered = 0;
    this.#marks.clear();
    try {
      readBatch(batch, (entry) => {
        if (beforeMessage !== null) beforeMessage();
        this.observedMs = entry.observedMs;
        const at = this.#entered++;
        if (door.isMessage(entry)) {
          door.enter(entry, nowMs);
          return;
        }
        this.#marks.add(at);
        door.mark(entry);
      });
    } finally {
      this.#merged = batch;
    }
  }

  /**
   * Commits the merged batch, or the next part of it; returns true if parts are left. Throws the error that prevents
   * the commit.
   */
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
    this.committedObservedMs = this.observedMs;
    files.written();
    door.committed();
    committed({ signs, seconds: (clock.monotonicMs() - startedMs) / 1000, messages });
  }

  /**
   * The merged batch failed with this error. The salvage merges it again from the batch, which still holds every
   * message.
   */
  #beginSalvage(error: unknown): Salvage {
    const { writer, clock, door } = this.#parts;
    const entries: BatchMessage[] = [];
    if (this.#merged !== null) readBatch(this.#merged, (entry) => entries.push(entry));
    const nowMs = clock.nowMs();
    // Messages that were not reached are received when they are merged for the first time: only then is it known
    // whether their round is passed over.
    let entered = this.#entered;
    let committed = 0;
    const isReceived = entries.map((_entry, at) => at < entered && !this.#marks.has(at));
    const entryAt = (at: number): BatchMessage => {
      const entry = entries[at];
      if (entry === undefined) throw new RangeError('no such message in the batch');
      this.observedMs = entry.observedMs;
      return entry;
    };
    return new Salvage(entries.length, error, {
      revert: () => {
        writer.revert();
        door.forget();
        this.observedMs = this.committedObservedMs;
      },
      dropFacts: () => writer.dropFacts(),
      merge(at) {
        const entry = entryAt(at);
        const isFirst = at >= entered;
        entered = Math.max(entered, at + 1);
        if (!door.isMessage(entry)) door.mark(entry);
        else if (!isFirst) door.admit(entry, nowMs);
        else {
          isReceived[at] = true;
          door.enter(entry, nowMs);
        }
      },
      setAside(at, code) {
        const entry = entryAt(at);
        if (!door.isMessage(entry)) {
          door.mark(entry);
          return;
        }
        const { seq, subject, atMs } = entry;
        if (door.setAside(entry) === 'replayed') return;
        writer.current.quarantine({ seq, subject: SUBJECTS[subject] ?? 'other', code, atMs });
      },
      commit: (count) => {
        this.#commitMerged(isReceived.slice(committed, committed + count).filter(Boolean).length);
        committed += count;
      },
    });
  }

  #giveBack(): void {
    const batch = this.#merged;
    this.#merged = null;
    if (batch !== null) this.#parts.giveBack(batch, this.#parts.writer.current.readUpTo);
  }
}
