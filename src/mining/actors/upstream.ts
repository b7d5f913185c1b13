// One machine per upstream: probing, ready, degraded, down. It decides and says so; it sends no request, keeps no timer,
// and knows no time except that in its signals.

import { assign, emit, enqueueActions, setup } from 'xstate';
import type { UpstreamCommand, UpstreamSignal, UpstreamState } from '../domain/upstream-state.ts';

/** What the actor of an upstream remembers. Times are ms on a clock that never goes back. */
export interface UpstreamContext {
  /** When it gave its last information; the start before the first. */
  readonly informationAtMs: number;
  /** When there was trouble last; null if there was none. */
  readonly troubleAtMs: number | null;
  /** True if its last question for the information failed. */
  readonly isFailing: boolean;
  /** True if it has been away since its last information. */
  readonly wasAway: boolean;
}

/**
 * Without information for so long, an upstream that does not answer is down. The second failure in a row, a second after
 * the first, comes later than this.
 */
export const AWAY_IS_DOWN_AFTER_MS = 1_500;
/** Without information for so long, an upstream that answers something else is down: a busy one may do so at times. */
export const TROUBLE_IS_DOWN_AFTER_MS = 10_000;
/** Without trouble for so long, a degraded upstream is ready: longer than the longest pause between two deliveries. */
export const CALM_AFTER_MS = 30_000;

/**
 * After a failure, an upstream that gave no information for so long is back with the next one. One failure between two
 * answers, a second apart, is less: an upstream that answers every other request never counts as back.
 */
export const BACK_AFTER_MS = 2_500;

/** What an actor remembers at its start. */
export function initialContext(nowMs: number): UpstreamContext {
  return { informationAtMs: nowMs, troubleAtMs: null, isFailing: false, wasAway: false };
}

/** Moves to another state, remembers the signal and says so. */
function moving(from: UpstreamState, to: UpstreamState) {
  return {
    target: to,
    actions: ['offer' as const, 'remember' as const, { type: 'move' as const, params: { from, to } }],
  };
}

const STAYING = { actions: ['offer' as const, 'remember' as const] };

/** True if the upstream gave no information for too long; `answersAfterMs` holds for one that answers something else. */
function isDown(
  { informationAtMs }: UpstreamContext,
  event: UpstreamSignal,
  answersAfterMs: number,
): boolean {
  if (event.type !== 'failed') return false;
  const silenceMs = event.nowMs - informationAtMs;
  return silenceMs >= (event.isAway || event.isUnfit ? AWAY_IS_DOWN_AFTER_MS : answersAfterMs);
}

/**
 * The machine of one upstream. An information makes it ready, or degraded if it was slow; a degraded one stays so until
 * there was no trouble for {@link CALM_AFTER_MS}. A failure makes a ready one degraded, and each one down that has given
 * no information for too long. Trouble with a submission never makes it down.
 */
export const upstreamMachine = setup({
  types: {
    context: {} as UpstreamContext,
    events: {} as UpstreamSignal,
    input: {} as UpstreamContext,
    emitted: {} as UpstreamCommand,
  },
  guards: {
    isSlow: ({ event }) => event.type === 'information' && event.isSlow,
    isCalm: ({ context: { troubleAtMs }, event }) =>
      event.type === 'information' &&
      !event.isSlow &&
      (troubleAtMs === null || event.nowMs - troubleAtMs >= CALM_AFTER_MS),
    isDown: ({ context, event }) => isDown(context, event, TROUBLE_IS_DOWN_AFTER_MS),
    // Of one that has not given an information yet nothing good is known: it gets less time.
    isDownAtStart: ({ context, event }) => isDown(context, event, AWAY_IS_DOWN_AFTER_MS),
  },
  actions: {
    remember: assign(({ context, event }) => remembered(context, event)),
    offer: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'information') return;
      const isBack = context.isFailing && event.nowMs - context.informationAtMs >= BACK_AFTER_MS;
      if (isBack || context.wasAway || event.isRenewed)
        enqueue.emit({ type: 'offer', wasAway: context.wasAway || event.isRenewed });
    }),
    move: emit(
      (_, { from, to }: { from: UpstreamState; to: UpstreamState }): UpstreamCommand => ({
        type: 'moved',
        from,
        to,
      }),
    ),
  },
}).createMachine({
  id: 'upstream',
  context: ({ input }) => input,
  initial: 'probing',
  states: {
    probing: {
      on: {
        information: [{ guard: 'isSlow', ...moving('probing', 'degraded') }, moving('probing', 'ready')],
        failed: [{ guard: 'isDownAtStart', ...moving('probing', 'down') }, STAYING],
        trouble: STAYING,
      },
    },
    ready: {
      on: {
        information: [{ guard: 'isSlow', ...moving('ready', 'degraded') }, STAYING],
        failed: [{ guard: 'isDown', ...moving('ready', 'down') }, moving('ready', 'degraded')],
        trouble: moving('ready', 'degraded'),
      },
    },
    degraded: {
      on: {
        information: [{ guard: 'isCalm', ...moving('degraded', 'ready') }, STAYING],
        failed: [{ guard: 'isDown', ...moving('degraded', 'down') }, STAYING],
        trouble: STAYING,
      },
    },
    down: {
      on: {
        information: [{ guard: 'isSlow', ...moving('down', 'degraded') }, moving('down', 'ready')],
        failed: STAYING,
        trouble: STAYING,
      },
    },
  },
});

function remembered(context: UpstreamContext, event: UpstreamSignal): UpstreamContext {
  switch (event.type) {
    case 'information':
      return {
        informationAtMs: event.nowMs,
        troubleAtMs: event.isSlow ? event.nowMs : context.troubleAtMs,
        isFailing: false,
        wasAway: false,
      };
    case 'failed':
      return {
        ...context,
        troubleAtMs: event.nowMs,
        isFailing: true,
        wasAway: context.wasAway || event.isAway,
      };
    case 'trouble':
      return { ...context, troubleAtMs: event.nowMs };
  }
}
