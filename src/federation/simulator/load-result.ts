// The result of a load test, and the judgement: everything that is not as the profile demands, by name.

import { type CumulativeHistogram, quantileOf } from '../../lib/histogram-quantile.ts';
import type { Difference } from './comparison.ts';
import type { Counters } from './counters.ts';
import type { FleetReport, Outage } from './fleet.ts';
import { compareLoadAccount, type NamedDifference } from './load-account.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadPlan } from './load-plan.ts';
import type { Machine, Versions } from './machine.ts';
import type { Aftermath } from './run-steps.ts';
import { NODE_COUNTS } from './statistic-members.ts';
import { INPUT_SUBJECTS } from './vocabulary.ts';

/** What a load test found out. */
export interface LoadFindings {
  readonly plan: LoadPlan;
  readonly fleet: FleetReport;
  /** Number of messages that were not confirmed at the end. */
  readonly unconfirmed: number;
  readonly elapsedMs: number;
  /** The longest time by which a batch was sent later than planned. */
  readonly behindMsMax: number;
  readonly aftermath: Aftermath;
}

/** A load test that ran to its end. */
export interface LoadResult extends LoadFindings {
  readonly options: LoadOptions;
  readonly startedAtMs: number;
  readonly machine: Machine;
  readonly versions: Versions;
  /** Everything that is not as it must be; empty if all is. */
  readonly differences: readonly NamedDifference[];
}

/** After a long cut the nodes must come back over at least this time. */
const SPREAD_LEAST_MS = 30_000;
/** A wave: more than this share of all nodes, and more than this number, in one second. */
const WAVE_SHARE = 0.1;
const WAVE_LEAST = 10;

/** The number of messages that other publishers sent on each subject, as far as it shows. */
export function foreignBySubject(
  counters: Counters | null,
  { plan, fleet }: Pick<LoadFindings, 'plan' | 'fleet'>,
): ReadonlyMap<string, number> {
  const own = new Map<string, number>();
  const add = (subject: string, count: number) => own.set(subject, (own.get(subject) ?? 0) + count);
  for (const { subject } of plan.messages) add(subject, 1);
  for (const [key, count] of fleet.resent) add(key.split(' ')[0] ?? '', count);
  const foreign = new Map<string, number>();
  for (const subject of INPUT_SUBJECTS) {
    const beyond = (counters?.received[subject] ?? 0) - (own.get(subject) ?? 0);
    if (beyond > 0) foreign.set(subject, beyond);
  }
  return foreign;
}

