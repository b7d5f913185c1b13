// The order of work in the writer's thread: it tells main what the file knows, commits what waits in groups, and in
// between deletes old rows. It gets clock, timers and the sender from outside, and opens nothing.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Timer } from '../../lib/timers.ts';
import { DeletionTime } from '../../store/deletion-time.ts';
import { FactCommits } from '../../store/fact-commits.ts';
import type { FactsMessage } from '../../store/fact-messages.ts';
import type { WriterHealth } from '../../store/writer-health.ts';
import type { FactLoop, FactLoopParts } from '../../workers/fact-writer-thread.ts';
import type { Fact } from '../domain/facts.ts';
import type { CommitReport, TradesWriter } from '../store/writer.ts';
import type { TradesTerms } from './messages.ts';

/** Time between two looks at what is due, in ms. */
const TURN_MS = 1_000;
/** Rest between two passes of retention, in ms. A row may stay for this much longer. */
const PRUNE_REST_MS = 600_000;

/** What a {@link WriterLoop} needs of its thread. */
export type WriterLoopParts = FactLoopParts<TradesWriter, TradesTerms>;

/** The work of the writer's thread. */
export class WriterLoop implements FactLoop<Fact> {
  readonly #parts: WriterLoopParts;
  readonly #commits: FactCommits<Fact, CommitReport>;
  readonly #deletion: DeletionTime;
  #turns: Timer | null = null;
  #prunedAtMs = -Infinity;
  #isStopped = false;

  constructor(parts: WriterLoopParts) {
    const { send, writer, clock } = parts;
    this.#parts = parts;
    this.#deletion = new DeletionTime(writer.newestMs, clock.nowMs(), clock.monotonicMs());
    this.#commits = new FactCommits<Fact, CommitReport>({
      ...parts,
      commit: (groups, isDurable) => writer.commit(groups, isDurable),
      committed: (sequence, report) => send({ type: 'committed', sequence, report }),
      log: (level, sentence) => send({ type: 'log', level, sentence: `database: ${sentence}` }),
      fatal: ({ code, message }) => send({ type: 'failed', code, sentence: message }),
    });
  }

  get health(): WriterHealth {
    return this.#commits.health;
  }

  /** Tells main what the file knows. Main takes each page in a turn of its own. */
  async start(): Promise<void> {
    const { writer, send, timers, clock } = this.#parts;
    const opened = writer.kept(clock.nowMs());
    for (const page of writer.waitingPages()) {
      if (this.#isStopped) return;
      send({ type: 'own', own: page });
      await nextTurn();
    }
    send({ type: 'opened', opened });
    await this.#commits.start();
    this.#turns = timers.every(TURN_MS, () => this.#turn());
  }

  /** Commits what waits, if that is possible soon. The caller closes the database. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#turns?.cancel();
    return this.#commits.stop();
  }

  /** Takes facts of the main thread. */
  receive(message: FactsMessage<Fact>): void {
    this.#commits.receive(message);
  }

  #turn(): void {
    const { writer, clock, send } = this.#parts;
    send({
      type: 'status',
      status: { ...this.health.status(), unstorableFacts: this.#commits.unstorable },
    });
    // Commits of facts come first.
    if (this.#commits.isBusy || clock.monotonicMs() - this.#prunedAtMs < PRUNE_REST_MS) return;
    const deletionMs = this.#deletion.at(clock.nowMs(), clock.monotonicMs());
    if (this.#commits.tryHousekeeping(() => writer.pruneStep(deletionMs)) === true)
      this.#prunedAtMs = clock.monotonicMs();
  }
}
