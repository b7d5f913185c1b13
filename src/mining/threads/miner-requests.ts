// Connects the door to the desk and the upstreams, and measures: who was heard, how informations were answered, how long
// checks took. It decides nothing.

import type { Clock } from '../../lib/clock.ts';
import { Histogram, type HistogramSnapshot } from '../../lib/histogram.ts';
import type { SubmitAnswer } from '../domain/answer.ts';
import type { Fact } from '../domain/facts.ts';
import type { ProofChecker } from '../domain/proof-check.ts';
import type { Peer, Submission } from '../domain/submission.ts';
import { CHECK_BOUNDS_SECONDS, type InformationAnswer } from '../domain/view.ts';
import type { Desk } from '../ingest/desk.ts';
import { Machines } from '../ingest/machines.ts';
import type { UpstreamSet } from '../sinks/upstream-set.ts';

/** Shortest and longest time between two reports of who was heard; in between, 1 ms for each machine. */
const REPORT_MIN_MS = 2_000;
const REPORT_MAX_MS = 10_000;

/** What answers, once the program has started. */
export interface Answering {
  readonly desk: Pick<Desk, 'submit'>;
  readonly set: Pick<UpstreamSet, 'fresh' | 'answer'>;
}

/**
 * Time between two reports of who was heard. A report of ten thousand machines is much work for two threads, and a
 * machine is stale only after a minute, so with many machines reports are rarer.
 */
export function reportIntervalMs(machines: number): number {
  return Math.min(Math.max(REPORT_MIN_MS, machines), REPORT_MAX_MS);
}

/** The requests of miners, on their way to the parts that answer. */
export class MinerRequests {
  /** Questions for the information, by how they were answered. */
  readonly informationAnswers: Record<InformationAnswer, number> = { fresh: 0, old: 0, none: 0 };
  readonly #clock: Clock;
  readonly #machines = new Machines();
  readonly #checkSeconds = new Histogram(CHECK_BOUNDS_SECONDS);
  /** Checks that have no outcome yet, oldest first, with the moment of the question. */
  readonly #checks = new Set<{ readonly startedMs: number }>();
  #answering: Answering | null = null;
  #reportDueMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on requests are answered. Called before the door opens. */
  connect(answering: Answering): void {
    this.#answering = answering;
  }

  /** The JSON text of the information; null if there is none. */
  information(): string | null | Promise<string | null> {
    const fresh = this.#answering?.set.fresh() ?? null;
    if (fresh === null) return this.#waitForInformation();
    this.informationAnswers.fresh++;
    return fresh.text;
  }

  async submit(submission: Submission, peer: Peer): Promise<SubmitAnswer> {
    if (this.#answering === null) return { type: 'none' };
    return this.#answering.desk.submit(submission, peer);
  }

  /** A machine polled or submitted. Returns the peer as which the request counts. */
  seen(peer: Peer): Peer {
    return this.#machines.seen(peer, this.#clock.monotonicMs());
  }

  /** True if a machine was heard lately. */
  isAnyActive(): boolean {
    return this.#machines.isAnyActive(this.#clock.monotonicMs());
  }

  /** True if the journal should be told again who was heard. */
  isReportDue(): boolean {
    return this.#clock.monotonicMs() >= this.#reportDueMs;
  }

  /** The machines that were heard since the last call. */
  takeSeen(): readonly Fact[] {
    const nowMs = this.#clock.monotonicMs();
    this.#reportDueMs = nowMs + reportIntervalMs(this.#machines.counts.known);
    return this.#machines.take(this.#clock.nowMs(), nowMs);
  }

  /** The checker, with the time of each check measured. */
  timing(checker: ProofChecker): ProofChecker {
    return {
      check: async (claim, origin) => {
        const asked = { startedMs: this.#clock.monotonicMs() };
        this.#checks.add(asked);
        const outcome = await checker.check(claim, origin);
        this.#checks.delete(asked);
        this.#checkSeconds.observe((this.#clock.monotonicMs() - asked.startedMs) / 1000);
        return outcome;
      },
      withdraw: (claim, origin) => checker.withdraw(claim, origin),
      isOverBudget: (address) => checker.isOverBudget(address),
      keepBlocks: (blockHashes) => checker.keepBlocks(blockHashes),
    };
  }

  /** From the question for a check to its outcome. */
  get checkSeconds(): HistogramSnapshot {
    return this.#checkSeconds.snapshot();
  }

  /** Age of the check that waits longest for its outcome; 0 if none waits. */
  get oldestCheckMs(): number {
    const [oldest] = this.#checks;
    return oldest === undefined ? 0 : this.#clock.monotonicMs() - oldest.startedMs;
  }

  async #waitForInformation(): Promise<string | null> {
    const information = (await this.#answering?.set.answer()) ?? null;
    const isFresh = this.#answering?.set.fresh() != null;
    this.informationAnswers[information === null ? 'none' : isFresh ? 'fresh' : 'old']++;
    return information?.text ?? null;
  }
}
