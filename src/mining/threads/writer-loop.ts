// The order of work in the writer's thread: it commits what waits in groups, tells main each commit, and in between
// reads statistics from the file, deletes old rows and publishes snapshots. It gets clock, timers and the sender from
// outside, and opens nothing.

import type { Timer } from '../../lib/timers.ts';
import { DeletionTime } from '../../store/deletion-time.ts';
import { FactCommits } from '../../store/fact-commits.ts';
import type { FactsMessage } from '../../store/fact-messages.ts';
import type { WriterHealth } from '../../store/writer-health.ts';
import type { FactLoop, FactLoopParts } from '../../workers/fact-writer-thread.ts';
import type { Fact } from '../domain/facts.ts';
import { PAIRS_MAX } from '../store/statistics-memory.ts';
import type { CommitReport, MiningWriter } from '../store/writer.ts';
import type { MiningTerms } from './messages.ts';

/** Time between two looks at what is due, in ms. */
const TURN_MS = 1_000;
/** A snapshot is published at most once in this many ms for every 2,000 pairs and machines. */
const SNAPSHOT_MS = 1_000;
const ROWS_PER_SNAPSHOT = 2_000;
/** A snapshot is published at least this often, in ms, because what is older than 24 hours leaves it. */
const SNAPSHOT_AGE_MS = 30_000;
/** Rest between two passes of retention, in ms. A row may stay for this much longer. */
const PRUNE_REST_MS = 600_000;

/** What a {@link WriterLoop} needs of its thread. */
export type WriterLoopParts = FactLoopParts<MiningWriter, MiningTerms>;

/** The work of the writer's thread. */
export class WriterLoop implements FactLoop<Fact> {
  readonly #parts: WriterLoopParts;
  readonly #commits: FactCommits<Fact, CommitReport>;
  readonly #deletion: DeletionTime;
  #turns: Timer | null = null;
  #isChanged = true;
  #snapshotAtMs = -Infinity;
  #snapshotRows = 0;
  #prunedAtMs = -Infinity;
  #isUnlistedTold = false;
  /** The next step of reading statistics. */
  #step: Timer | null = null;

  constructor(parts: WriterLoopParts) {
    this.#parts = parts;
    const { clock, writer } = parts;
    this.#deletion = new DeletionTime(writer.newestSampleMs, clock.nowMs(), clock.monotonicMs());
    const { send } = parts;
    this.#commits = new FactCommits<Fact, CommitReport>({
      ...parts,
      commit: (groups, isDurable) =>
        writer.commit(
          groups.map(({ facts, toldAtMs }) => ({ facts, observedMs: toldAtMs })),
          isDurable,
        ),
      committed: (sequence, reports) => {
        this.#isChanged = true;
        send({
          type: 'committed',
          sequence,
          report: { signs: reports.flatMap(({ signs }) => signs), gone: [] },
        });
      },
      log: (level, sentence) => send({ type: 'log', level, sentence: `database: ${sentence}` }),
      fatal: ({ code, message }) => send({ type: 'failed', code, sentence: message }),
    });
  }

  get health(): WriterHealth {
    return this.#commits.health;
  }

  /** Tells main what the file knows, and begins to read the statistics. */
  start(): Promise<void> {
    const { writer, send, timers } = this.#parts;
    const opened = writer.kept();
    // First, so that the first answer about statistics is not empty.
    this.#publishNow();
    send({ type: 'opened', opened });
    void this.#commits.start();
    this.#turns = timers.every(TURN_MS, () => this.#turn());
    this.#restoreSoon();
    return Promise.resolve();
  }

  /** Commits what waits, if that is possible soon. The caller closes the database. */
  stop(): Promise<void> {
    this.#turns?.cancel();
    this.#step?.cancel();
    return this.#commits.stop();
  }

  /** Takes facts of the main thread. */
  receive(message: FactsMessage<Fact>): void {
    this.#commits.receive(message);
  }

  #restoreSoon(waitMs = 0): void {
    this.#step = this.#parts.timers.after(waitMs, () => {
      const isOver = this.#commits.tryHousekeeping(() => this.#parts.writer.restoreStep());
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
        unstorableFacts: this.#commits.unstorable,
        unlistedPairs: writer.statistics.unlisted,
      },
    });
    // Commits of facts come first.
    if (this.#commits.isBusy) return;
    this.#commits.tryHousekeeping(() => writer.sample(nowMs));
    if (clock.monotonicMs() - this.#prunedAtMs >= PRUNE_REST_MS)
      this.#prune(this.#deletion.at(nowMs, clock.monotonicMs()));
  }

  #prune(deletionMs: number): void {
    const { writer, clock, send } = this.#parts;
    const gone: number[] = [];
    if (this.#commits.tryHousekeeping(() => writer.pruneStep(deletionMs, gone)) === true)
      this.#prunedAtMs = clock.monotonicMs();
    if (gone.length > 0) send({ type: 'committed', sequence: 0, report: { signs: [], gone } });
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
    this.#parts.send({ type: 'own', own: statistics });
    this.#tellUnlisted();
  }

  /** Says once that there are more pairs than the statistics list. */
  #tellUnlisted(): void {
    if (this.#isUnlistedTold || this.#parts.writer.statistics.unlisted === 0) return;
    this.#isUnlistedTold = true;
    const sentence = `statistics: more than ${PAIRS_MAX} pairs of account and machine submit; further ones are stored, and not listed`;
    this.#parts.send({ type: 'log', level: 'warn', sentence });
  }
}
