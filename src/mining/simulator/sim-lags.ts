// How long an aggregator may take for what it cannot do at once. The comparison of a record allows these times, and no
// more.

import type { BlockPlan } from './block-plan.ts';
import type { FaultName } from './fault-names.ts';

/** Times in ms. */
export const SIM_LAGS = {
  /** To notice a block: a refresh each second, and a reorganisation that two refreshes must agree on. */
  noticeMs: 4_000,
  /** To notice it after the end of a fault: the interval of refreshes goes up to 10 s. */
  recoveryMs: 12_000,
  /** To start again after a kill. */
  restartMs: 6_000,
  /** For what is on its way when a refusal is answered. */
  flightMs: 1_500,
  /** To store a verdict after its answer: a kill before that has the submission delivered again. */
  storeMs: 2_000,
  /** Faults during which no right information can be had. */
  blindFaults: new Set<FaultName>([
    'die',
    'hang',
    'reset',
    'html',
    'unavailable',
    'rate-limit',
    'busy',
    'temporary',
    'operator',
    'truncated',
    'oversize',
    'cookie',
  ]),
} as const;

/** A slow upstream takes so long to answer, or this share of a block if that is less. */
const SLOW_MS = 25_000;
const SLOW_SHARE = 0.4;

/** How long a slow upstream of this plan takes to answer, in ms. */
export function slowMsOf({ options }: BlockPlan): number {
  return Math.min(SLOW_MS, SLOW_SHARE * options.blockMs);
}
