// The supervisor owns one actor per node, and the few actors of other machines (wards) that its owner puts beside them.
// It tells each node's actor what concerns its node, sweeps for silence, and restarts actors that failed. It is
// transition logic with a Map and not a machine, because a parent machine copies all its children at every spawn.

import {
  type Actor,
  type AnyActor,
  type AnyActorRef,
  type AnyActorScope,
  createActor,
  type ErrorActorEvent,
  fromTransition,
} from 'xstate';
import type { NodeSign, NodeTransition } from '../lifecycle/node-state.ts';
import {
  hasLeft,
  isForgettable,
  type LifecycleThresholds,
  nextJudgementAfterMs,
} from '../lifecycle/lifecycle.ts';
import type { NodeState } from '../lifecycle/node-state.ts';
import { callsFor, type Moment, nodeMachine, type NodeReport, transitionOf } from './node.ts';
import { type FailureOutcome, judgeFailure, type RestartLimit } from './restart.ts';

/**
 * An actor that fails more often than this is given up, because the sign that it receives makes it fail each time.
 * Times are on the observed clock.
 */
export const RESTART_LIMIT: RestartLimit = { restartsMax: 3, spanMs: 60_000 };

/** An actor threw while it handled an event. */
export interface ActorFailure {
  /** The node's number. */
  readonly number: number;
  /** `restarted`: with the latest sign, in the state that it had. `given_up`: the node keeps its state. */
  readonly outcome: FailureOutcome;
  readonly error: unknown;
}

/** What a {@link Supervisor} needs of its owner. */
export interface SupervisorParts {
  /** Takes the transitions that one event caused, in order; never called with none. */
  facts(facts: readonly NodeTransition[]): void;
  failed(failure: ActorFailure): void;
}

/** An actor of another machine than a node's, under the same root. Whoever made the ward tells its actor what happens. */
export interface Ward {
  /** Unique among the wards, and not a number: those are the ids of nodes. */
  readonly id: string;
  /** Makes and starts the actor, with the ward's id: when the ward is taken in, and again after the actor threw. */
  start(parent: AnyActorRef): AnyActor;
  /** The actor threw while it handled an event. `given_up`: it is not started again. */
  failed(outcome: FailureOutcome, error: unknown): void;
}

type SupervisorEvent =
  | { readonly type: 'ward'; readonly ward: Ward }
  | { readonly type: 'wardGone'; readonly id: string }
  | { readonly type: 'signs'; readonly signs: readonly NodeSign[]; readonly moment: Moment }
  | { readonly type: 'sweep'; readonly moment: Moment }
  | { readonly type: 'gone'; readonly numbers: readonly number[] }
  | NodeReport
  /** The event with which xstate tells a parent that its child threw. */
  | ErrorActorEvent;

interface Child {
  /** Null once it is given up: the node's actor receives nothing more until the program starts again. */
  actor: Actor<typeof nodeMachine> | null;
  state: NodeState;
  /** The node's latest sign. The actor is told of it when it calls for another state. */
  sign: NodeSign;
  /** Observed time at which silence may call for another state. */
  dueObservedMs: number;
  /** Times of the restarts that still count, on the observed clock. */
  restartsAtMs: readonly number[];
}

interface WardPlace {
  readonly ward: Ward;
  /** Null once it is given up. */
  actor: AnyActor | null;
  /** Times of the restarts that still count, on the observed clock. */
  restartsAtMs: readonly number[];
}

interface Children {
  readonly wards: Map<string, WardPlace>;
  readonly byNumber: Map<number, Child>;
  readonly counts: Record<NodeState, number>;
  readonly outbox: NodeTransition[];
  readonly failures: ActorFailure[];
  /** The observed clock at the latest event with a moment, in ms. */
  observedMs: number;
}

