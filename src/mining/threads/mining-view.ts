// Puts together what the parts of the program tell about themselves, for the dashboard, readiness and metrics. It asks
// the parts, and keeps nothing.

import type { NodeActors } from '../../actors/node-actors.ts';
import { systemClock } from '../../lib/clock.ts';
import { type DescriptorWatch, openFilesMax } from '../../lib/descriptors.ts';
import type { HistogramSnapshot } from '../../lib/histogram.ts';
import type { LineLoss } from '../../lib/line-output.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import type { Verify } from '../domain/proof-check.ts';
import { WAITING_PROOFS_MAX } from '../domain/proof-schedule.ts';
import type { LiveStatistics } from '../domain/statistics.ts';
import type {
  AlarmView,
  DeliveryView,
  InformationAnswer,
  MiningView,
  ProofView,
  StoreView,
} from '../domain/view.ts';
import type { Desk } from '../ingest/desk.ts';
import type { DoorSnapshot } from '../sources/door-counts.ts';
import type { MiningQuestions } from '../workers/questions.ts';
import type { ProofQueue } from '../workers/proof-queue.ts';
import type { UpstreamSide } from './upstream-side.ts';
import type { WriterSide } from './writer-side.ts';

/** The parts that are asked. */
export interface ViewParts {
  readonly isDemonstration: boolean;
  readonly version: string;
  /** ms since the epoch, and on the monotonic clock. */
  readonly startedAtMs: number;
  readonly startedMonotonicMs: number;
  readonly blockTimeSecs: number;
  readonly verify: () => Verify;
  readonly nodes: Pick<NodeActors, 'counts'>;
  readonly upstreams: UpstreamSide;
  readonly desk: Pick<Desk, 'snapshot'>;
  readonly proofs: Pick<ProofQueue, 'counts' | 'isUp' | 'threads'>;
  readonly writer: Pick<WriterSide, 'status' | 'facts' | 'commitSeconds'>;
  readonly pool: Pick<WorkerPool<MiningQuestions>, 'isUp' | 'waitingQuestions'>;
  readonly descriptors: Pick<DescriptorWatch, 'problem' | 'seconds'>;
  /** Why the database cannot be read; null while it can. */
  readonly readProblem: () => string | null;
  readonly door: () => DoorSnapshot;
  readonly informationAnswers: Readonly<Record<InformationAnswer, number>>;
  readonly checkSeconds: () => HistogramSnapshot;
  /** Age of the check that waits longest; 0 if none waits. */
  readonly oldestCheckMs: () => number;
  logLoss(): LineLoss;
  alarms(): AlarmView;
}

/** Makes the view of this moment. */
export function miningView(parts: ViewParts): MiningView {
  const { pool, descriptors } = parts;
  return {
    isDemonstration: parts.isDemonstration,
    version: parts.version,
    startedAtMs: parts.startedAtMs,
    uptimeMs: systemClock.monotonicMs() - parts.startedMonotonicMs,
    machines: { ...parts.nodes.counts },
    upstreams: parts.upstreams.set.statuses.map((status) => ({
      ...status,
      delivery: deliveryView(status.name, parts.upstreams),
    })),
    door: { ...parts.door(), informationAnswers: { ...parts.informationAnswers } },
    desk: parts.desk.snapshot(),
    proofs: proofView(parts),
    store: storeView(parts),
    alarms: parts.alarms(),
    pool: { isUp: pool.isUp, waitingQuestions: pool.waitingQuestions },
    descriptors: {
      problem: descriptors.problem,
      seconds: descriptors.seconds,
      limit: openFilesMax(),
    },
    logLoss: parts.logLoss(),
  };
}

/** What `/stats` needs beside the writer's snapshot. */
export function liveStatistics(parts: ViewParts): LiveStatistics {
  const { set } = parts.upstreams;
  return {
    nowMs: systemClock.nowMs(),
    uptimeSecs: Math.floor((systemClock.monotonicMs() - parts.startedMonotonicMs) / 1000),
    blockTimeSecs: parts.blockTimeSecs,
    information: set.active.information,
    upstreams: set.statuses.map(({ name, state, isActive }) => {
      const { outcomes, waiting } = deliveryView(name, parts.upstreams);
      const { delivered: accepted, refused: rejected } = outcomes;
      return { name, state, isActive, forwarded: accepted + rejected, accepted, rejected, waiting };
    }),
  };
}

const NO_DELIVERY: DeliveryView = {
  waiting: 0,
  underWay: 0,
  oldestAgeMs: 0,
  attempts: 0,
  failedAttempts: 0,
  outcomes: { delivered: 0, refused: 0, expired: 0, replaced: 0 },
  redelivered: 0,
  mismatched: 0,
};

function deliveryView(name: string, upstreams: UpstreamSide): DeliveryView {
  return upstreams.deliveryOf(name)?.snapshot() ?? NO_DELIVERY;
}

function proofView({ proofs, verify, checkSeconds, oldestCheckMs }: ViewParts): ProofView {
  const { counts } = proofs;
  return {
    isOff: verify() === 'off',
    workers: proofs.isUp ? proofs.threads : 0,
    busyWorkers: counts.running,
    waiting: counts.waiting,
    waitingLimit: WAITING_PROOFS_MAX,
    oldestAgeMs: oldestCheckMs(),
    outcomes: counts.outcomes,
    joined: counts.joined,
    nonces: counts.nonces,
    overBudgetAddresses: counts.overBudget,
    checkSeconds: checkSeconds(),
  };
}

function storeView({ writer, readProblem }: ViewParts): StoreView {
  const { status, facts } = writer;
  return {
    problem: status?.databaseProblem ?? readProblem(),
    waitingFacts: facts.waiting,
    droppedFacts: facts.dropped + (status?.unstorableFacts ?? 0),
    unlistedPairs: status?.unlistedPairs ?? 0,
    sizeBytes: status?.databaseSizeBytes ?? 0,
    diskFreeBytes: status?.diskFreeBytes ?? 0,
    diskSizeBytes: status?.diskSizeBytes ?? 0,
    commitSeconds: writer.commitSeconds,
  };
}
