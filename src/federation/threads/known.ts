// What the main thread knows: of what the two threads told it, the latest, and when. It makes of that what probes, people
// and Prometheus ask. It asks nobody, starts nothing and reads no clock: moments are of the monotonic clock, as arguments.

import { REPORT_AGE_MAX_MS } from './bounds.ts';
import type { IngestAccounts, IngestStatus, SourceStatus } from '../domain/accounting.ts';
import { type ApiKey, KeyBook } from '../domain/api-keys.ts';
import { listMissing, type Missing, NONE_MISSING } from '../domain/missing.ts';
import type { NodeTrust, TickStatistics } from '../domain/statistics.ts';
import type { Period } from '../domain/vocabulary.ts';
import { type LiveState, liveState } from '../http/live-state.ts';
import { type PeriodStatistics, statisticsByPeriod } from '../http/period-statistics.ts';
import { judgeReadiness, type Readiness, type ReadinessInputs } from '../http/readiness.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { createStatisticsSigner, type StatisticsSigner } from '../../lib/ed25519.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { IngestReports } from './ingest-reports.ts';
import type { IngestToMain } from './messages.ts';

/** The messages of the ingest thread that tell something; the others ask for something to be done. */
export type IngestNews = Extract<IngestToMain, { type: 'opened' | 'committed' | 'snapshot' | 'keys' }>;

/** What does not change while the program runs. */
export interface KnownFromStart {
  /** AGGREGATOR_ID; without it the database has one. */
  readonly aggregatorId: string | null;
  readonly version: string;
  readonly startedAtMs: number;
  readonly publishIntervalMs: number;
}

/** What the other parts of the main thread say of themselves when they are asked. */
export type Elsewhere = Pick<
  ReadinessInputs,
  'workersUp' | 'readProblem' | 'publishProblem' | 'joinProblem' | 'logLoss' | 'descriptorProblem'
>;

/** What an opened database holds that others need: secrets among it. */
interface Opened {
  readonly salt: string;
  readonly signer: StatisticsSigner;
}

export class Known {
  readonly #fromStart: KnownFromStart;
  readonly #reports = new IngestReports(REPORT_AGE_MAX_MS);
  #opened: Opened | null = null;
  #aggregatorId: string;
  #accounts: IngestAccounts | null = null;
  #totalNodes = 0;
  #trust: NodeTrust = { authenticated: 0, claimed: 0 };
  #missing: Missing = NONE_MISSING;
  #keys = new KeyBook([]);
  #observedMs = 0;
  #lastHeardAtMs: number | null = null;
  #caughtUpAtMs: number | null = null;
  #lastTickAtMs: number | null = null;
  #latest: ReadonlyMap<Period, PeriodStatistics> = new Map();

  constructor(fromStart: KnownFromStart) {
    this.#fromStart = fromStart;
    this.#aggregatorId = fromStart.aggregatorId ?? '';
  }

