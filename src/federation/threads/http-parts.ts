// Connects HTTP and Prometheus to the main thread: each question goes to the part that knows the answer. It answers
// none itself.

import type { BrokerClients } from './broker-clients.ts';
import type { Settings } from '../config/settings.ts';
import type { BackupAnswer } from '../http/cluster-backup.ts';
import type { FederationHttpParts, FederationHttpServer } from '../http/server.ts';
import type { Elsewhere, Known } from './known.ts';
import type { Notifications } from './notifications.ts';
import type { Present } from './own-events.ts';
import type { Metrics, MetricsParts } from '../metrics/metrics.ts';
import type { NodeActors } from '../../actors/node-actors.ts';
import type { FederationQuestions } from '../workers/questions.ts';
import type { ClusterStatus } from '../domain/cluster-status.ts';
import type { SplittersStatus } from '../domain/splitter-status.ts';
import type { Log } from '../../io/log.ts';
import { systemClock } from '../../lib/clock.ts';
import type { ClockWatch } from '../../lib/clock-watch.ts';
import type { DescriptorWatch } from '../../lib/descriptors.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import type { LastBackup } from '../../store/last-backup.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import type { RefusedReads } from '../../workers/refused-reads.ts';

/** The parts that answer the questions. */
export interface Answering {
  readonly log: Pick<Log, 'error'>;
  readonly known: Known;
  readonly clients: Pick<BrokerClients, 'publishProblem' | 'joinProblem' | 'refusals'>;
  readonly clock: Pick<ClockWatch, 'wallMs'>;
  readonly descriptors: Pick<DescriptorWatch, 'problem' | 'seconds'>;
  readonly nodes: Pick<NodeActors, 'counts'>;
  readonly pool: Pick<WorkerPool<FederationQuestions>, 'ask' | 'isUp' | 'waitingQuestions'>;
  readonly refusedReads: Pick<RefusedReads, 'problem'>;
  readonly notifications: Pick<Notifications, 'problem' | 'receivers' | 'view' | 'test'>;
  readonly lastBackup: LastBackup;
  /** The lines that the log could not write. */
  logLoss(): LineLoss;
  /** The cluster of this process; null for a process on its own. */
  cluster(): AnsweringCluster | null;
}

/** What the cluster answers. */
export interface AnsweringCluster {
  readonly splitters: SplittersStatus | null;
  readonly publishProblem: string | null;
  status(): ClusterStatus;
  backup(keyId: string): BackupAnswer;
}

/** Makes the parts of the HTTP server. */
export function httpParts(
  settings: Settings,
  answering: Answering,
  metrics: Pick<Metrics, 'contentType' | 'text'>,
  keyUsed: (keyId: string) => void,
): FederationHttpParts {
  const { log, known, pool, nodes, clock, cluster } = answering;
  const { nowMs, monotonicMs } = systemClock;
  return {
    live: () => true,
    readiness: () => known.readiness(elsewhere(answering), monotonicMs()),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    aggregatorId: () => known.aggregatorId,
    statistics: (period) => known.statistics(period),
    nodes: (query) => pool.ask('nodePage', { query }),
    nodeOrder: (query) => pool.ask('nodeOrder', { query }),
    nodeListings: (numbers, stripCells) => pool.ask('nodeListings', { numbers, stripCells }),
    node: (query) => pool.ask('node', { query }),
    events: (query) => pool.ask('events', { query }),
    history: (query) => pool.ask('history', { query, tickMs: settings.publish.intervalMs }),
    reporting: () => pool.ask('reporting', { nowMs: nowMs() }),
    current: () =>
      known.live(elsewhere(answering), nodes.counts, monotonicMs(), (atMs) => clock.wallMs(atMs)),
    nodeCounts: () => known.nodes(nodes.counts),
    trust: () => known.trust,
    notifications: () => answering.notifications.view,
    testNotifications: (name) => answering.notifications.test(name),
    findKey: (keyId) => known.keys.find(keyId),
    keyUsed,
    keySetSummary: 'The keys that sign published statistics, a JWK set',
    publicKeys: () => (known.signer === null ? [] : [known.signer.publicKey]),
    limits: () => settings.limits,
    nowMs,
    monotonicMs,
    clusterBackup:
      settings.cluster === null
        ? null
        : (keyId) =>
            cluster()?.backup(keyId) ?? { type: 'backup_failed', sentence: 'the program is starting' },
    failed: (error) => log.error('http: a request failed', { error }),
  };
}

/** Makes the parts of the metrics. */
export function metricsParts(
  version: string,
  modeSetting: MetricsParts['modeSetting'],
  answering: Answering,
  feed: FederationHttpServer['feed'],
): MetricsParts {
  const { known, pool, nodes, clock, clients, descriptors, logLoss, cluster, lastBackup } = answering;
  const status = () => known.status(systemClock.monotonicMs());
  return {
    accounts: () => known.accounts,
    status,
    nodes: () => known.nodes(nodes.counts),
    trust: () => known.trust,
    missing: () => known.missing,
    pool: () => pool,
    feed,
    logLoss,
    descriptors: () => descriptors,
    isReady: () => known.readiness(elsewhere(answering), systemClock.monotonicMs()).status === 'ready',
    refusals: () => (status()?.refusals ?? 0) + clients.refusals,
    cluster: () => cluster()?.status() ?? null,
    splitters: () => cluster()?.splitters ?? null,
    receivers: () => answering.notifications.receivers,
    tick: () => known.lastTick,
    modeSetting,
    lastBackup,
    version,
    wallMs: (monotonicMs) => clock.wallMs(monotonicMs),
  };
}

/** True if `/readyz` is ok, whatever the cluster of this process is like. */
export function isReadyAlone(answering: Answering): boolean {
  const facts = elsewhere({ ...answering, cluster: () => null });
  return answering.known.readiness(facts, systemClock.monotonicMs()).status === 'ready';
}

/** What the events of the aggregator are noticed in. */
export function presentOf(answering: Answering): Present {
  const { known } = answering;
  const nowMs = systemClock.monotonicMs();
  const { status, components } = known.readiness(elsewhere(answering), nowMs);
  const reasons = Object.entries(components).filter(([, { ok }]) => !ok);
  return {
    isReady: status === 'ready',
    reason: reasons.map(([name, { reason }]) => `${name}: ${reason ?? 'not well'}`).join('; '),
    isBrokerThere: known.status(nowMs)?.connected ?? null,
  };
}

/** The facts for `/readyz` that other parts provide. */
function elsewhere(answering: Answering): Elsewhere {
  const { pool, refusedReads, clients, logLoss, descriptors, notifications, cluster } = answering;
  return {
    workersUp: pool.isUp,
    readProblem: refusedReads.problem,
    publishProblem: clients.publishProblem ?? cluster()?.publishProblem ?? null,
    joinProblem: clients.joinProblem,
    logLoss: logLoss(),
    descriptorProblem: descriptors.problem,
    notificationProblem: notifications.problem,
    cluster: cluster()?.status() ?? null,
  };
}
