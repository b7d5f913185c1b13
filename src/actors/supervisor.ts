// The supervisor: owns one actor per node, tells each what concerns it, and sweeps for silence. It is transition logic
// with a Map and not a machine, for a parent machine copies all its children at every spawn (architecture.md).

import { type Actor, type AnyActorScope, createActor, fromTransition } from 'xstate';
import type { NodeSign, NodeTransition } from '../lifecycle/node-state.ts';
import {
  hasLeft,
  isForgettable,
  type LifecycleThresholds,
  nextJudgementAfterMs,
} from '../lifecycle/lifecycle.ts';
import type { NodeState } from '../lifecycle/node-state.ts';
import { callsFor, type Moment, nodeMachine, type NodeReport, transitionOf } from './node.ts';

export interface SupervisorParts {
  /** Takes the facts of one event, in order; never called with none. */
  facts(facts: readonly NodeTransition[]): void;
}

type SupervisorEvent =
  | { readonly type: 'signs'; readonly signs: readonly NodeSign[]; readonly moment: Moment }
  | { readonly type: 'sweep'; readonly moment: Moment }
  | { readonly type: 'gone'; readonly numbers: readonly number[] }
  | NodeReport;

interface Child {
  readonly actor: Actor<typeof nodeMachine>;
  state: NodeState;
  /** What was heard last; the actor is told when it calls for another state. */
  sign: NodeSign;
  /** Observed time at which silence may call for another state. */
  dueObservedMs: number;
}

interface Children {
  readonly byNumber: Map<number, Child>;
  readonly counts: Record<NodeState, number>;
  readonly outbox: NodeTransition[];
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #thresholds: LifecycleThresholds;
  readonly #children: Children = {
    byNumber: new Map(),
    counts: { online: 0, stale: 0, offline: 0 },
    outbox: [],
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

  /** Nodes that gave a sign of life, or that are known from before a restart: those without an actor get one. */
  heard(signs: readonly NodeSign[], moment: Moment): void {
    if (signs.length > 0) this.#send({ type: 'signs', signs, moment });
  }

  /** Nodes whose rows are gone, pruned or evicted: their actors go too. */
  gone(numbers: readonly number[]): void {
    if (numbers.length > 0) this.#send({ type: 'gone', numbers });
  }

  /** Looks for nodes whose silence has grown too long on the observed clock. */
  sweep(moment: Moment): void {
    this.#send({ type: 'sweep', moment });
  }

  /** Actors by the state of their node; nodes that were forgotten have none. */
  get counts(): Readonly<Record<NodeState, number>> {
    return this.#children.counts;
  }

  stop(): void {
    this.#root.stop();
    this.#children.byNumber.clear();
  }

  #send(event: SupervisorEvent): void {
    this.#root.send(event);
    const facts = this.#children.outbox.splice(0);
    if (facts.length > 0) this.#parts.facts(facts);
  }

  #handle(children: Children, event: SupervisorEvent, scope: AnyActorScope): void {
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
    // Most signs move nobody, and a machine takes longer to find that out than everything else here.
    if (callsFor(sign, moment, this.#thresholds) !== child.state)
      child.actor.send({ type: 'sign', sign, moment });
    this.#schedule(child);
  }

  #wake(children: Children, number: number, child: Child, moment: Moment, scope: AnyActorScope): void {
    const { sign } = child;
    child.actor.send({ type: 'sign', sign, moment });
    if (
      child.state === 'offline' &&
      isForgettable(moment.observedMs - sign.heardObservedMs, this.#thresholds)
    ) {
      this.#dismiss(children, number, child, scope);
    }
  }

  #dismiss(children: Children, number: number, child: Child, scope: AnyActorScope): void {
    scope.stopChild(child.actor);
    children.byNumber.delete(number);
    children.counts[child.state]--;
  }

  #spawn(children: Children, sign: NodeSign, moment: Moment, scope: AnyActorScope): Child {
    const state = sign.state ?? (hasLeft(sign) ? 'offline' : 'online');
    if (sign.state === null) children.outbox.push(transitionOf(sign, null, state, moment));
    const context = { sign, thresholds: this.#thresholds };
    const snapshot = nodeMachine.resolveState({ value: state, context });
    const actor = createActor(nodeMachine, { snapshot, parent: scope.self, input: context });
    actor.start();
    children.counts[state]++;
    return { actor, state, sign, dueObservedMs: 0 };
  }

  #schedule(child: Child): void {
    child.dueObservedMs = child.sign.heardObservedMs + nextJudgementAfterMs(child.state, this.#thresholds);
  }
}