  /** Takes what the ingest thread tells. */
  apply(news: IngestNews, nowMs: number): void {
    switch (news.type) {
      case 'opened':
        this.#aggregatorId = news.aggregatorId;
        this.#missing = news.missing;
        this.#observedMs = news.observedMs;
        this.#setKeys(news.keys);
        this.#opened = {
          salt: news.identity.salt,
          signer: createStatisticsSigner(news.identity.statisticsKey),
        };
        return;
      case 'committed':
        this.#observedMs = news.observedMs;
        if (news.signs.length > 0) this.#lastHeardAtMs = nowMs;
        return;
      case 'snapshot':
        this.#accounts = news.accounts;
        this.#totalNodes = news.totalNodes;
        this.#trust = news.trust;
        this.#missing = news.missing;
        this.#observedMs = news.observedMs;
        this.#reports.ofWriter(news.status, nowMs);
        return;
      case 'keys':
        this.#setKeys(news.keys);
        return;
      default:
        unreachable(news);
    }
  }

  /** Takes what the source thread tells; true if it has caught up since it told before. */
  applySource(status: SourceStatus, nowMs: number): boolean {
    const hasCaughtUp = this.#reports.ofSource(status, nowMs);
    if (hasCaughtUp) this.#caughtUpAtMs = nowMs;
    return hasCaughtUp;
  }

  /** Takes the statistics of a tick that began at `startedAtMs`. */
  ticked(tick: TickStatistics, startedAtMs: number): void {
    this.#lastTickAtMs = startedAtMs;
    this.#latest = statisticsByPeriod(tick, this.#aggregatorId);
  }

  /** The database is open: before, nothing of it is known. */
  get isOpened(): boolean {
    return this.#opened !== null;
  }

  /** Empty until the database is open, if the settings name none. */
  get aggregatorId(): string {
    return this.#aggregatorId;
  }

  /** What signs statistics; null before the database is open. */
  get signer(): StatisticsSigner | null {
    return this.#opened?.signer ?? null;
  }

  /** The salt of the federation and the signer. Throws `internal` before the database is open. */
  get opened(): Opened {
    if (this.#opened === null) throw new CodedError('internal', 'The database is not open yet.');
    return this.#opened;
  }

  get keys(): KeyBook {
    return this.#keys;
  }

  /** The ingest thread's latest counters; null before it reported. */
  get accounts(): IngestAccounts | null {
    return this.#accounts;
  }

  /** Nodes that have a row, by who spoke last for them. */
  get trust(): NodeTrust {
    return this.#trust;
  }

  get missing(): Missing {
    return this.#missing;
  }

  /** The observed clock of the last message taken. */
  get observedMs(): number {
    return this.#observedMs;
  }

  get isCaughtUp(): boolean {
    return this.#reports.isCaughtUp;
  }

  /** The statistics of the latest tick; null before the first. */
  statistics(period: Period): PeriodStatistics | null {
    return this.#latest.get(period) ?? null;
  }

  /** What is known of both threads; null before the writer has reported. */
  status(nowMs: number): IngestStatus | null {
    return this.#reports.status(nowMs);
  }

  /** All nodes by state: `actors` counts those that have an actor. A node that was forgotten has none and is offline. */
  nodes({ online, stale }: Readonly<Record<NodeState, number>>): Record<NodeState, number> {
    return { online, stale, offline: Math.max(0, this.#totalNodes - online - stale) };
  }

  /** The answer of `/readyz`. */
  readiness(elsewhere: Elsewhere, nowMs: number): Readiness {
    return judgeReadiness({
      ...elsewhere,
      status: this.status(nowMs),
      missing: listMissing(this.#missing),
      lastTickAtMs: this.#lastTickAtMs,
      startedAtMs: this.#fromStart.startedAtMs,
      caughtUpAtMs: this.#caughtUpAtMs,
      publishIntervalMs: this.#fromStart.publishIntervalMs,
      nowMs,
    });
  }

  /** What is live at this moment. `wallMs` is the wall time of a moment of the monotonic clock, as the wall clock is set now. */
  live(
    elsewhere: Elsewhere,
    actors: Readonly<Record<NodeState, number>>,
    nowMs: number,
    wallMs: (monotonicMs: number) => number,
  ): LiveState {
    const shown = (atMs: number | null) => (atMs === null ? null : wallMs(atMs));
    return liveState({
      aggregatorId: this.#aggregatorId,
      version: this.#fromStart.version,
      startedAtMs: wallMs(this.#fromStart.startedAtMs),
      publishIntervalMs: this.#fromStart.publishIntervalMs,
      readiness: this.readiness(elsewhere, nowMs),
      accounts: this.#accounts,
      status: this.status(nowMs),
      nodes: this.nodes(actors),
      lastHeardAtMs: shown(this.#lastHeardAtMs),
      lastTickAtMs: shown(this.#lastTickAtMs),
      missing: listMissing(this.#missing),
    });
  }

  #setKeys(keys: readonly ApiKey[]): void {
    this.#keys = new KeyBook(keys);
  }
}
