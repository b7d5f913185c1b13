// A program's node actors: rebuilt at the start, informed of each commit, and swept for silence once a second. Their
// decisions leave as transitions; this file decides nothing.

import { resumeNodes } from './resumption.ts';
import type { FailureOutcome } from './restart.ts';
import { type ActorFailure, Supervisor, type Ward } from './supervisor.ts';
import type { LifecycleThresholds } from '../lifecycle/lifecycle.ts';
import type { NodeSign, NodeState, NodeTransition } from '../lifecycle/node-state.ts';
import type { Log } from '../io/log.ts';
import type { Clock } from '../lib/clock.ts';

/** Minimum time between two sweeps of the supervisor over the nodes' deadlines. */
const SWEEP_INTERVAL_MS = 900;
/** Number of nodes read at once when a start rebuilds the actors. */
const RESUME_PAGE_NODES = 5_000;
/** Pause before the start asks for nodes again, if the pool did not answer. */
const RESUME_RETRY_MS = 1_000;

/** What {@link NodeActors} needs of the main thread. */
export interface NodeActorsParts {
  readonly log: Pick<Log, 'warn' | 'error'>;
  readonly clock: Clock;
  /** Receives the actors' decisions, in order. */
  transitions(facts: readonly NodeTransition[]): void;
  /** Counts the failure of an actor. */
  failed(outcome: FailureOutcome): void;
}

/** The source of the known nodes at the start. */
export interface KnownNodes {
  /**
   * Returns the next nodes after this number, at most `limit`; none after the last. `worker_timeout`: the pool cannot
   * answer now.
   */
  nodesAfter(number: number, limit: number): Promise<readonly NodeSign[]>;
  isStopping(): boolean;
}

/** What a commit says about nodes. */
export interface CommittedNodes {
  /** Nodes heard in the commit. */
  readonly signs: readonly NodeSign[];
  /** Numbers of the nodes whose rows the commit deleted. */
  readonly gone: readonly number[];
  /** The observed clock at the commit, in ms. */
  readonly observedMs: number;
}

/** The actors of all nodes. */
export class NodeActors {
  readonly #parts: NodeActorsParts;
  readonly #supervisor: Supervisor;
  /** Time of the last sweep, on the monotonic clock. */
  #sweptAtMs = 0;

  constructor(thresholds: LifecycleThresholds, parts: NodeActorsParts) {
    this.#parts = parts;
    this.#supervisor = new Supervisor(thresholds, {
      facts: parts.transitions,
      failed: (failure) => this.#failed(failure),
    });
  }

  /** Number of nodes with an actor, by state. */
  get counts(): Readonly<Record<NodeState, number>> {
    return this.#supervisor.counts;
  }

  /**
   * Gives each known node its actor, however long that takes. Throws the errors of `nodesAfter`, except
   * `worker_timeout`.
   */
  async resume(observedMs: number, { nodesAfter, isStopping }: KnownNodes): Promise<void> {
    await resumeNodes(RESUME_RETRY_MS, {
      nodesAfter: (number) => nodesAfter(number, RESUME_PAGE_NODES),
      heard: (signs) => this.#supervisor.heard(signs, this.#moment(observedMs)),
      waits: (error) =>
        this.#parts.log.warn('start: the nodes cannot be read yet, trying again until they can', { error }),
      isStopping,
    });
  }

  /** Informs the actors of a commit: the nodes heard in it, and those whose rows it deleted. */
  committed({ signs, gone, observedMs }: CommittedNodes): void {
    this.#supervisor.gone(gone);
    this.#supervisor.heard(signs, this.#moment(observedMs));
  }

  /** Puts an actor of another machine under the supervisor. A ward with this id must not be here. */
  takeIn(ward: Ward): void {
    this.#supervisor.takeIn(ward);
  }

  /** Ends the actor of the ward with this id. */
  letGo(id: string): void {
    this.#supervisor.letGo(id);
  }

  /** Lets the supervisor visit every node; at most once in {@link SWEEP_INTERVAL_MS}, however often this is called. */
  sweep(observedMs: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    this.#supervisor.sweep(this.#moment(observedMs));
  }

  #moment(observedMs: number) {
    return { nowMs: this.#parts.clock.nowMs(), observedMs };
  }

  /** The log gets the number of the row, because the node id comes from the network. */
  #failed({ number, outcome, error }: ActorFailure): void {
    this.#parts.failed(outcome);
    const fate =
      outcome === 'restarted'
        ? 'it was started again from its last sign of life'
        : 'it is not started again before the program is, and the state of the node stays as it is';
    this.#parts.log.error(
      `actors: the actor of node number ${number} failed, which is a defect of the program; please report it: ${fate}`,
      { error },
    );
  }
}
