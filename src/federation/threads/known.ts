// The main thread's knowledge: the latest reports of the two other threads, and when they arrived. From it this file
// answers probes, people and Prometheus. It asks no other part, starts nothing and reads no clock: the caller passes
// times of the monotonic clock.

import type { Settings } from '../config/settings.ts';
import type { IngestAccounts, IngestStatus, SourceStatus } from '../domain/accounting.ts';
import { type ApiKey, KeyBook } from '../domain/api-keys.ts';
import type { Identity } from '../domain/identity.ts';
import type { Membership, ReplicaPosition } from '../domain/cluster.ts';
import { listMissing, type Missing, NONE_MISSING } from '../domain/missing.ts';
import type { NodeTrust, TickStatistics } from '../domain/statistics.ts';
import type { Period } from '../domain/vocabulary.ts';
import { liveState } from '../http/live-state.ts';
import { type PeriodStatistics, statisticsByPeriod } from '../http/period-statistics.ts';
import { judgeReadiness, type Readiness, type ReadinessInputs } from '../http/readiness.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { createSigner, type Signer } from '../../lib/ed25519.ts';
import { CodedError } from '../../lib/errors.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { JsonObject } from '../../lib/merge-patch.ts';
import { IngestReports } from './ingest-reports.ts';
import type { IngestToMain } from './messages.ts';

/** The messages of the ingest thread that report something; the other messages request something. */
export type IngestNews = Extract<
  IngestToMain,
  { type: 'opened' | 'joined' | 'committed' | 'snapshot' | 'keys' }
>;

/** Facts that do not change while the program runs. */
export interface KnownFromStart {
  /** The setting AGGREGATOR_ID; null if unset, and then the id is in the database. */
  readonly aggregatorId: string | null;
  readonly version: string;
  readonly startedAtMs: number;
  readonly publishIntervalMs: number;
  readonly staleAfterMs: number;
}

/** These facts from the settings. `startedAtMs` is on the monotonic clock. */
export function knownFromStart(settings: Settings, version: string, startedAtMs: number): KnownFromStart {
  return {
    aggregatorId: settings.aggregatorId ?? null,
    version,
    startedAtMs,
    publishIntervalMs: settings.publish.intervalMs,
    staleAfterMs: settings.lifecycle.staleAfterMs,
  };
}

/** The facts that other parts of the main thread provide about themselves. */
export type Elsewhere = Pick<
  ReadinessInputs,
  | 'workersUp'
  | 'readProblem'
  | 'publishProblem'
  | 'joinProblem'
  | 'logLoss'
  | 'descriptorProblem'
  | 'cluster'
  | 'notificationProblem'
>;

/** Contents of the opened database that other parts need, including secrets. */
interface Opened {
  readonly salt: string;
  readonly signer: Signer;
  readonly identity: Identity;
}

/** What the opened database says of itself, for the cluster of this process. */
interface Own {
  readonly membership: Membership | null;
  readonly identity: Identity;
  readonly aggregatorId: string;
  /** True if the database held counts when it was opened. */
  readonly hasRows: boolean;
}

/** The main thread's knowledge. */
export class Known {
  readonly #fromStart: KnownFromStart;
  readonly #reports = new IngestReports();
  #opened: Opened | null = null;
  #aggregatorId: string;
  #accounts: IngestAccounts | null = null;
  #totalNodes = 0;
  #trust: NodeTrust = { authenticated: 0, claimed: 0 };
  #missing: Missing = NONE_MISSING;
  #membership: Membership | null = null;
  #hasRows = false;
  #position: ReplicaPosition | null = null;
  #keys = new KeyBook([]);
  #observedMs = 0;
  #lastHeardAtMs: number | null = null;
  #caughtUpAtMs: number | null = null;
  #lastTickAtMs: number | null = null;
  #lastTick: TickStatistics | null = null;
  #latest: ReadonlyMap<Period, PeriodStatistics> = new Map();
  #drift = 0;
  #monitorUrl: string | null = null;

  constructor(fromStart: KnownFromStart) {
    this.#fromStart = fromStart;
    this.#aggregatorId = fromStart.aggregatorId ?? '';
  }