/** The actors of all nodes that are not forgotten. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #thresholds: LifecycleThresholds;
  readonly #children: Children = {
    wards: new Map(),
    byNumber: new Map(),
    counts: { online: 0, stale: 0, offline: 0 },
    outbox: [],
    failures: [],
    observedMs: 0,
  };
  readonly #root;

  constructor(thresholds: LifecycleThresholds, parts: SupervisorParts) {
    this.#parts = parts;
    this.#thresholds = thresholds;
    const logic = fromTransition((children: Children, event: SupervisorEvent, scope) => {
      this.#handle(children, event, scope);
      return children;
    }, this.#children);
    this.#root = createActor(logic);
    this.#root.start();
  }

  /** Takes nodes that gave a sign of life, or that are known from before a restart. Those without an actor get one. */
  heard(signs: readonly NodeSign[], moment: Moment): void {
    if (signs.length > 0) this.#send({ type: 'signs', signs, moment });
  }

  /** Removes the actors of nodes whose rows were pruned or evicted. */
  gone(numbers: readonly number[]): void {
    if (numbers.length > 0) this.#send({ type: 'gone', numbers });
  }

  /** Wakes the actors of nodes whose silence has become too long on the observed clock. */
  sweep(moment: Moment): void {
    this.#send({ type: 'sweep', moment });
  }

  /** Takes in an actor of another machine, and starts it. A ward with this id must not be here. */
  takeIn(ward: Ward): void {
    this.#send({ type: 'ward', ward });
  }

  /** Stops the actor of a ward; without effect if it is not here. */
  letGo(id: string): void {
    this.#send({ type: 'wardGone', id });
  }

  /** Number of actors by the state of their nodes; forgotten nodes have no actor. */
  get counts(): Readonly<Record<NodeState, number>> {
    return this.#children.counts;
  }

  stop(): void {
    this.#root.stop();
    this.#children.byNumber.clear();
    this.#children.wards.clear();
  }

  #send(event: SupervisorEvent): void {
    this.#root.send(event);
    const facts = this.#children.outbox.splice(0);
    if (facts.length > 0) this.#parts.facts(facts);
    for (const failure of this.#children.failures.splice(0)) this.#parts.failed(failure);
  }

  #handle(children: Children, event: SupervisorEvent, scope: AnyActorScope): void {
    if ('actorId' in event) {
      this.#recover(children, event, scope);
      return;
    }
    if ('moment' in event) children.observedMs = event.moment.observedMs;
    switch (event.type) {
      case 'signs':
        for (const sign of event.signs) this.#tell(children, sign, event.moment, scope);
        return;
      case 'sweep':
        for (const [number, child] of children.byNumber) {
          if (event.moment.observedMs >= child.dueObservedMs)
            this.#wake(children, number, child, event.moment, scope);
        }
        return;
      case 'gone':
        for (const number of event.numbers) {
          const child = children.byNumber.get(number);
          if (child !== undefined) this.#dismiss(children, number, child, scope);
        }
        return;
      case 'ward':
        children.wards.set(event.ward.id, {
          ward: event.ward,
          actor: event.ward.start(scope.self),
          restartsAtMs: [],
        });
        return;
      case 'wardGone': {
        const actor = children.wards.get(event.id)?.actor ?? null;
        children.wards.delete(event.id);
        if (actor !== null) scope.stopChild(actor);
        return;
      }
      case 'transition': {
        children.outbox.push(event.fact);
        const child = children.byNumber.get(event.number);
        if (child === undefined) return;
        children.counts[child.state]--;
        children.counts[event.fact.to]++;
        child.state = event.fact.to;
        this.#schedule(child);
        return;
      }
    }
  }

  #tell(children: Children, sign: NodeSign, moment: Moment, scope: AnyActorScope): void {
    let child = children.byNumber.get(sign.number);
    if (child === undefined) {
      child = this.#spawn(children, sign, moment, scope);
      children.byNumber.set(sign.number, child);
    }
    child.sign = sign;
    if (child.actor === null) return;
    // Most signs change no state, and a machine takes longer to find that out than everything else here.
    if (callsFor(sign, moment, this.#thresholds) !== child.state)
      child.actor.send({ type: 'sign', sign, moment });
    this.#schedule(child);
  }

  #wake(children: Children, number: number, child: Child, moment: Moment, scope: AnyActorScope): void {
    const { sign } = child;
    // Scheduled anew, because a restart made it due at once.
    this.#schedule(child);
    child.actor?.send({ type: 'sign', sign, moment });
    if (
      child.state === 'offline' &&
      isForgettable(moment.observedMs - sign.heardObservedMs, this.#thresholds)
    ) {
      this.#dismiss(children, number, child, scope);
    }
  }

  #dismiss(children: Children, number: number, child: Child, scope: AnyActorScope): void {
    if (child.actor !== null) scope.stopChild(child.actor);
    children.byNumber.delete(number);
    children.counts[child.state]--;
  }

  #spawn(children: Children, sign: NodeSign, moment: Moment, scope: AnyActorScope): Child {
    const state = sign.state ?? (hasLeft(sign) ? 'offline' : 'online');
    if (sign.state === null) children.outbox.push(transitionOf(sign, null, state, moment));
    children.counts[state]++;
    return { actor: this.#startActor(sign, state, scope), state, sign, dueObservedMs: 0, restartsAtMs: [] };
  }

  #startActor(sign: NodeSign, state: NodeState, scope: AnyActorScope): Actor<typeof nodeMachine> {
    const context = { sign, thresholds: this.#thresholds };
    const snapshot = nodeMachine.resolveState({ value: state, context });
    const id = String(sign.number);
    return createActor(nodeMachine, { id, snapshot, parent: scope.self, input: context }).start();
  }

  /**
   * Handles the failure of an actor, which xstate has stopped. The next sweep sends a restarted actor the node's latest
   * sign again.
   */
  #recover(children: Children, { actorId, error }: ErrorActorEvent, scope: AnyActorScope): void {
    const place = children.wards.get(actorId);
    if (place !== undefined) {
      recoverWard(place, error, children.observedMs, scope);
      return;
    }
    const number = Number(actorId);
    const child = children.byNumber.get(number);
    if (child === undefined) return;
    const { outcome, restartsAtMs } = judgeFailure(child.restartsAtMs, children.observedMs, RESTART_LIMIT);
    const isRestarted = outcome === 'restarted';
    child.actor = isRestarted ? this.#startActor(child.sign, child.state, scope) : null;
    child.dueObservedMs = isRestarted ? children.observedMs : Infinity;
    child.restartsAtMs = restartsAtMs;
    children.failures.push({ number, outcome, error });
  }

  #schedule(child: Child): void {
    child.dueObservedMs = child.sign.heardObservedMs + nextJudgementAfterMs(child.state, this.#thresholds);
  }
}

function recoverWard(place: WardPlace, error: unknown, observedMs: number, scope: AnyActorScope): void {
  const { outcome, restartsAtMs } = judgeFailure(place.restartsAtMs, observedMs, RESTART_LIMIT);
  place.restartsAtMs = restartsAtMs;
  place.actor = outcome === 'restarted' ? place.ward.start(scope.self) : null;
  place.ward.failed(outcome, error);
}
