// The loop of the reader's thread: it looks at the sources, reads them step by step, and stores the facts of each step
// together with the position behind it. While the outbox is full, the salt is missing or the disk refuses, it reads no
// further: the sources are the queue. It opens nothing, and gets clock and timers from outside.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timers } from '../../lib/timers.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import type { ReaderStore } from '../domain/fact-store.ts';
import type { ReaderReport } from '../domain/reader-report.ts';
import type { ReadStep, SourceKind, SourceReader } from '../domain/source-facts.ts';
import type { UnreadCount } from '../domain/view.ts';
import { Intake, type IntakeTerms } from './intake.ts';
import { OutcomeWaits } from './outcome-waits.ts';
import { type StateGuard, StepCommits } from './step-commits.ts';

/** Completions that are released in one transaction. */
const RELEASED_MAX = 500;
/** Executions that were heard of last before this time are of no use any more, in ms. */
const EXECUTION_REST_MS = 7_200_000;
/** Looks after which everything is read that the sources held at the start. */
const LOOKS_TO_END = 2;
/** Time between two looks for such executions, in ms. */
const REST_LOOK_MS = 60_000;

/** How the loop reads. */
export interface ReaderLoopSettings {
  readonly history: 'all' | 'none';
  readonly pollIntervalMs: number;
  readonly outcomeWaitMs: number;
  /** Messages that may wait, completions that wait for metrics included. */
  readonly queueMax: number;
}

/** What a {@link ReaderLoop} needs of its thread. */
export interface ReaderLoopParts {
  readonly settings: ReaderLoopSettings;
  readonly store: ReaderStore;
  /** Logs before event files: metrics are known before the completions that need them. */
  readonly sources: readonly SourceReader[];
  readonly guard: StateGuard;
  readonly clock: Clock;
  readonly timers: Timers;
  identity(): AgentIdentity;
  salt(): string | null;
}

/** A step that is being stored, and how many of its facts are. */
interface PendingStep {
  readonly source: SourceReader;
  readonly step: ReadStep;
  taken: number;
}

