// The order of work in the writer's thread: it commits what waits in groups, tells main each commit, and in between
// reads statistics from the file, deletes old rows and publishes snapshots. It gets clock, timers and the sender from
// outside, and opens nothing.

import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import type { NodeSign } from '../../lifecycle/node-state.ts';
import { Committer } from '../../store/committer.ts';
import type { DatabaseFiles } from '../../store/database-files.ts';
import type { Disk } from '../../store/free-space.ts';
import { codeOf, refusalOf } from '../../store/refusal.ts';
import { WriterHealth } from '../../store/writer-health.ts';
import { DeletionTime } from '../domain/deletion-time.ts';
import { PAIRS_MAX } from '../store/statistics-memory.ts';
import type { FactGroup, MiningWriter } from '../store/writer.ts';
import type { FactsMessage, WriterSeams, WriterToMain } from './messages.ts';

/** Facts of one transaction, unless one message has more. */
export const GROUP_FACTS_MAX = 5_000;
/** Maximum wait, in ms, before facts that nobody waits for are committed. */
const NOTED_MS = 200;
/** Wait before a failed commit is repeated, in ms: miners wait for their answers. */
const RETRY_MS = 200;
/** Time between two looks at what is due, in ms. */
const TURN_MS = 1_000;
/** A snapshot is published at most once in this many ms for every 2,000 pairs and machines. */
const SNAPSHOT_MS = 1_000;
const ROWS_PER_SNAPSHOT = 2_000;
/** A snapshot is published at least this often, in ms, because what is older than 24 hours leaves it. */
const SNAPSHOT_AGE_MS = 30_000;
/** Rest between two passes of retention, in ms. A row may stay for this much longer. */
const PRUNE_REST_MS = 600_000;
/** A stop tries for this long, in ms, to commit what waits. */
const STOP_COMMIT_MS = 1_000;
const SQLITE_PAGES = 4_294_967_294;

/** What a {@link WriterLoop} needs of its thread. */
export interface WriterLoopParts {
  /** The path of the database. */
  readonly path: string;
  readonly writer: MiningWriter;
  readonly files: DatabaseFiles;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly seams: WriterSeams;
  /** Sets SQLite's max_page_count; used by the seams. */
  limitPages(pages: number): void;
  /** Sends a message to the main thread. */
  send(message: WriterToMain): void;
}

/** The work of the writer's thread. */
export class WriterLoop implements Part {
  readonly health: WriterHealth;
  readonly #parts: WriterLoopParts;
  readonly #committer: Committer;
  readonly #deletion: DeletionTime;
  #waiting: FactsMessage[] = [];
  #unstorable = 0;
  #turns: Timer | null = null;
  #isChanged = true;
  #snapshotAtMs = -Infinity;
  #snapshotRows = 0;
  #prunedAtMs = -Infinity;
  #isStopped = false;
  #isFlushDue = false;
  #isUnlistedTold = false;
  #isDefectTold = false;
  /** The next step of reading statistics. */
  #step: Timer | null = null;

