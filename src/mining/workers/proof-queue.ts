// Checks proofs in pool threads: it gives the threads what the schedule says, puts their results together, and tells
// each outcome once. What is next is decided in domain/proof-schedule.ts.

import { availableParallelism } from 'node:os';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import { WorkerPool } from '../../workers/pool.ts';
import { FailureBudgets } from '../domain/failure-budgets.ts';
import { qualityOfScoop, SCOOP_BYTES } from '../domain/proof.ts';
import type { ProofChecker, ProofClaim, ProofOrigin, ProofOutcome } from '../domain/proof-check.ts';
import type { Ticket } from '../domain/proof-lines.ts';
import { type ProofPart, ProofSchedule, type ScheduledProof } from '../domain/proof-schedule.ts';
import { hasSimd, lanesAtOnce, makeShabal256 } from './nonce-maker.ts';
import type { ProofQuestions, ProofThreadData } from './proof-questions.ts';

/** Time of the nonces that a thread makes in one go. They take a third of a second on a whole core. */
const GO_MS = 30_000;
/** Goes of one proof whose thread ended before an answer; then the proof is given up as `full`. */
export const LOST_GOES_MAX = 3;

/** Threads and surroundings of a {@link ProofQueue}. */
export interface ProofQueueOptions {
  /** At least 1; {@link defaultProofThreads} without it. */
  readonly threads?: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Tickets that may wait; {@link WAITING_PROOFS_MAX} without it. */
  readonly waitingMax?: number;
  /** False makes the threads do without SIMD; by default they use it if the machine has it. */
  readonly isSimd?: boolean;
  /** The file that each thread runs: `proof-thread`. */
  readonly workerUrl: URL;
  /** Called when a thread ended or hung over its work, and not again before a thread has answered. */
  threadsFail?(error: unknown): void;
  /** Called when a thread answers again. */
  threadsAnswer?(): void;
}

/** What a {@link ProofQueue} has done since its start, and does now. */
export interface ProofCounts {
  /** Checks by outcome; one that several addresses wait for counts for each. */
  readonly outcomes: Readonly<Record<ProofOutcome['type'], number>>;
  /** Questions that joined an equal claim. */
  readonly joined: number;
  /** Nonces that threads made. */
  readonly nonces: number;
  /** Goes whose thread ended or hung; their nonces are made again. */
  readonly lostGoes: number;
  /** Proofs that were given up after too many of those, or for a defect of the thread. */
  readonly givenUp: number;
  /** Seconds that threads worked. */
  readonly workerSeconds: number;
  /** Tickets that wait for a thread. */
  readonly waiting: number;
  /** Threads that work. */
  readonly running: number;
  /** Addresses that had too many false proofs of late. */
  readonly overBudget: number;
}

/** Threads for proofs on this machine: one core stays free for the rest of the program. */
export function defaultProofThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** A proof's scoop as far as it is made, and the goes that were lost. */
interface Progress {
  readonly mixed: Uint8Array;
  lostGoes: number;
}

/** Answers {@link ProofChecker.check}. Before `start` checks wait; after `stop` they are dropped. */
export class ProofQueue implements ProofChecker, Part {
  readonly threads: number;
  readonly #options: ProofQueueOptions;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #lanes: number;
  readonly #pool: WorkerPool<ProofQuestions>;
  readonly #schedule: ProofSchedule;
  readonly #budgets = new FailureBudgets();
  readonly #shabal256 = makeShabal256();
  readonly #askers = new Map<Ticket, PromiseWithResolvers<ProofOutcome>>();
  readonly #progress = new WeakMap<ScheduledProof, Progress>();
  readonly #outcomes = { holds: 0, fails: 0, dropped: 0, full: 0 };
  readonly #counts = { joined: 0, nonces: 0, lostGoes: 0, givenUp: 0, workerSeconds: 0 };
  #running = 0;
  #planned: NodeJS.Immediate | null = null;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #isFailing = false;

