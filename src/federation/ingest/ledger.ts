// Counts the outcome of every message. A message is in flight until its batch is committed, and only then does its
// outcome count, so that at any moment received = the sum of the outcomes + in flight.

import { COMMIT_BOUNDS_SECONDS, PUBLISH_TO_COMMIT_BOUNDS_SECONDS } from '../domain/accounting.ts';
import { type IngestAccounts, OUTCOMES, type Outcome } from '../domain/accounting.ts';
import {
  LABEL_DIMENSIONS,
  type LabelDimension,
  REJECT_REASONS,
  type RejectReason,
} from '../domain/vocabulary.ts';
import { Histogram } from '../../lib/histogram.ts';
import { NO_SUBJECT } from '../sources/input-subjects.ts';

type Tally<Word extends string> = Record<Word, number[]>;

/** The counts of the ingest thread since its start. */
export class Ledger {
  readonly #received = cells();
  readonly #outcomes = tally(OUTCOMES);
  readonly #rejected = tally(REJECT_REASONS);
  readonly #batchOutcomes = tally(OUTCOMES);
  readonly #batchRejected = tally(REJECT_REASONS);
  readonly #batchTimesMs: number[] = [];
  readonly #publishToCommit = new Histogram(PUBLISH_TO_COMMIT_BOUNDS_SECONDS);
  readonly #commit = new Histogram(COMMIT_BOUNDS_SECONDS);
  #futureTimes = 0;
  #batchNewestMs = 0;

  /** Number of messages whose outcome waits for the commit. */
  get inFlight(): number {
    return this.#batchTimesMs.length;
  }

  /** Age of the oldest message in flight, in ms; 0 if there is none. */
  waitingMs(nowMs: number): number {
    const [oldestMs = nowMs] = this.#batchTimesMs;
    return Math.max(0, nowMs - oldestMs);
  }

  /**
   * Counts a message with event time `atMs` on the subject with this index; `isFuture` if its time is far ahead of this
   * machine's clock.
   */
  receive(subject: number, atMs: number, isFuture: boolean): void {
    bump(this.#received, subject);
    this.#batchTimesMs.push(atMs);
    if (atMs > this.#batchNewestMs) this.#batchNewestMs = atMs;
    if (isFuture) this.#futureTimes++;
  }

  /** Counts `count` messages on this subject that the source thread dropped. */
  shed(subject: number, count: number): void {
    this.#received[subject] = (this.#received[subject] ?? 0) + count;
    this.#outcomes.shed[subject] = (this.#outcomes.shed[subject] ?? 0) + count;
  }

  outcome(subject: number, outcome: Outcome): void {
    bump(this.#batchOutcomes[outcome], subject);
  }

  reject(subject: number, reason: RejectReason): void {
    bump(this.#batchRejected[reason], subject);
    bump(this.#batchOutcomes.rejected, subject);
  }

  /** Discards the outcomes of the batch: its messages remain in flight and will be judged again. */
  forget(): void {
    clear(this.#batchOutcomes);
    clear(this.#batchRejected);
  }

  /**
   * Counts the outcomes of a committed batch, or of its first `messages` messages. Returns the age of the newest
   * message in ms, 0 if there was none.
   */
  committed(nowMs: number, commitSeconds: number, messages = this.#batchTimesMs.length): number {
    settle(this.#batchOutcomes, this.#outcomes);
    settle(this.#batchRejected, this.#rejected);
    this.#commit.observe(commitSeconds);
    if (messages < this.#batchTimesMs.length) {
      const times = this.#batchTimesMs.splice(0, messages);
      for (const atMs of times) this.#publishToCommit.observe(Math.max(0, nowMs - atMs) / 1000);
      return Math.max(0, nowMs - (times.at(-1) ?? nowMs));
    }
    for (const atMs of this.#batchTimesMs) this.#publishToCommit.observe(Math.max(0, nowMs - atMs) / 1000);
    const lagMs = this.#batchTimesMs.length === 0 ? 0 : Math.max(0, nowMs - this.#batchNewestMs);
    this.#batchTimesMs.length = 0;
    this.#batchNewestMs = 0;
    return lagMs;
  }

  /**
   * Returns all counts at this moment; the caller provides `lost`, unknown labels and disagreements, which other parts
   * count.
   */
  snapshot(found: {
    readonly lost: number;
    readonly disagreements: number;
    readonly unknownLabels: readonly number[];
  }): IngestAccounts {
    const unknownLabels = {} as Record<LabelDimension, number>;
    LABEL_DIMENSIONS.forEach((dimension, index) => {
      unknownLabels[dimension] = found.unknownLabels[index] ?? 0;
    });
    return {
      received: [...this.#received],
      outcomes: copy(this.#outcomes),
      rejected: copy(this.#rejected),
      inFlight: this.inFlight,
      lost: found.lost,
      unknownLabels,
      disagreements: found.disagreements,
      futureTimes: this.#futureTimes,
      publishToCommit: this.#publishToCommit.snapshot(),
      commit: this.#commit.snapshot(),
    };
  }
}

function cells(): number[] {
  return Array.from({ length: NO_SUBJECT + 1 }, () => 0);
}

function tally<Word extends string>(words: readonly Word[]): Tally<Word> {
  return Object.fromEntries(words.map((word) => [word, cells()])) as Tally<Word>;
}

function bump(counts: number[], index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

function settle<Word extends string>(batch: Tally<Word>, totals: Tally<Word>): void {
  for (const word of Object.keys(batch) as Word[]) {
    const counts = batch[word];
    counts.forEach((count, index) => {
      if (count === 0) return;
      totals[word][index] = (totals[word][index] ?? 0) + count;
      counts[index] = 0;
    });
  }
}

function clear<Word extends string>(batch: Tally<Word>): void {
  for (const word of Object.keys(batch) as Word[]) batch[word].fill(0);
}

function copy<Word extends string>(counts: Tally<Word>): Tally<Word> {
  const copied = {} as Tally<Word>;
  for (const word of Object.keys(counts) as Word[]) copied[word] = counts[word].slice();
  return copied;
}
