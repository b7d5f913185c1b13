// The machine of the agent's connection: away, dialling, joining, up; beside it the breaker: closed, open, trying
// (docs/agent.md#sending). It decides and says so; it dials and sends nothing, keeps no timer and knows no time.

import { assign, emit, setup } from 'xstate';
import { type Backoff, spreadBackoffMs } from '../../lib/backoff.ts';
import type { ConnectionCommand, ConnectionSignal } from '../domain/connection-state.ts';

/** What the actor remembers. */
export interface ConnectionContext {
  /** Attempts that failed and connections that were lost, since the broker last did its work. */
  readonly attempts: number;
  /** Sends that failed in a row, in this connection and the ones before. */
  readonly failures: number;
}

/** The longest waits before an attempt. */
export const DIAL_BACKOFF: Backoff = { leastMs: 1_000, mostMs: 60_000 };
/** So many failures in a row open the breaker. */
export const FAILURES_MAX = 5;
/** The breaker stays open for this time, 20 % more or less. */
export const REST_MS = 60_000;
const REST_SPREAD = 0.2;

/** What the actor remembers at its start. */
export const INITIAL_CONTEXT: ConnectionContext = { attempts: 0, failures: 0 };

function say(type: 'dial' | 'beat' | 'join' | 'close') {
  return { type: 'say' as const, params: { type } };
}

function randomOf(event: ConnectionSignal): number {
  return 'random' in event ? event.random : 0;
}

const LOST = { target: 'away', actions: ['wait' as const, 'countAttempt' as const] };
const OPENING = { target: 'open', actions: ['countFailure' as const, 'rest' as const] };

/**
 * The machine. The waits between attempts grow until the broker answers a join or confirms a message: a broker that
 * takes connections and ends them at once is dialled no more often than one that is away.
 */
export const connectionMachine = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionSignal,
    input: {} as ConnectionContext,
    emitted: {} as ConnectionCommand,
  },
  guards: {
    isLastFailure: ({ context }) => context.failures + 1 >= FAILURES_MAX,
  },
  actions: {
    say: emit((_, { type }: { type: 'dial' | 'beat' | 'join' | 'close' }): ConnectionCommand => ({ type })),
    wait: emit(({ context, event }): ConnectionCommand => {
      return { type: 'wait', ms: spreadBackoffMs(DIAL_BACKOFF, context.attempts, randomOf(event)) };
    }),
    rest: emit(({ event }): ConnectionCommand => {
      const share = 1 + REST_SPREAD * (2 * randomOf(event) - 1);
      return { type: 'rest', ms: Math.round(REST_MS * share) };
    }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
    forgetAttempts: assign({ attempts: 0 }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => input,
  type: 'parallel',
  states: {
    link: {
      initial: 'away',
      on: { stop: { target: '.stopped', actions: say('close') } },
      states: {
        away: {
          on: {
            start: { target: 'dialling', actions: say('dial') },
            due: { target: 'dialling', actions: say('dial') },
          },
        },
        dialling: {
          on: {
            connected: { target: 'joining', actions: [say('beat'), say('join')] },
            unreachable: LOST,
          },
        },
        joining: {
          on: {
            joined: { target: 'up', actions: 'forgetAttempts' },
            sent: { actions: 'forgetAttempts' },
            lost: LOST,
          },
        },
        up: { on: { sent: { actions: 'forgetAttempts' }, lost: LOST } },
        // The attempt under way cannot be cancelled: its connection is closed when it comes.
        stopped: { on: { connected: { actions: say('close') } } },
      },
    },
    breaker: {
      initial: 'closed',
      states: {
        closed: {
          on: {
            sent: { actions: 'forgetFailures' },
            unsent: [{ guard: 'isLastFailure', ...OPENING }, { actions: 'countFailure' }],
          },
        },
        open: { on: { rested: { target: 'trying', actions: say('beat') } } },
        trying: { on: { sent: { target: 'closed', actions: 'forgetFailures' }, unsent: OPENING } },
      },
    },
  },
});
