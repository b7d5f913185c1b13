// One machine per job: collecting, processing, completed, failed, and expired at its end. It decides and says so; it
// holds no trade, seals and sends nothing, keeps no timer and knows no time.

import { assign, emit, enqueueActions, setup } from 'xstate';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { JobCommand, JobSignal, JobStart } from '../domain/job-state.ts';

/** What the actor of a job remembers. */
export interface JobContext {
  /** True from the moment when the summary is on the disk. */
  readonly isSealed: boolean;
  /** The job's state as a node. */
  readonly node: NodeState;
}

/** What the actor of a job remembers at its start. */
export function jobContext({ state, isSealed, isFailing }: JobStart): JobContext {
  const isStale = state === 'failed' || (state === 'processing' && isFailing);
  return { isSealed, node: isStale ? 'stale' : 'online' };
}

function say(type: Exclude<JobCommand['type'], 'moved'>) {
  return { type: 'say' as const, params: { type } };
}

function node(to: NodeState) {
  return { type: 'move' as const, params: { to } };
}

/** The job's time is over. Only a job whose summary is still to be made is kept, until that is on the disk. */
const EXPIRING = { target: 'expired', actions: [node('offline'), say('close'), say('forget')] };

/**
 * The machine of one job. A job is sealed once, however often it is asked for. What comes too late, or twice, changes
 * nothing.
 */
export const jobMachine = setup({
  types: {
    context: {} as JobContext,
    events: {} as JobSignal,
    input: {} as JobContext,
    emitted: {} as JobCommand,
  },
  guards: {
    isSealed: ({ context }) => context.isSealed,
    isUnsealed: ({ context }) => !context.isSealed,
  },
  actions: {
    remember: assign({ isSealed: true }),
    say: emit((_, { type }: { type: Exclude<JobCommand['type'], 'moved'> }): JobCommand => ({ type })),
    move: enqueueActions(({ context, enqueue }, { to }: { to: NodeState }) => {
      if (context.node === to) return;
      enqueue.assign({ node: to });
      enqueue.emit({ type: 'moved', from: context.node, to });
    }),
  },
}).createMachine({
  id: 'job',
  context: ({ input }) => input,
  initial: 'collecting',
  states: {
    collecting: {
      on: {
        asked: { target: 'processing', actions: say('seal') },
        expired: { ...EXPIRING, actions: [say('drop'), ...EXPIRING.actions] },
      },
    },
    processing: {
      on: {
        sealed: { guard: 'isUnsealed', actions: 'remember' },
        unsealable: {
          guard: 'isUnsealed',
          target: 'failed',
          actions: [node('stale'), say('answer')],
        },
        failing: { guard: 'isSealed', actions: node('stale') },
        delivered: { guard: 'isSealed', target: 'completed', actions: [node('online'), say('answer')] },
        dead: { guard: 'isSealed', target: 'failed', actions: [node('stale'), say('answer')] },
        expired: [
          { guard: 'isSealed', ...EXPIRING },
          { target: 'expired', actions: [node('offline'), say('close')] },
        ],
      },
    },
    completed: { on: { expired: EXPIRING } },
    failed: {
      on: {
        replayed: { guard: 'isSealed', target: 'processing', actions: node('online') },
        // The delivery goes on, so an operator replayed it.
        failing: { guard: 'isSealed', target: 'processing' },
        delivered: { guard: 'isSealed', target: 'completed', actions: [node('online'), say('answer')] },
        expired: EXPIRING,
      },
    },
    expired: {
      on: {
        sealed: { guard: 'isUnsealed', actions: ['remember', say('forget')] },
        unsealable: { guard: 'isUnsealed', actions: [say('answer'), say('forget')] },
        // Calls from before its end may still wait.
        delivered: { guard: 'isSealed', actions: say('answer') },
        dead: { guard: 'isSealed', actions: say('answer') },
      },
    },
  },
});