/** The reading of all sources. */
export class ReaderLoop implements Part {
  /** True if everything complete was read and no completion waits for metrics. */
  isAtEnd = false;
  readonly #parts: ReaderLoopParts;
  readonly #commits: StepCommits;
  readonly #intake: Intake;
  readonly #waits: OutcomeWaits;
  readonly #logs: SourceReader | null;
  readonly #areFactsShownAgain: boolean;
  #waitsForMetrics = false;
  /** Sources that had nothing more when they were asked last. */
  readonly #drained = new Set<SourceReader>();
  #pending: PendingStep | null = null;
  #lookedAtMs = -Infinity;
  #isLookNew = false;
  /** Looks after which everything was read that the sources gave. */
  #readLooks = 0;
  #restLookedAtMs = -Infinity;
  #isStopped = false;
  #isWoken = false;
  #wake: (() => void) | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(parts: ReaderLoopParts) {
    this.#parts = parts;
    this.#intake = new Intake(parts.store);
    this.#waits = new OutcomeWaits(parts.settings.outcomeWaitMs);
    this.#commits = new StepCommits({ ...parts, undone: () => this.#undone() });
    const wanted = parts.sources.filter((source) => source.status().isWanted);
    this.#logs = wanted.find((source) => source.status().source === 'logs') ?? null;
    this.#areFactsShownAgain = wanted.some((source) => source.status().source === 'events');
  }

  /** Looks at the sources for the first time, and begins to read. */
  async start(): Promise<void> {
    await this.#look();
    this.#ended = this.#run();
  }

  /** Ends the step under way, stores what was read, and closes the sources. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.wake();
    await this.#ended;
    this.settle();
    for (const source of this.#parts.sources) await source.close();
  }

  /** Something has changed that the loop may be waiting for: room in the outbox, a salt. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Ends the open transaction, so that another can begin. If it fails, what it held will be read again. */
  settle(): void {
    this.#commits.settle();
  }

  /** Another transaction of the same store failed. */
  failed(error: unknown): void {
    this.#commits.failed(error);
  }

  /** Why the sources are not read at the moment; null if they are. */
  get pause(): ReaderReport['pause'] {
    if (this.#needsSalt) return 'no_salt';
    if (this.#commits.isFailing || this.#parts.guard.isSpaceLow) return 'state_problem';
    return this.#hasRoom ? null : 'outbox_full';
  }

  /** Records and entries that gave no fact. */
  get unreadCounts(): readonly UnreadCount[] {
    return this.#commits.unread.all();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      let isBusy = false;
      try {
        isBusy = await this.#turn();
      } catch (error) {
        this.#commits.undone(error);
      }
      if (isBusy) await nextTurn();
      else await this.#rest();
    }
  }

  /** One turn: a look if it is due, and a step of reading. False if there is nothing to do for now. */
  async #turn(): Promise<boolean> {
    const { clock, settings, guard } = this.#parts;
    const commits = this.#commits;
    if (clock.monotonicMs() - this.#lookedAtMs >= settings.pollIntervalMs) await this.#look();
    if (commits.isResting) return false;
    if (this.#endWaits()) return true;
    if (this.#needsSalt || !this.#hasRoom || guard.isSpaceLow) {
      commits.probe();
      commits.settle();
      if (guard.isSpaceLow) guard.makeRoom();
      return false;
    }
    const { generation } = commits;
    this.#pending ??= await this.#nextStep(generation);
    if (generation !== commits.generation) return true;
    if (this.#pending !== null) {
      this.isAtEnd = false;
      this.#takeIn(this.#pending);
      return true;
    }
    if (this.#endWaits()) return true;
    commits.probe();
    commits.settle();
    this.#rested();
    return false;
  }

  /** The next step of the first source that has one; null also if steps were forgotten while it was read. */
  async #nextStep(generation: number): Promise<PendingStep | null> {
    const nowMs = this.#parts.clock.nowMs();
    for (const source of this.#parts.sources) {
      if (this.#drained.has(source)) continue;
      const step = await source.next(nowMs);
      if (generation !== this.#commits.generation) {
        // It stands behind steps that were forgotten meanwhile.
        source.forgotten();
        return null;
      }
      if (step !== null) return { source, step, taken: 0 };
      this.#drained.add(source);
    }
    return null;
  }

  /** Takes in the facts of a step, as far as there is room for their messages. */
  #takeIn(pending: PendingStep): void {
    const { source, step } = pending;
    this.#commits.open();
    const terms = this.#terms(step.source);
    while (pending.taken < step.facts.length && this.#hasRoom) {
      const fact = step.facts[pending.taken];
      if (fact !== undefined && !this.#intake.take(fact, step.source, terms))
        this.#commits.unread.add(step.source, 'metrics_unclear', 1);
      this.#commits.countFact();
      pending.taken++;
    }
    if (pending.taken < step.facts.length) {
      // The facts up to here are remembered: after a crash the step is read again, and they are known.
      this.#commits.settle();
      return;
    }
    this.#pending = null;
    this.#commits.add(source, step);
  }

  get #hasRoom(): boolean {
    const { store, settings } = this.#parts;
    return store.waiting + store.awaiting < settings.queueMax;
  }

  get #needsSalt(): boolean {
    return this.#sharesTasks && this.#parts.salt() === null;
  }

  get #sharesTasks(): boolean {
    const { isEnabled, sharesTasks } = this.#parts.identity();
    return isEnabled && sharesTasks;
  }

  #terms(source: SourceKind): IntakeTerms {
    const { store, settings, clock } = this.#parts;
    return {
      phase: source === 'events' && this.#readLooks > 0 ? 'kept' : store.phase,
      history: settings.history,
      sinceMs: store.sinceMs,
      sharesTasks: this.#sharesTasks,
      nowMs: clock.nowMs(),
      nodeId: this.#parts.identity().nodeId,
      salt: this.#parts.salt(),
      waitsForMetrics: this.#waitsForMetrics,
    };
  }

  async #look(): Promise<void> {
    const { sources, clock } = this.#parts;
    this.#lookedAtMs = clock.monotonicMs();
    for (const source of sources) await source.look(clock.nowMs());
    this.#drained.clear();
    this.#isLookNew = true;
    this.#waitsForMetrics = this.#logs?.status().isReadable ?? false;
  }

  /**
   * Queues completions that have waited for metrics long enough; true if there were some. They begin to wait, and cease to,
   * when the logs were read to their end, or when nothing is read because there is no room.
   */
  #endWaits(): boolean {
    const { store, clock } = this.#parts;
    const areLogsRead = this.#logs === null || this.#drained.has(this.#logs);
    if (store.awaiting === 0 || this.#needsSalt || !(areLogsRead || !this.#hasRoom)) return false;
    this.#waits.mark(store.newestAwaited, clock.monotonicMs());
    const upTo = this.#waits.due(clock.monotonicMs());
    if (upTo === null) return false;
    this.#commits.open();
    const released = store.takeOldestAwaited(RELEASED_MAX, upTo);
    const terms = this.#terms('logs');
    for (const completion of released) this.#intake.release(completion, terms);
    if (released.length < RELEASED_MAX) this.#waits.released(upTo);
    this.#commits.settle();
    return released.length > 0;
  }

  /** Everything complete was read: what remains to be done now and then. */
  #rested(): void {
    const { store, clock, sources } = this.#parts;
    if (!sources.every((source) => this.#drained.has(source))) return;
    const nowMs = clock.nowMs();
    if (this.#isLookNew) this.#readLooks++;
    this.#isLookNew = false;
    // The last entry of a log is complete only when the next look finds the file as it was.
    const isRead = this.#readLooks >= LOOKS_TO_END;
    if (isRead && store.phase !== 'kept') this.#commits.change(() => store.endPhase());
    this.isAtEnd = isRead && store.awaiting === 0;
    if (clock.monotonicMs() - this.#restLookedAtMs >= REST_LOOK_MS) {
      this.#restLookedAtMs = clock.monotonicMs();
      this.#commits.change(() => store.forgetExecutions(nowMs - EXECUTION_REST_MS));
    }
    if (store.isForgettingDue(nowMs))
      this.#commits.change(() => store.forgetStep(nowMs, this.#areFactsShownAgain));
  }

  #undone(): void {
    this.#pending = null;
    this.#drained.clear();
    this.#readLooks = 0;
    this.isAtEnd = false;
  }

  /** Waits until the next look is due, or something wakes the loop. */
  async #rest(): Promise<void> {
    const { timers, settings, clock } = this.#parts;
    if (!this.#isStopped && !this.#isWoken) {
      const waitMs = Math.max(1, this.#lookedAtMs + settings.pollIntervalMs - clock.monotonicMs());
      const woken = Promise.withResolvers<void>();
      this.#wake = woken.resolve;
      const timer = timers.after(waitMs, woken.resolve);
      await woken.promise;
      timer.cancel();
      this.#wake = null;
    }
    this.#isWoken = false;
  }
}