  constructor(options: ProofQueueOptions) {
    const { isSimd = hasSimd(), workerUrl } = options;
    const workerData: ProofThreadData = { isSimd };
    this.#options = options;
    this.threads = options.threads ?? defaultProofThreads();
    this.#clock = options.clock;
    this.#lanes = lanesAtOnce(isSimd);
    this.#schedule = new ProofSchedule(options.waitingMax);
    this.#pool = new WorkerPool<ProofQuestions>({
      workerUrl,
      workerData,
      threads: this.threads,
      questionMs: GO_MS,
      refusedReads: null,
      onRun: (seconds) => {
        this.#counts.workerSeconds += seconds;
      },
    });
  }

  async start(): Promise<void> {
    await this.#pool.start();
    if (this.#state === 'new') this.#state = 'started';
    this.#plan();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    if (this.#planned !== null) clearImmediate(this.#planned);
    for (const ticket of this.#schedule.clear()) this.#settle(ticket, { type: 'dropped' });
    await this.#pool.stop();
  }

  /** True while there are threads. */
  get isUp(): boolean {
    return this.#pool.isUp;
  }

  get counts(): ProofCounts {
    return {
      ...this.#counts,
      outcomes: { ...this.#outcomes },
      waiting: this.#schedule.waiting,
      running: this.#running,
      overBudget: this.#budgets.overAt(this.#clock.monotonicMs()),
    };
  }

  check(claim: ProofClaim, origin: ProofOrigin): Promise<ProofOutcome> {
    if (this.#state === 'stopped') {
      this.#outcomes.dropped++;
      return Promise.resolve({ type: 'dropped' });
    }
    const { ticket, isJoined, lost } = this.#schedule.add(claim, origin);
    if (isJoined) this.#counts.joined++;
    const asker = this.#askers.get(ticket) ?? Promise.withResolvers<ProofOutcome>();
    this.#askers.set(ticket, asker);
    if (lost !== null) this.#settle(lost, { type: 'full' });
    this.#plan();
    return asker.promise;
  }

  withdraw(claim: ProofClaim, origin: ProofOrigin): void {
    const ticket = this.#schedule.withdraw(claim, origin);
    if (ticket !== null) this.#settle(ticket, { type: 'dropped' });
  }

  isOverBudget(address: string): boolean {
    return this.#budgets.isOver(address, this.#clock.monotonicMs());
  }

  keepBlocks(blockHashes: readonly string[]): void {
    for (const ticket of this.#schedule.keepBlocks(blockHashes)) this.#settle(ticket, { type: 'dropped' });
  }

  /** Work is given out when the events of this turn are handled: proofs that arrive together share the lanes. */
  #plan(): void {
    if (this.#state !== 'started' || this.#planned !== null || this.#running >= this.threads) return;
    this.#planned = setImmediate(() => {
      this.#planned = null;
      this.#giveOut();
    });
  }

  #giveOut(): void {
    while (this.#running < this.threads) {
      const nowMs = this.#clock.monotonicMs();
      const parts = this.#schedule.take(this.#lanes, (address) => this.#budgets.isOver(address, nowMs));
      if (parts.length === 0) return;
      this.#running++;
      void this.#make(parts).then(() => {
        this.#running--;
        this.#plan();
      });
    }
  }

  /** Never rejects. */
  async #make(parts: readonly ProofPart[]): Promise<void> {
    const asked = parts.map(({ proof: { claim }, from, count }) => ({ claim, from, count }));
    try {
      const mixed = await this.#pool.ask('mix', { parts: asked });
      for (const [index, part] of parts.entries()) this.#made(part, mixed[index] ?? new Uint8Array());
      if (this.#isFailing) this.#options.threadsAnswer?.();
      this.#isFailing = false;
    } catch (error) {
      if (this.#state === 'stopped') return;
      if (!this.#isFailing) this.#options.threadsFail?.(error);
      this.#isFailing = true;
      const isDefect = !(error instanceof CodedError) || error.code !== 'worker_timeout';
      this.#counts.lostGoes++;
      for (const part of parts) this.#lost(part, isDefect);
    }
  }

  #progressOf(proof: ScheduledProof): Progress {
    const progress = this.#progress.get(proof) ?? { mixed: new Uint8Array(SCOOP_BYTES), lostGoes: 0 };
    this.#progress.set(proof, progress);
    return progress;
  }

  #made(part: ProofPart, scoop: Uint8Array): void {
    this.#counts.nonces += part.count;
    const { mixed } = this.#progressOf(part.proof);
    for (const [at, byte] of scoop.entries()) mixed[at] = (mixed[at] ?? 0) ^ byte;
    const tickets = this.#schedule.finished(part);
    if (tickets === null) return;
    const { claim } = part.proof;
    const computed = qualityOfScoop(this.#shabal256, claim, mixed);
    this.#schedule.judged(part.proof, computed === claim.rawQuality);
    if (computed === claim.rawQuality) {
      for (const ticket of tickets) this.#settle(ticket, { type: 'holds' });
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    for (const address of new Set(tickets.map((ticket) => ticket.address))) {
      this.#budgets.failed(address, nowMs);
    }
    for (const ticket of tickets) this.#settle(ticket, { type: 'fails', computed });
  }

  #lost(part: ProofPart, isDefect: boolean): void {
    const progress = this.#progressOf(part.proof);
    progress.lostGoes++;
    if (!isDefect && progress.lostGoes < LOST_GOES_MAX) {
      this.#schedule.returned(part);
      return;
    }
    const tickets = this.#schedule.giveUp(part);
    if (tickets.length > 0) this.#counts.givenUp++;
    for (const ticket of tickets) this.#settle(ticket, { type: 'full' });
  }

  #settle(ticket: Ticket, outcome: ProofOutcome): void {
    this.#outcomes[outcome.type]++;
    this.#askers.get(ticket)?.resolve(outcome);
    this.#askers.delete(ticket);
  }
}
