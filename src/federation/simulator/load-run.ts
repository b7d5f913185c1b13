// One load test from beginning to end: limits, plan, connections, baseline, sending, incidents, judgement, report.

import { progressLine } from '../../cli/progress-line.ts';
import { CodedError } from '../../lib/errors.ts';
import type { AboutAggregator } from './aggregator-client.ts';
import { type Baseline, type BaselineParts, readBaseline } from './baseline.ts';
import type { Counters } from './counters.ts';
import { outcomeTotal } from './counters.ts';
import type { ExpectedStatistics } from './expected-rows.ts';
import { Fleet } from './fleet.ts';
import type { Dial } from './fleet-connection.ts';
import { Incidents } from './incidents.ts';
import { type AggregatorLimits, exceededLimits } from './limits-check.ts';
import type { LoadOptions } from './load-options.ts';
import type { Demands, LoadPlan, Profile } from './load-plan.ts';
import { judge, type LoadFindings, type LoadResult } from './load-result.ts';
import { type Machine, versionsWith } from './machine.ts';
import { PROFILES } from './profiles.ts';
import {
  listen,
  onceBegun,
  readResults,
  type RunParts,
  sendingProgress,
  shownActiveNodes,
  waitUntilReady,
} from './run-steps.ts';
import { sendPaced } from './sender.ts';
import { type SignatureHeaders, type Signer, unknownSigner } from './signature.ts';
import type { LoadMessage, PlannedMessage } from './statement.ts';
import { SUBJECT_OF } from './vocabulary.ts';

/** The outside world of a load test. */
export interface LoadParts extends RunParts {
  readonly dial: Dial;
  /** Signs every message; null without a key. */
  readonly signer: Signer | null;
  /** Signs with a key that is bound to a node of which nothing is sent; null without one. */
  readonly foreignSigner: Signer | null;
  readonly machine: Machine;
  /** Aborted when the operator interrupts the run; then `wait` rejects. */
  readonly signal: AbortSignal;
  /** Throws if this process cannot have this number of connections. */
  requireConnections(connections: number): void;
  /** Runs a shell command; resolves with its exit code. */
  runCommand(command: string): Promise<number | null>;
  /** Called with the result of a run that can be judged. */
  report(result: LoadResult): void;
}

interface PreparedRun {
  readonly plan: LoadPlan;
  readonly about: AboutAggregator;
  readonly fleet: Fleet;
  readonly waiting: BaselineParts;
  readonly baseline: Baseline;
}

/** After the last message this long for all nodes to be back and all messages to be confirmed. */
const SETTLE_MAX_MS = 180_000;

function isPlanned(message: LoadMessage): message is PlannedMessage {
  return message.content !== null;
}

/** Throws CodedError `usage` if a limit that the profile is not about would cut the plan. */
function refuseBeyondLimits(
  profile: Profile,
  plan: LoadPlan,
  limits: AggregatorLimits,
  activeNodes: number,
): void {
  const off = Object.fromEntries(profile.limits.map((name) => [name, 0]));
  const sentences = exceededLimits(plan.messages.filter(isPlanned), { ...limits, ...off }, activeNodes);
  if (sentences.length > 0) throw new CodedError('usage', sentences.join('\n'));
}

async function makePlan(options: LoadOptions, parts: LoadParts, about: AboutAggregator): Promise<LoadPlan> {
  const { aggregator, nonce, clock, foreignSigner } = parts;
  if (options.profile === 'broker-restart' && about.mode === 'core') {
    const why = 'it reads plain NATS, which keeps nothing while the broker restarts';
    throw new CodedError('usage', `The aggregator is not suitable for this profile: ${why}.`);
  }
  const limits = await aggregator.limits();
  const profile: Profile = PROFILES[options.profile];
  const hasRestartCommand = options.restartCommand !== null;
  const more = { nonce, startAtMs: clock.nowMs(), foreignSigner, hasRestartCommand };
  const plan = profile.plan({ ...options, ...more }, limits);
  refuseBeyondLimits(profile, plan, limits, await shownActiveNodes(aggregator));
  return plan;
}

/** The headers of a message: of the key of the run, or of the signature for which it must be refused. */
export function headersFor(
  signer: Signer | null,
  foreignSigner: Signer | null,
  strangeSigner: Signer,
): (message: LoadMessage) => SignatureHeaders | null {
  return (message) => {
    const { subject, payload } = message;
    const reason = message.content === null ? message.reason : null;
    const signs =
      reason === 'unauthenticated' ? strangeSigner : reason === 'wrong_node' ? foreignSigner : signer;
    return signs?.(subject, payload) ?? null;
  };
}

