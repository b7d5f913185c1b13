// The rules by which facts of the sources become messages (docs/agent.md#sources): which are sent, to which execution metrics
// belong, and what is expected of an execution. Pure: what is known comes in, what is to be done goes out.

import { DAY_MS } from '../../lib/durations.ts';
import { ACTIVE_MS, type OpenExecution, type StatePhase } from '../domain/fact-store.ts';
import type { ExecutionMetrics } from '../domain/source-facts.ts';

/** How long an execution that has begun and not completed may be the one that metrics without a name belong to, in ms. */
export const EXECUTION_MS = 3_600_000;
/** After a lost state, records older than this are only remembered, in ms: an aggregator may have pruned them. */
export const SENT_AGAIN_MS = DAY_MS;

/** What a fact that was not known becomes: a message, a message that is sent after all new ones, or a memory. */
export type Fate = 'new' | 'history' | 'remembered';

/** What decides about facts that were not known. */
export interface FateTerms {
  readonly phase: StatePhase;
  readonly history: 'all' | 'none';
  /** When the first state was made, in ms since the epoch. */
  readonly sinceMs: number;
  /** False: the node sends no facts. */
  readonly sharesTasks: boolean;
  readonly nowMs: number;
}

/** The fate of a fact that was not known; `atMs` is its own time, null without one. */
export function fateOf(atMs: number | null, terms: FateTerms): Fate {
  const { phase, history, sinceMs, sharesTasks, nowMs } = terms;
  if (!sharesTasks) return 'remembered';
  if (phase === 'kept') return 'new';
  // What happened after the first start was not in the sources then.
  const isBefore = atMs === null || atMs < sinceMs;
  if (isBefore && history === 'none') return 'remembered';
  if (phase === 'first') return isBefore ? 'history' : 'new';
  return atMs === null || atMs < nowMs - SENT_AGAIN_MS ? 'remembered' : 'history';
}

/** An execution of which nothing is known. */
export const UNKNOWN_EXECUTION: OpenExecution = { receivedMs: null, startedMs: null, metrics: null };

/**
 * The execution after its task was received; a task counts as active until it is completed. One that is older than
 * {@link ACTIVE_MS} is not active any more.
 */
export function received(
  execution: OpenExecution,
  {
    atMs,
    isCompleted,
    nowMs,
  }: { readonly atMs: number; readonly isCompleted: boolean; readonly nowMs: number },
): OpenExecution {
  if (isCompleted || atMs <= nowMs - ACTIVE_MS) return execution;
  return { ...execution, receivedMs: Math.min(atMs, nowMs) };
}

/** The execution after its completion, by the source that tells it: only the log ends what the log began. */
export function completed(execution: OpenExecution, isFromLog: boolean): OpenExecution {
  return { receivedMs: null, startedMs: isFromLog ? null : execution.startedMs, metrics: null };
}

/** What is known of an execution after more metrics: the later ones count. */
export function merged(known: ExecutionMetrics | null, more: ExecutionMetrics): ExecutionMetrics {
  if (known === null) return more;
  return {
    elapsedMs: more.elapsedMs ?? known.elapsedMs,
    exitCode: more.exitCode ?? known.exitCode,
    steps: more.steps ?? known.steps,
    isCached: more.isCached ?? known.isCached,
  };
}

/** True if these metrics say that the execution failed. */
export function hasFailed(metrics: ExecutionMetrics | null): boolean {
  return metrics !== null && metrics.exitCode !== null && metrics.exitCode !== 0;
}