/** The greatest number of `timesMs` within a second; they are in order. */
function busiestSecond(timesMs: readonly number[]): number {
  let most = 0;
  let first = 0;
  timesMs.forEach((atMs, index) => {
    while ((timesMs[first] ?? atMs) <= atMs - 1000) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

/** What is wrong with the return after one cut. */
export function judgeOutage(outage: Outage, number: number, withinMs: number): readonly NamedDifference[] {
  const differences: NamedDifference[] = [];
  const add = (what: string, expected: string, found: string) =>
    differences.push({ what: `cut ${number}: ${what}`, expected, found });
  const { lost, backAfterMs, arrivalsMs, lostAgain, awayMs } = outage;
  if (lost === 0) add('connections lost', 'at least 1', '0');
  if (backAfterMs.length < lost) add('nodes back', String(lost), String(backAfterMs.length));
  if (lostAgain > 0) add('connections lost again', '0', String(lostAgain));
  const slowestMs = Math.max(0, ...backAfterMs);
  if (awayMs === 0) {
    if (slowestMs > withinMs) add('slowest return', `at most ${withinMs} ms`, `${Math.round(slowestMs)} ms`);
    return differences;
  }
  const spreadMs = (arrivalsMs.at(-1) ?? 0) - (arrivalsMs[0] ?? 0);
  if (spreadMs < SPREAD_LEAST_MS)
    add('arrivals spread over', `at least ${SPREAD_LEAST_MS} ms`, `${Math.round(spreadMs)} ms`);
  const most = Math.max(WAVE_LEAST, lost * WAVE_SHARE);
  const busiest = busiestSecond(arrivalsMs);
  if (busiest > most) add('arrivals in one second', `at most ${most}`, String(busiest));
  return differences;
}

function judgeConnections(findings: LoadFindings): readonly NamedDifference[] {
  const { fleet, plan, unconfirmed } = findings;
  const differences: NamedDifference[] = [];
  if (unconfirmed > 0)
    differences.push({ what: 'unconfirmed messages', expected: '0', found: String(unconfirmed) });
  if (fleet.lostUnplanned > 0)
    differences.push({
      what: 'connections lost without a cut',
      expected: '0',
      found: String(fleet.lostUnplanned),
    });
  const { backWithinMs } = plan.demands;
  if (backWithinMs === null) return differences;
  const cuts = plan.incidents.length;
  if (fleet.outages.length !== cuts)
    differences.push({ what: 'cuts', expected: String(cuts), found: String(fleet.outages.length) });
  fleet.outages.forEach((outage, index) => differences.push(...judgeOutage(outage, index + 1, backWithinMs)));
  return differences;
}

/** Nodes that were called offline although none left. Only a profile with cuts plans no leave. */
function judgeOffline({ plan, aftermath }: LoadFindings): readonly NamedDifference[] {
  const { counters, othersGone } = aftermath;
  if (plan.demands.backWithinMs === null || counters === null) return [];
  const falsely = counters.toOffline - othersGone;
  if (falsely <= 0) return [];
  return [{ what: 'changes of a node to offline', expected: '0', found: String(falsely) }];
}

/**
 * True for a count of nodes by state that is wrong by no more than the number of earlier nodes that changed their state
 * around the tick. Each of them may have been counted in its old state or in its new one.
 */
export function isDrift({ member, expected, published }: Difference, changed: number): boolean {
  if (member === 'totalNodes' || !(NODE_COUNTS as readonly string[]).includes(member)) return false;
  return Math.abs(Number(published) - Number(expected)) <= changed;
}

function judgeStatistics({ plan, aftermath }: LoadFindings): readonly NamedDifference[] {
  const { statistics } = plan.demands;
  const isCompared = (member: string) =>
    statistics === 'all' || (statistics === 'nodes' && (NODE_COUNTS as readonly string[]).includes(member));
  const differences = aftermath.comparison.differences.filter(
    (difference) => isCompared(difference.member) && !isDrift(difference, aftermath.othersChanged),
  );
  return [...differences, ...(aftermath.shown ?? [])].map(({ period, member, expected, published }) => ({
    what: `${period}.${member}`,
    expected,
    found: published,
  }));
}

/** Everything that is not as it must be. */
export function judge(findings: LoadFindings): readonly NamedDifference[] {
  const { aftermath, plan, fleet } = findings;
  const { counters } = aftermath;
  const differences: NamedDifference[] = [];
  if (aftermath.fromOthers > 0) {
    const subjects = [...foreignBySubject(aftermath.lastCounters, findings)].map(
      ([name, count]) => `${name} ${count}`,
    );
    const found = [String(aftermath.fromOthers), ...subjects].join(', ');
    differences.push({ what: 'messages of other publishers', expected: '0', found });
  }
  if (counters === null)
    differences.push({ what: 'restarts of the aggregator', expected: '0', found: 'at least 1' });
  else {
    if (!aftermath.isComplete)
      differences.push({ what: 'every message has an outcome', expected: 'yes', found: 'no' });
    differences.push(...compareLoadAccount(counters, plan.demands, fleet.resent));
  }
  if (aftermath.shown === null)
    differences.push({ what: 'the HTTP API shows a published tick', expected: 'yes', found: 'no' });
  return [
    ...differences,
    ...judgeConnections(findings),
    ...judgeOffline(findings),
    ...judgeStatistics(findings),
  ];
}

/** Quantiles of the time from the broker's receipt of a message to the commit of its effects, in ms. */
export interface CommitLatency {
  /** Null without observations, or above the last bound of the histogram. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** The upper bound of the highest bucket with an observation. */
  readonly atMostMs: number | null;
}

/** Reads the quantiles from the aggregator's histogram. */
export function commitLatency(histogram: CumulativeHistogram): CommitLatency {
  const toMs = (seconds: number | null | undefined) =>
    seconds === null || seconds === undefined || !Number.isFinite(seconds)
      ? null
      : Math.round(seconds * 1000);
  const total = histogram.cumulative.at(-1) ?? 0;
  const highest = histogram.cumulative.findIndex((count) => count >= total);
  return {
    p50Ms: toMs(quantileOf(histogram, 0.5)),
    p99Ms: toMs(quantileOf(histogram, 0.99)),
    atMostMs: total === 0 ? null : toMs(histogram.bounds[highest]),
  };
}
