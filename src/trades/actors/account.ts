// One machine per exchange account: waiting, polling, suspended, and ended. It decides when the account is polled again
// and what a failure means; it makes no request, holds no credential, keeps no timer and knows no time.

import { assign, emit, enqueueActions, setup } from 'xstate';
import type { NodeState } from '../../lifecycle/node-state.ts';
import type { AccountReason } from '../domain/account.ts';
import type { AccountCommand, AccountSignal, AccountStart } from '../domain/account-state.ts';
import type { ExchangeErrorKind } from '../domain/exchange-calls.ts';
import {
  firstPace,
  paceAfter,
  pauseAfterFailures,
  type PollPace,
  retryPauseMs,
} from '../domain/poll-pace.ts';

/** So many refused nonces in a row mean that another program uses the key. */
const NONCE_ERRORS_MAX = 3;

/** What the actor of an account remembers. */
export interface AccountContext extends AccountStart {
  readonly pace: PollPace;
  /** Further attempts of the poll at hand. */
  readonly attempts: number;
  /** Polls in a row that failed. */
  readonly failedPolls: number;
  /** Refused nonces in a row. */
  readonly nonceErrors: number;
  readonly node: NodeState;
  readonly reason: AccountReason | null;
  readonly exchangeCode: string | null;
}

/** What the actor of an account remembers at its start. */
export function accountContext(start: AccountStart): AccountContext {
  return {
    ...start,
    pace: firstPace(start.apiIntervalMs),
    attempts: 0,
    failedPolls: 0,
    nonceErrors: 0,
    node: 'stale',
    reason: 'starting',
    exchangeCode: null,
  };
}

type Failure = Extract<AccountSignal, { type: 'failed' }>;

/** True for what no other attempt of this poll can cure. */
function isNonceLimit({ nonceErrors }: AccountContext, { kind }: Failure): boolean {
  return kind === 'nonce' && nonceErrors + 1 >= NONCE_ERRORS_MAX;
}

/** Why an account is stale after a poll that failed. Null: it is not yet, since one wrong nonce says little. */
function staleReason(context: AccountContext, failure: Failure): AccountReason | null {
  const { kind } = failure;
  if (kind === 'nonce') return isNonceLimit(context, failure) ? 'nonce' : null;
  return kind === 'market_unavailable' || kind === 'unsupported' ? 'exchange_error' : kind;
}

const nonceErrorsAfter = (context: AccountContext, kind: ExchangeErrorKind) =>
  kind === 'nonce' ? context.nonceErrors + 1 : 0;

const setUp = setup({
  types: {
    context: {} as AccountContext,
    events: {} as AccountSignal,
    input: {} as AccountContext,
    emitted: {} as AccountCommand,
  },
  actions: {
    say: emit((_, { command }: { command: AccountCommand }): AccountCommand => command),
    move: enqueueActions(
      ({ context, enqueue }, { to, reason }: { to: NodeState; reason: AccountReason | null }) => {
        enqueue.assign({ node: to, reason });
        if (context.node !== to) enqueue.emit({ type: 'moved', from: context.node, to });
      },
    ),
  },
});

const say = (command: AccountCommand) => ({ type: 'say' as const, params: { command } });

const succeed = setUp.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'polled') return;
  const { hasNewTrades, isBehind, isIncomplete } = event;
  const { apiIntervalMs } = context;
  const isQuietHistory = isBehind && !hasNewTrades;
  const pace = isQuietHistory ? context.pace : paceAfter(context.pace, apiIntervalMs, hasNewTrades);
  enqueue.assign({ pace, failedPolls: 0, nonceErrors: 0, exchangeCode: null });
  enqueue({ type: 'move', params: { to: 'online', reason: isIncomplete ? 'incomplete' : null } });
  enqueue.emit({ type: 'plan', afterMs: isBehind ? 0 : pace.intervalMs, isBehind });
});

const retry = setUp.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'failed') return;
  const attempts = context.attempts + 1;
  enqueue.assign({ attempts, nonceErrors: nonceErrorsAfter(context, event.kind) });
  enqueue.emit({ type: 'retry', afterMs: retryPauseMs(attempts) });
});

const fail = setUp.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'failed') return;
  const { exchangeCode, kind } = event;
  const failedPolls = context.failedPolls + 1;
  enqueue.assign({ failedPolls, exchangeCode, nonceErrors: nonceErrorsAfter(context, kind) });
  const reason = staleReason(context, event);
  if (reason !== null) enqueue({ type: 'move', params: { to: 'stale', reason } });
  const afterMs = pauseAfterFailures(context.pace, context.apiIntervalMs, failedPolls);
  enqueue.emit({ type: 'plan', afterMs, isBehind: false });
});

const block = setUp.enqueueActions(({ context, enqueue }) => {
  enqueue({ type: 'move', params: { to: 'stale', reason: 'backlog' } });
  enqueue.emit({ type: 'plan', afterMs: context.pace.intervalMs, isBehind: false });
});

const suspend = setUp.enqueueActions(({ event, enqueue }) => {
  if (event.type !== 'failed' && event.type !== 'barred') return;
  if (event.type === 'failed') enqueue.assign({ exchangeCode: event.exchangeCode });
  const reason = event.type === 'failed' ? 'key_refused' : event.reason;
  enqueue({ type: 'move', params: { to: 'offline', reason } });
  enqueue.emit({ type: 'stop' });
});

const end = setUp.enqueueActions(({ event, enqueue }) => {
  if (event.type !== 'over') return;
  enqueue({ type: 'move', params: { to: 'offline', reason: event.reason } });
  enqueue.emit({ type: 'stop' });
  enqueue.emit({ type: 'flush' });
});

const BARRED = { target: 'suspended', actions: suspend } as const;
const OVER = { target: 'ended', actions: end } as const;

/** The machine of one account. What comes too late, or twice, changes nothing. */
export const accountMachine = setUp.createMachine({
  id: 'account',
  context: ({ input }) => input,
  initial: 'waiting',
  states: {
    waiting: {
      on: {
        due: { target: 'polling', actions: [assign({ attempts: 0 }), say({ type: 'poll' })] },
        blocked: { actions: block },
        barred: BARRED,
        over: OVER,
      },
    },
    polling: {
      on: {
        polled: { target: 'waiting', actions: succeed },
        failed: [
          { guard: ({ event }) => event.kind === 'key_refused', target: 'suspended', actions: suspend },
          {
            guard: ({ context, event }) =>
              context.attempts < context.retriesMax && !isNonceLimit(context, event),
            actions: retry,
          },
          { target: 'waiting', actions: fail },
        ],
        barred: BARRED,
        over: OVER,
      },
    },
    suspended: { on: { over: OVER } },
    ended: {},
  },
});
