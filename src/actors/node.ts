// One machine per remote node: its heartbeat lifecycle, online → stale → offline (docs/federation.md#node-lifecycle).
// It decides, and reports to its supervisor. It keeps no timer, stores nothing, and knows no time except that in its
// events.

import { assign, sendParent, setup } from 'xstate';
import type { NodeSign, NodeTransition } from '../lifecycle/node-state.ts';
import { hasLeft, judge, type LifecycleThresholds } from '../lifecycle/lifecycle.ts';
import type { NodeState } from '../lifecycle/node-state.ts';

/** The time of an event: this machine's wall clock, and the observed clock on which silence is measured, in ms. */
export interface Moment {
  readonly nowMs: number;
  readonly observedMs: number;
}

/**
 * The node's signs of life and the present moment, sent when the node was heard or when its silence may have become too
 * long.
 */
export interface NodeEvent {
  readonly type: 'sign';
  readonly sign: NodeSign;
  readonly moment: Moment;
}

/** What a node's actor reports to its supervisor. */
export interface NodeReport {
  readonly type: 'transition';
  readonly number: number;
  readonly fact: NodeTransition;
}

/** What a node's actor remembers: its latest signs of life, and the thresholds by which it judges. */
export interface NodeContext {
  readonly sign: NodeSign;
  readonly thresholds: LifecycleThresholds;
}

/** The state that a sign calls for at a moment. */
export function callsFor(sign: NodeSign, moment: Moment, thresholds: LifecycleThresholds): NodeState {
  const silenceMs = moment.observedMs - sign.heardObservedMs;
  return judge({ lifeAtMs: sign.lifeAtMs, leftAtMs: sign.leftAtMs, silenceMs }, thresholds);
}

function causeOf(sign: NodeSign, to: NodeState): string {
  if (to === 'online') return 'sign_of_life';
  return hasLeft(sign) ? 'left' : 'silence';
}

/** The fact that a node changed its state. With `from` null its first state is stored without a transition. */
export function transitionOf(
  sign: NodeSign,
  from: NodeState | null,
  to: NodeState,
  moment: Moment,
): NodeTransition {
  return {
    nodeId: sign.nodeId,
    atMs: moment.nowMs,
    observedMs: moment.observedMs,
    from,
    to,
    cause: causeOf(sign, to),
  };
}

function moving(from: NodeState, to: NodeState) {
  return {
    guard: { type: 'isCalledFor' as const, params: { state: to } },
    target: to,
    actions: ['remember' as const, { type: 'report' as const, params: { from, to } }],
  };
}

/**
 * The machine of one node. A sign that calls for another state moves it there and reports the transition; the
 * supervisor asks {@link callsFor} first, and the guards ask it again, because the supervisor sends only signs that
 * matter.
 */
export const nodeMachine = setup({
  types: {
    context: {} as NodeContext,
    events: {} as NodeEvent,
    input: {} as NodeContext,
  },
  guards: {
    isCalledFor: ({ context, event }, { state }: { state: NodeState }) =>
      callsFor(event.sign, event.moment, context.thresholds) === state,
  },
  actions: {
    remember: assign({ sign: ({ event }) => event.sign }),
    report: sendParent(
      ({ context, event }, { from, to }: { from: NodeState; to: NodeState }): NodeReport => ({
        type: 'transition',
        number: context.sign.number,
        fact: transitionOf(context.sign, from, to, event.moment),
      }),
    ),
  },
}).createMachine({
  id: 'node',
  context: ({ input }) => input,
  initial: 'online',
  states: {
    online: {
      on: {
        sign: [moving('online', 'stale'), moving('online', 'offline'), { actions: 'remember' }],
      },
    },
    stale: {
      on: {
        sign: [moving('stale', 'online'), moving('stale', 'offline'), { actions: 'remember' }],
      },
    },
    offline: {
      on: {
        sign: [moving('offline', 'online'), moving('offline', 'stale'), { actions: 'remember' }],
      },
    },
  },
});
