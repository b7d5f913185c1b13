// The way of jobs from their trades to a stored, signed summary, in turn the oldest and the shortest: a few at a time
// are folded, and those that fail come again. It knows no state of a job: the desk hears how each one ends.

import { backoffMs } from '../../lib/backoff.ts';
import { Fifo } from '../../lib/fifo.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { Job, JobSummary } from './job.ts';
import type { JobDeskOptions, SealLineParts } from './job-desk-parts.ts';
import { codeOf, sealedFact, type Signed, SummaryMaker, type Unmade } from './summary-maker.ts';

/** Jobs that are folded or signed at once. */
export const SEALS_UNDER_WAY_MAX = 2;
/** Signed summaries that wait for the disk or for room in the outbox. At this number no further job is folded. */
export const UNSTORED_SUMMARIES_MAX = 64;
/** Bytes of the bodies of these summaries. At this size no further job is folded. */
export const UNSTORED_BYTES_MAX = 33_554_432;
/** Defects on the same trades after which no summary can be made of them. */
const SEAL_DEFECTS_MAX = 3;
/** Failures of any kind after which the trades of an expired job are given up. */
const EXPIRED_SEAL_FAILURES_MAX = 10;
const WAITS_FOR_ROOM = 'The outbox is full, because the backend does not take summaries.';
/** The waits between attempts. */
const RETRY = { leastMs: 1_000, mostMs: 30_000 };

/** How the sealing of a job ends. */
export interface SealLineEnds {
  /** The summary is on the disk, and is handed to the outbox next. */
  stored(job: Job, summary: JobSummary): void;
  /** No summary can be made. `job.waitsFor` says why. */
  unsealable(job: Job): void;
}

/** What went wrong with a job so far. */
interface Failures {
  all: number;
  defects: number;
}

/** The jobs that clients asked to be sealed and that are not stored yet: each job once, so `MAX_JOBS` bounds them. */
export class SealLine {
  readonly #parts: SealLineParts;
  readonly #ends: SealLineEnds;
  readonly #maker: SummaryMaker;
  /** Oldest first. */
  readonly #waiting = new Set<Job>();
  /** True if the shortest job comes next, and not the oldest. */
  #isTurnOfShortest = false;
  readonly #failures = new Map<Job, Failures>();
  /** Failed jobs, with the time on the monotonic clock at which they come to the end of the line. */
  readonly #later = new Map<Job, number>();
  /** Signed summaries that wait for room in the outbox, oldest first. */
  readonly #roomless = new Fifo<Signed>();
  #underWay = 0;
  #unstored = 0;
  #unstoredBytes = 0;
  /** Bytes of bodies that are being stored, for which the outbox needs room. */
  #storingBytes = 0;
  #size = 0;
  #isTroubled = false;
  #emptied: (() => void) | null = null;
  /** Failed attempts since the start that are made again. */
  retries = 0;
  /** Jobs since the start of whose trades no summary could be made. */
  unsealable = 0;

  constructor(options: JobDeskOptions, parts: SealLineParts, ends: SealLineEnds) {
    this.#parts = parts;
    this.#ends = ends;
    this.#maker = new SummaryMaker(options, parts);
  }

  /** Jobs that are not stored yet. */
  get size(): number {
    return this.#size;
  }

  /** Trades since the start. */
  get folded(): number {
    return this.#maker.folded;
  }

  /** How long summaries took that were made. */
  get sealSeconds(): HistogramSnapshot {
    return this.#maker.sealSeconds;
  }

  /** Takes a job whose trades were released. */
  add(job: Job): void {
    this.#size++;
    if (this.#roomless.peek() !== undefined) job.waitsFor = WAITS_FOR_ROOM;
    this.#waiting.add(job);
    this.#pump();
  }

  /** Takes up what waited for time or for room. */
  sweep(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [job, dueMs] of this.#later) {
      if (dueMs > nowMs) continue;
      this.#later.delete(job);
      this.#waiting.add(job);
    }
    this.roomChanged();
    this.#pump();
  }