/** The expectation for the statistics; each message of a newcomer that was admitted is a node more. */
export function expectedOf(demands: Demands, counters: Counters | null): ExpectedStatistics {
  const { limited, expected } = demands;
  if (limited?.type !== 'newcomers' || counters === null) return expected.statistics;
  const known = expected.messages.node_joined.applied;
  const admitted = outcomeTotal(counters, 'applied', SUBJECT_OF.node_joined) - known;
  const { totalNodes, onlineNodes, activeNodes } = expected.statistics;
  return {
    ...expected.statistics,
    totalNodes: totalNodes + admitted,
    onlineNodes: onlineNodes + admitted,
    activeNodes: activeNodes + admitted,
  };
}

/** Sends the plan and lets its incidents happen; returns what was found out. */
async function performRun(options: LoadOptions, parts: LoadParts, run: PreparedRun): Promise<LoadFindings> {
  const { plan, fleet, waiting, baseline } = run;
  const { clock, wait } = parts;
  const incidents = new Incidents(fleet, plan.incidents, { ...options, ...parts });
  const size = { messages: plan.messages.length, durationMs: options.durationMs, nodes: options.nodes };
  const { onProgress, end } = sendingProgress('loadtest', parts, size);
  const { elapsedMs, behindMsMax } = await sendPaced(plan.messages, {
    clock,
    wait,
    onProgress,
    send: (message) => fleet.send(message),
    flush: () => fleet.flush(),
    pass: (planMs) => incidents.pass(planMs),
  }).finally(end);
  await fleet.settle(SETTLE_MAX_MS);
  const report = fleet.report();
  const aftermath = await readResults(waiting, {
    sent: plan.messages.length,
    resent: [...report.resent.values()].reduce((sum, count) => sum + count, 0),
    isAlone: true,
    nodeIds: plan.nodeIds,
    baseline,
    elapsedMs,
    statistics: (counters) => expectedOf(plan.demands, counters),
  });
  const unconfirmed = plan.messages.length - report.confirmed;
  return { plan, fleet: report, unconfirmed, elapsedMs, behindMsMax, aftermath };
}

async function connectFleet(fleet: Fleet, plan: LoadPlan, parts: LoadParts): Promise<void> {
  const progress = progressLine('loadtest', parts.output, () => parts.clock.monotonicMs());
  const onProgress = (connected: number) =>
    progress.show('connecting', `${connected} of ${plan.connections} nodes`);
  try {
    await fleet.open(onProgress);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = 'may the broker have so many connections (max_connections)?';
    const what = `Only ${fleet.connected} of ${plan.connections} connections to the broker could be made (${reason}): ${hint}`;
    throw new CodedError('usage', what, { cause: error });
  } finally {
    progress.end();
  }
}

/**
 * Runs a load test; resolves to 0 (all as it must be) or 1. Throws CodedError `usage` if it cannot or must not begin,
 * and a plain error if a run that began cannot be judged.
 */
export async function runLoadTest(options: LoadOptions, parts: LoadParts): Promise<0 | 1> {
  const { aggregator, clock, wait, dial, signal } = parts;
  await waitUntilReady(parts);
  const about = await aggregator.about();
  const plan = await makePlan(options, parts, about);
  parts.requireConnections(plan.connections);
  const { connections, connectionOf } = plan;
  const headersOf = headersFor(parts.signer, parts.foreignSigner, unknownSigner(parts.nonce));
  const fleet = new Fleet(
    { connections, connectionOf, seed: options.seed },
    { dial, clock, wait, headersOf },
  );
  const broker = await parts.connectSimulator();
  const close = () => fleet.close();
  signal.addEventListener('abort', close);
  try {
    await connectFleet(fleet, plan, parts);
    const waiting = await listen(parts, broker, options.patienceMs);
    const baseline = await readBaseline(waiting);
    const startedAtMs = clock.nowMs();
    const findings = await onceBegun(() =>
      performRun(options, parts, { plan, about, fleet, waiting, baseline }),
    );
    const versions = versionsWith(findings.fleet.brokerVersion, about);
    const differences = judge(findings);
    parts.report({ ...findings, options, startedAtMs, machine: parts.machine, versions, differences });
    return differences.length === 0 ? 0 : 1;
  } finally {
    signal.removeEventListener('abort', close);
    fleet.close();
    await broker.close();
  }
}
