// Commits facts in a writer's thread: in groups, again after a refusal of the environment, and one by one if a fact
// cannot be stored. It also guards the thread's housekeeping. It opens nothing, and gets clock and timers from outside.

import type { Clock } from '../lib/clock.ts';
import type { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';
import type { Timers } from '../lib/timers.ts';
import { Committer } from './committer.ts';
import type { Database } from './database.ts';
import type { DatabaseFiles } from './database-files.ts';
import type { AnyFact, FactGroup, FactsMessage, WriterSeams } from './fact-messages.ts';
import type { Disk } from './free-space.ts';
import { codeOf, refusalOf } from './refusal.ts';
import { WriterHealth } from './writer-health.ts';

/** Facts of one transaction, unless one message has more. */
export const GROUP_FACTS_MAX = 5_000;
/** Maximum wait, in ms, before facts that nobody waits for are committed. */
const NOTED_MS = 200;
/** Wait before a failed commit is repeated, in ms: clients wait for their answers. */
const RETRY_MS = 200;
/** A stop tries for this long, in ms, to commit what waits. */
const STOP_COMMIT_MS = 1_000;
const SQLITE_PAGES = 4_294_967_294;

/** What {@link FactCommits} needs of its thread. */
export interface FactCommitsParts<Fact, Report> {
  /** The path of the database. */
  readonly path: string;
  readonly database: Pick<Database, 'pragma'>;
  readonly files: Pick<DatabaseFiles, 'check' | 'written' | 'suspect'>;
  readonly disk: Disk;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  readonly seams: WriterSeams;
  /**
   * Stores groups in one transaction; `isDurable`: they are on the disk afterwards. If it throws, nothing has changed.
   */
  commit(groups: readonly FactGroup<Fact>[], isDurable: boolean): Report;
  /** Every message up to `sequence` is stored. There are several reports if its facts were stored one by one. */
  committed(sequence: number, reports: readonly Report[]): void;
  log(level: 'info' | 'error', sentence: string): void;
  /** Called once, when the writer can never store anything in these files again. */
  fatal(error: CodedError): void;
}

/** The commits of one writer. */
export class FactCommits<Fact extends AnyFact, Report> implements Part {
  readonly health: WriterHealth;
  /** Facts that could not be stored because of their own values. */
  unstorable = 0;
  readonly #parts: FactCommitsParts<Fact, Report>;
  readonly #committer: Committer;
  #waiting: FactsMessage<Fact>[] = [];
  /** Reports of facts that were stored one by one before the environment refused; told with the next commit. */
  #untold: readonly Report[] = [];
  #isStopped = false;
  #isFlushDue = false;
  #isDefectTold = false;

  constructor(parts: FactCommitsParts<Fact, Report>) {
    this.#parts = parts;
    const { path, files, disk, timers } = parts;
    this.health = new WriterHealth(path, {
      files,
      disk,
      timers,
      words: { item: 'fact', pause: 'what happens waits in memory', resumes: 'this warning ends' },
      log: (level, sentence) => parts.log(level, sentence),
      fatal: (error) => parts.fatal(error),
      roomChanged: () => undefined,
    });
    this.#committer = new Committer(
      { timeMaxMs: NOTED_MS, retryMs: RETRY_MS },
      {
        commit: () => this.#commit(),
        failed: (error) => this.health.failed(error, false),
        recovered: () => this.health.recovered(),
      },
      timers,
    );
  }

  /** True while commits are repeated, or can never work again: housekeeping has to wait. */
  get isBusy(): boolean {
    return this.#committer.isFailing || this.health.isFatal;
  }

  /** Begins to watch the disk. */
  start(): Promise<void> {
    return this.health.start();
  }

  /** Commits what waits, if that is possible soon. The caller closes the database. */
  stop(): Promise<void> {
    const { clock } = this.#parts;
    this.#isStopped = true;
    const deadlineMs = clock.monotonicMs() + STOP_COMMIT_MS;
    while (this.#waiting.length > 0 && !this.health.isFatal && clock.monotonicMs() < deadlineMs)
      this.#committer.flush();
    this.#committer.stop();
    return this.health.stop();
  }

  /** Takes facts of the main thread. */
  receive(message: FactsMessage<Fact>): void {
    this.#waiting.push(message);
    // While commits fail the committer repeats them by itself.
    if (this.#committer.isFailing) return;
    // What else has arrived meanwhile goes into the same commit.
    if (message.isAwaited) this.#flushSoon();
    else this.#committer.soon();
  }

  /**
   * Runs work that can wait and is repeated; null if it failed. A refusal of the environment shows with the next commit;
   * a defect is told once, and stops no commit.
   */
  tryHousekeeping<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (refusalOf(error) === null && !this.#isDefectTold) {
        this.#isDefectTold = true;
        this.#tellDefect(`housekeeping failed (${codeOf(error)})`);
      }
      return null;
    }
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (!this.#isStopped && !this.#committer.isFailing) this.#committer.flush();
    });
  }

  /** Commits the oldest facts that wait; true if more wait. Throws the environment's refusal. */
  #commit(): boolean {
    const messages = this.#nextGroup();
    const last = messages.at(-1);
    if (last === undefined || this.health.isFatal) return false;
    const { files, seams, database, commit, committed } = this.#parts;
    if (seams.pagesMax !== undefined)
      database.pragma(`max_page_count = ${seams.pagesMax[0] || SQLITE_PAGES}`);
    files.check();
    const isDurable = messages.some(({ isAwaited }) => isAwaited);
    let reports: readonly Report[];
    try {
      reports = [commit(messages, isDurable)];
      this.#waiting.splice(0, messages.length);
    } catch (error) {
      if (refusalOf(error) !== null) throw error;
      reports = this.#commitSingly(messages.length, isDurable);
    }
    files.written();
    const untold = this.#untold;
    this.#untold = [];
    committed(last.sequence, [...untold, ...reports]);
    return this.#waiting.length > 0;
  }

  #nextGroup(): readonly FactsMessage<Fact>[] {
    let facts = 0;
    const end = this.#waiting.findIndex((message) => (facts += message.facts.length) > GROUP_FACTS_MAX);
    return this.#waiting.slice(0, end < 0 ? this.#waiting.length : Math.max(1, end));
  }

  /**
   * One of the facts cannot be stored, because of its own values: each is stored alone, and that one is counted and
   * left out. If the environment refuses meanwhile, those that are still to be stored go on waiting.
   */
  #commitSingly(messages: number, isDurable: boolean): readonly Report[] {
    const reports: Report[] = [];
    for (let left = messages; left > 0; left--) {
      const message = this.#waiting[0];
      if (message === undefined) break;
      const { facts, toldAtMs } = message;
      for (const [index, fact] of facts.entries()) {
        try {
          reports.push(this.#parts.commit([{ facts: [fact], toldAtMs }], isDurable));
        } catch (error) {
          if (refusalOf(error) !== null) {
            this.#waiting[0] = { ...message, facts: facts.slice(index) };
            this.#untold = [...this.#untold, ...reports];
            throw error;
          }
          this.unstorable++;
          if (this.unstorable === 1)
            this.#tellDefect(`a fact of the kind "${fact.type}" cannot be stored (${codeOf(error)})`);
        }
      }
      this.#waiting.shift();
    }
    return reports;
  }

  #tellDefect(what: string): void {
    this.#parts.log('error', `${what}: this is a defect of the aggregator; please report it`);
  }
}
