// One machine per remote node: its heartbeat lifecycle, online → stale → offline (section 6). It decides and reports to
// its supervisor; it keeps no timer, stores nothing and knows no clock but the one in its events.

import { assign, sendParent, setup } from 'xstate';
import type { NodeSign, NodeTransition } from '../domain/federation/facts.ts';
import { hasLeft, judge, type LifecycleThresholds } from '../domain/federation/lifecycle.ts';
import type { NodeState } from '../domain/federation/vocabulary.ts';

/** When the event is: our wall clock, and the observed clock on which silence is measured. */
export interface Moment {
  readonly nowMs: number;
  readonly observedMs: number;
}

/** `sign`: the node was heard. `sweep`: the supervisor thinks that its silence may have grown too long. */
export type NodeEvent =
  | { readonly type: 'sign'; readonly sign: NodeSign; readonly moment: Moment }
  | { readonly type: 'sweep'; readonly moment: Moment };

/** What a node's actor tells its supervisor. */
export interface NodeReport {
  readonly type: 'transition';
  readonly number: number;
  readonly fact: NodeTransition;
}

export interface NodeContext {
  readonly sign: NodeSign;
  readonly thresholds: LifecycleThresholds;
}

function calledFor(context: NodeContext, event: NodeEvent): NodeState {
  const sign = event.type === 'sign' ? event.sign : context.sign;
  const silenceMs = event.moment.observedMs - sign.heardObservedMs;
  return judge({ lifeAtMs: sign.lifeAtMs, leftAtMs: sign.leftAtMs, silenceMs }, context.thresholds);
}

function causeOf(sign: NodeSign, to: NodeState): string {
  if (to === 'online') return 'sign_of_life';
  return hasLeft(sign) ? 'left' : 'silence';
}

/** The fact that a node went from one state to another; `from` null stores its first state without a transition. */
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

export const nodeMachine = setup({
  types: {
    context: {} as NodeContext,
    events: {} as NodeEvent,
    input: {} as NodeContext,
  },
  guards: {
    isCalledFor: ({ context, event }, { state }: { state: NodeState }) => calledFor(context, event) === state,
  },
  actions: {
    remember: assign(({ context, event }) =>
      event.type === 'sign' ? { ...context, sign: event.sign } : context,
    ),
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
        sweep: [moving('online', 'stale'), moving('online', 'offline')],
      },
    },
    stale: {
      on: {
        sign: [moving('stale', 'online'), moving('stale', 'offline'), { actions: 'remember' }],
        sweep: [moving('stale', 'online'), moving('stale', 'offline')],
      },
    },
    offline: {
      on: {
        sign: [moving('offline', 'online'), moving('offline', 'stale'), { actions: 'remember' }],
        sweep: [moving('offline', 'online'), moving('offline', 'stale')],
      },
    },
  },
});
