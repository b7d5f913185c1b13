// The node actors as the main thread keeps them: rebuilt at the start, told of each commit, and swept for silence once a
// second. What they decide leaves as transitions; it decides nothing itself.

import { resumeNodes } from '../../actors/resumption.ts';
import type { FailureOutcome } from '../../actors/restart.ts';
import { type ActorFailure, Supervisor } from '../../actors/supervisor.ts';
import { RESUME_PAGE_NODES, RESUME_RETRY_MS, SWEEP_INTERVAL_MS } from './bounds.ts';
import type { LifecycleThresholds } from '../../lifecycle/lifecycle.ts';
import type { NodeSign, NodeState, NodeTransition } from '../../lifecycle/node-state.ts';
import type { Log } from '../../io/log.ts';
import type { Clock } from '../../lib/clock.ts';
import type { IngestToMain } from './messages.ts';

export interface NodeActorsParts {
  readonly log: Pick<Log, 'warn' | 'error'>;
  readonly clock: Clock;
  /** Takes what the actors decided, in order. */
  transitions(facts: readonly NodeTransition[]): void;
  /** An actor failed; counted. */
  failed(outcome: FailureOutcome): void;
}

/** Where the known nodes are read at the start. */
export interface KnownNodes {
  /** The next nodes after this number, at most `limit`; none after the last. `worker_timeout`: not now. */
  nodesAfter(number: number, limit: number): Promise<readonly NodeSign[]>;
  isStopping(): boolean;
}

export class NodeActors {
  readonly #parts: NodeActorsParts;
  readonly #supervisor: Supervisor;
  /** On the monotonic clock. */
  #sweptAtMs = 0;

  constructor(thresholds: LifecycleThresholds, parts: NodeActorsParts) {
    this.#parts = parts;
    this.#supervisor = new Supervisor(thresholds, {
      facts: parts.transitions,
      failed: (failure) => this.#failed(failure),
    });
  }

  /** Nodes by state, as far as they have an actor. */
  get counts(): Readonly<Record<NodeState, number>> {
    return this.#supervisor.counts;
  }

  /** Gives each known node its actor, for as long as it takes. Throws what `nodesAfter` throws, except `worker_timeout`. */
  async resume(observedMs: number, { nodesAfter, isStopping }: KnownNodes): Promise<void> {
    await resumeNodes(RESUME_RETRY_MS, {
      nodesAfter: (number) => nodesAfter(number, RESUME_PAGE_NODES),
      heard: (signs) => this.#supervisor.heard(signs, this.#moment(observedMs)),
      waits: (error) =>
        this.#parts.log.warn('start: the nodes cannot be read yet, trying again until they can', { error }),
      isStopping,
    });
  }

  /** Nodes that were heard in a commit, and those whose rows went in it. */
  committed({ signs, gone, observedMs }: Extract<IngestToMain, { type: 'committed' }>): void {
    this.#supervisor.gone(gone);
    this.#supervisor.heard(signs, this.#moment(observedMs));
  }

  /** A sweep looks at every node: once a second is enough, however often this is called. */
  sweep(observedMs: number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    this.#supervisor.sweep(this.#moment(observedMs));
  }

  #moment(observedMs: number) {
    return { nowMs: this.#parts.clock.nowMs(), observedMs };
  }

  /** A node id is what a stranger sent: the log has the number of its row. */
  #failed({ number, outcome, error }: ActorFailure): void {
    this.#parts.failed(outcome);
    const fate =
      outcome === 'restarted'
        ? 'it was started again from its last sign of life'
        : 'it is not started again before the program is, and the state of the node stays as it is';
    this.#parts.log.error(
      `actors: the actor of node number ${number} failed, a defect of ours; please report it: ${fate}`,
      { error },
    );
  }
}