  /** The outbox may have room again. */
  roomChanged(): void {
    for (;;) {
      const signed = this.#roomless.peek();
      if (signed === undefined || !this.#hasRoom(signed)) return;
      this.#roomless.shift();
      void this.#commit(signed);
    }
  }

  /** Resolves when every job is stored, or given up. */
  async emptied(): Promise<void> {
    if (this.#size > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }

  #pump(): void {
    while (
      this.#underWay < SEALS_UNDER_WAY_MAX &&
      this.#unstored < UNSTORED_SUMMARIES_MAX &&
      this.#unstoredBytes < UNSTORED_BYTES_MAX
    ) {
      const job = this.#next();
      if (job === null) return;
      void this.#seal(job);
    }
  }

  /** Long jobs of one client would hold up the short ones of all others, if they came in the order of the calls. */
  #next(): Job | null {
    let next: Job | null = null;
    for (const job of this.#waiting) {
      if (next === null || job.trades < next.trades) next = job;
      if (!this.#isTurnOfShortest) break;
    }
    if (next === null) return null;
    this.#isTurnOfShortest = !this.#isTurnOfShortest;
    this.#waiting.delete(next);
    return next;
  }

  async #seal(job: Job): Promise<void> {
    if (job.sealing === null) return;
    this.#underWay++;
    job.waitsFor = 'The summary is being made.';
    const made = await this.#maker.make(job, job.sealing);
    this.#underWay--;
    if ('waitsFor' in made) this.#failed(job, made);
    else this.#store(made);
    this.#pump();
  }

  #store(signed: Signed): void {
    const { job, bodyBytes } = signed;
    if (bodyBytes > this.#parts.outbox.counts.bytesMax) {
      this.#giveUp(job, 'The summary is longer than OUTBOX_MAX_MIB of the service allows.');
      return;
    }
    this.#unstored++;
    this.#unstoredBytes += bodyBytes;
    job.waitsFor = WAITS_FOR_ROOM;
    this.#roomless.push(signed);
    this.roomChanged();
  }

  #hasRoom({ bodyBytes }: Signed): boolean {
    return this.#parts.outbox.hasRoom(bodyBytes + this.#storingBytes);
  }

  async #commit(signed: Signed): Promise<void> {
    const { job, summary, bodyBytes } = signed;
    const waitsFor = 'The database does not take the summary yet.';
    const fact = sealedFact(signed, this.#parts.entryIds.take());
    job.waitsFor = waitsFor;
    this.#storingBytes += bodyBytes;
    const failure = await this.#parts.journal.commit([fact]).then(() => null, codeOf);
    this.#storingBytes -= bodyBytes;
    this.#unstored--;
    this.#unstoredBytes -= bodyBytes;
    if (failure === null) {
      const { id: entryId, digest, trades } = fact.entry;
      this.#ends.stored(job, { entryId, digest, trades, buckets: summary.buckets.length });
      this.#parts.outbox.add(fact.entry);
      this.#ended(job);
      this.#recovered();
    } else {
      this.#failed(job, { code: failure, isDefect: false, waitsFor });
    }
    this.#pump();
  }

  #failed(job: Job, { code, isDefect, waitsFor }: Unmade): void {
    const { clock, log } = this.#parts;
    const failures = this.#failures.get(job) ?? { all: 0, defects: 0 };
    this.#failures.set(job, failures);
    job.waitsFor = waitsFor;
    failures.all++;
    if (isDefect) failures.defects++;
    const isGivenUp = job.isClosed && failures.all >= EXPIRED_SEAL_FAILURES_MAX;
    if (failures.defects >= SEAL_DEFECTS_MAX || isGivenUp) {
      this.#giveUp(job, 'No summary can be made of these trades. Open another job.');
      return;
    }
    this.retries++;
    this.#later.set(job, clock.monotonicMs() + backoffMs(RETRY, failures.all - 1, 0));
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    log.warn('jobs: a summary could not be made or stored; it is tried again until it can be', { code });
  }

  #recovered(): void {
    if (this.#isTroubled) this.#parts.log.info('jobs: summaries are made and stored again');
    this.#isTroubled = false;
  }

  #giveUp(job: Job, why: string): void {
    job.waitsFor = why;
    job.isUnsealable = true;
    // A client can cause it, so the log tells only the first one.
    if (this.unsealable === 0) {
      this.#parts.log.warn(
        'jobs: no summary can be made of the trades of a job: it is longer than OUTBOX_MAX_MIB, a sum is too great for a number, or the program has a defect; further ones are only counted',
      );
    }
    this.unsealable++;
    this.#ends.unsealable(job);
    this.#ended(job);
  }

  #ended(job: Job): void {
    this.#failures.delete(job);
    this.#size--;
    if (this.#size === 0) this.#emptied?.();
  }
}