  constructor(parts: WriterLoopParts) {
    this.#parts = parts;
    const { clock, writer } = parts;
    this.#deletion = new DeletionTime(writer.newestSampleMs, clock.nowMs(), clock.monotonicMs());
    const { path, files, disk, timers, send } = parts;
    const log = (level: 'info' | 'error', sentence: string) =>
      send({ type: 'log', level, sentence: `database: ${sentence}` });
    this.health = new WriterHealth(path, {
      files,
      disk,
      timers,
      words: { item: 'fact', pause: 'what happens waits in memory', resumes: 'this warning ends' },
      log,
      fatal: ({ code, message }) => send({ type: 'failed', code, sentence: message }),
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

  /** Tells main what the file knows, and begins to read the statistics. */
  start(): Promise<void> {
    const { writer, send, timers } = this.#parts;
    const { informations, ...kept } = writer.kept();
    // First, so that the first answer about statistics is not empty.
    this.#publishNow();
    send({ type: 'opened', ...kept, informations });
    void this.health.start();
    this.#turns = timers.every(TURN_MS, () => this.#turn());
    this.#restoreSoon();
    return Promise.resolve();
  }

  /** Commits what waits, if that is possible soon. The caller closes the database. */
  stop(): Promise<void> {
    const { clock } = this.#parts;
    this.#isStopped = true;
    this.#turns?.cancel();
    this.#step?.cancel();
    void this.health.stop();
    const deadlineMs = clock.monotonicMs() + STOP_COMMIT_MS;
    while (this.#waiting.length > 0 && !this.health.isFatal && clock.monotonicMs() < deadlineMs)
      this.#committer.flush();
    this.#committer.stop();
    return Promise.resolve();
  }

  /** Takes facts of the main thread. */
  receive(message: FactsMessage): void {
    this.#waiting.push(message);
    // While commits fail the committer repeats them by itself.
    if (this.#committer.isFailing) return;
    // What else has arrived meanwhile goes into the same commit.
    if (message.isAwaited) this.#flushSoon();
    else this.#committer.soon();
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
    const { writer, files, seams, limitPages, send } = this.#parts;
    if (seams.pagesMax !== undefined) limitPages(seams.pagesMax[0] || SQLITE_PAGES);
    files.check();
    const isDurable = messages.some(({ isAwaited }) => isAwaited);
    let signs: readonly NodeSign[];
    try {
      ({ signs } = writer.commit(messages, isDurable));
    } catch (error) {
      if (refusalOf(error) !== null) throw error;
      signs = this.#commitSingly(messages, isDurable);
    }
    files.written();
    this.#waiting.splice(0, messages.length);
    this.#isChanged = true;
    send({ type: 'committed', sequence: last.sequence, signs, gone: [] });
    return this.#waiting.length > 0;
  }

  #nextGroup(): readonly FactsMessage[] {
    let facts = 0;
    const end = this.#waiting.findIndex((message) => (facts += message.facts.length) > GROUP_FACTS_MAX);
    return this.#waiting.slice(0, end < 0 ? this.#waiting.length : Math.max(1, end));
  }

  /**
   * One of the facts cannot be stored, because of its own values: each is stored alone, and that one is counted and
   * left out. If the environment refuses meanwhile, the facts stored so far are stored again later, which changes
   * nothing but counts.
   */
  #commitSingly(messages: readonly FactGroup[], isDurable: boolean): NodeSign[] {
    const { writer, send } = this.#parts;
    const signs: NodeSign[] = [];
    for (const { facts, observedMs } of messages) {
      for (const fact of facts) {
        try {
          signs.push(...writer.commit([{ facts: [fact], observedMs }], isDurable).signs);
        } catch (error) {
          if (refusalOf(error) !== null) throw error;
          this.#unstorable++;
          const what = `a fact of the kind "${fact.type}" cannot be stored (${codeOf(error)})`;
          const sentence = `database: ${what}: this is a defect of the aggregator; please report it`;
          if (this.#unstorable === 1) send({ type: 'log', level: 'error', sentence });
        }
      }
    }
    return signs;
  }

  #restoreSoon(waitMs = 0): void {
    this.#step = this.#parts.timers.after(waitMs, () => {
      const isOver = this.#try(() => this.#parts.writer.restoreStep());
      if (isOver !== true) this.#restoreSoon(isOver === null ? TURN_MS : 0);
      else {
        this.#step = null;
        this.#publishNow();
      }
    });
  }

  #turn(): void {
    const { writer, clock, send } = this.#parts;
    const nowMs = clock.nowMs();
    this.#publish(nowMs, clock.monotonicMs());
    send({
      type: 'status',
      status: {
        ...this.health.status(),
        unstorableFacts: this.#unstorable,
        unlistedPairs: writer.statistics.unlisted,
      },
    });
    // Commits of facts come first.
    if (this.#committer.isFailing || this.health.isFatal) return;
    this.#try(() => writer.sample(nowMs));
    if (clock.monotonicMs() - this.#prunedAtMs >= PRUNE_REST_MS)
      this.#prune(this.#deletion.at(nowMs, clock.monotonicMs()));
  }

  #prune(deletionMs: number): void {
    const { writer, clock, send } = this.#parts;
    const gone: number[] = [];
    if (this.#try(() => writer.pruneStep(deletionMs, gone)) === true) this.#prunedAtMs = clock.monotonicMs();
    if (gone.length > 0) send({ type: 'committed', sequence: 0, signs: [], gone });
  }

  #publishNow(): void {
    const { clock } = this.#parts;
    this.#isChanged = true;
    this.#snapshotAtMs = -Infinity;
    this.#publish(clock.nowMs(), clock.monotonicMs());
  }

  #publish(nowMs: number, monotonicMs: number): void {
    const age = monotonicMs - this.#snapshotAtMs;
    const restMs = SNAPSHOT_MS * Math.max(1, this.#snapshotRows / ROWS_PER_SNAPSHOT);
    if (this.#isChanged ? age < restMs * 0.9 : age < SNAPSHOT_AGE_MS) return;
    const statistics = this.#parts.writer.statistics.snapshot(nowMs);
    this.#snapshotRows = statistics.pairs.length + statistics.machines.length;
    this.#snapshotAtMs = monotonicMs;
    this.#isChanged = !statistics.isComplete;
    this.#parts.send({ type: 'statistics', statistics });
    this.#tellUnlisted();
  }

  /** Says once that there are more pairs than the statistics list. */
  #tellUnlisted(): void {
    if (this.#isUnlistedTold || this.#parts.writer.statistics.unlisted === 0) return;
    this.#isUnlistedTold = true;
    const sentence = `statistics: more than ${PAIRS_MAX} pairs of account and machine submit; further ones are stored, and not listed`;
    this.#parts.send({ type: 'log', level: 'warn', sentence });
  }

  /**
   * Runs work that can wait and is repeated; null if it failed. A refusal of the environment shows with the next commit;
   * a defect is told once, and stops no commit.
   */
  #try<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (refusalOf(error) === null && !this.#isDefectTold) {
        this.#isDefectTold = true;
        const sentence = `database: housekeeping failed (${codeOf(error)}): this is a defect of the aggregator; please report it`;
        this.#parts.send({ type: 'log', level: 'error', sentence });
      }
      return null;
    }
  }
}