  /** Records a report of the ingest thread. */
  apply(news: IngestNews, nowMs: number): void {
    switch (news.type) {
      case 'opened':
        this.#aggregatorId = news.aggregatorId;
        this.#missing = news.missing;
        this.#observedMs = news.observedMs;
        this.#membership = news.membership;
        this.#hasRows = news.hasRows;
        this.#setKeys(news.keys);
        this.#setIdentity(news.identity);
        return;
      case 'joined':
        this.#aggregatorId = news.aggregatorId;
        this.#setIdentity(news.identity);
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
        this.#position = news.position;
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

  /** Records a report of the source thread; returns true if the source has caught up since its previous report. */
  applySource(status: SourceStatus, nowMs: number): boolean {
    const hasCaughtUp = this.#reports.ofSource(status, nowMs);
    if (hasCaughtUp) this.#caughtUpAtMs = nowMs;
    return hasCaughtUp;
  }

  /** Records the statistics of a tick that began at `startedAtMs`. */
  ticked(tick: TickStatistics, startedAtMs: number): void {
    this.#lastTickAtMs = startedAtMs;
    this.#lastTick = tick;
    this.#latest = statisticsByPeriod(tick, this.#aggregatorId);
  }

  /** Records how many counts the last audit found to differ from the stored rows. */
  audited(drift: number): void {
    this.#drift = drift;
  }

  /** Records the WebSocket address of the embedded broker, which monitors connect to. */
  monitorsConnectTo(url: string | null): void {
    this.#monitorUrl = url;
  }

  /** True once the database is open; before that its contents are unknown. */
  get isOpened(): boolean {
    return this.#opened !== null;
  }

  /** Empty until the database is open, unless the settings name an id. */
  get aggregatorId(): string {
    return this.#aggregatorId;
  }

  /** The signer of statistics; null until the database is open. */
  get signer(): Signer | null {
    return this.#opened?.signer ?? null;
  }

  /** The salt of the federation and the signer. Throws `internal` until the database is open. */
  get opened(): Opened {
    if (this.#opened === null) throw new CodedError('internal', 'The database is not open yet.');
    return this.#opened;
  }

  /** What the database said when it was opened, with the identity that it has now. Throws as {@link opened}. */
  get own(): Own {
    const { identity } = this.opened;
    const [membership, aggregatorId, hasRows] = [this.#membership, this.#aggregatorId, this.#hasRows];
    return { membership, identity, aggregatorId, hasRows };
  }

  /** Where this replica is in its log; null without a cluster, and before the first report. */
  get position(): ReplicaPosition | null {
    return this.#position;
  }

  get keys(): KeyBook {
    return this.#keys;
  }

  /** The ingest thread's latest counters; null until it has reported. */
  get accounts(): IngestAccounts | null {
    return this.#accounts;
  }

  /** Number of stored nodes, by whether their newest message was signed. */
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

  /** The latest tick; null before the first. */
  get lastTick(): TickStatistics | null {
    return this.#lastTick;
  }

  /** The statistics of the latest tick; null before the first. */
  statistics(period: Period): PeriodStatistics | null {
    return this.#latest.get(period) ?? null;
  }

  /** The state of both threads; null until the writer has reported. */
  status(nowMs: number): IngestStatus | null {
    return this.#reports.status(nowMs);
  }

  /**
   * All nodes by state. `actors` counts the nodes that have an actor; a node without one was forgotten and is offline.
   */
  nodes({ online, stale }: Readonly<Record<NodeState, number>>): Record<NodeState, number> {
    return { online, stale, offline: Math.max(0, this.#totalNodes - online - stale) };
  }

  /** The body of `/readyz`. */
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

  /**
   * The live numbers at this moment. `wallMs` converts a time of the monotonic clock to the wall clock as it is set
   * now.
   */
  live(
    elsewhere: Elsewhere,
    actors: Readonly<Record<NodeState, number>>,
    nowMs: number,
    wallMs: (monotonicMs: number) => number,
  ): JsonObject {
    const shown = (atMs: number | null) => (atMs === null ? null : wallMs(atMs));
    return liveState({
      aggregatorId: this.#aggregatorId,
      version: this.#fromStart.version,
      startedAtMs: wallMs(this.#fromStart.startedAtMs),
      publishIntervalMs: this.#fromStart.publishIntervalMs,
      staleAfterMs: this.#fromStart.staleAfterMs,
      readiness: this.readiness(elsewhere, nowMs),
      accounts: this.#accounts,
      status: this.status(nowMs),
      nodes: this.nodes(actors),
      lastHeardAtMs: shown(this.#lastHeardAtMs),
      lastTickAtMs: shown(this.#lastTickAtMs),
      missing: listMissing(this.#missing),
      drift: this.#drift,
      monitorUrl: this.#monitorUrl,
      cluster: elsewhere.cluster,
    });
  }

  #setIdentity(identity: Identity): void {
    const { salt, statisticsKey } = identity;
    this.#opened = { salt, signer: createSigner(statisticsKey), identity };
  }

  #setKeys(keys: readonly ApiKey[]): void {
    this.#keys = new KeyBook(keys);
  }
}
