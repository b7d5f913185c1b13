// The only writer of the database. It merges signals in memory and commits them, the position, the roll-ups and the
// actors' transitions in one transaction. Between commits nothing is written. A failed commit changes nothing and can
// be repeated.

import { randomUUID } from 'node:crypto';
import type { ApiKey } from '../domain/api-keys.ts';
import type { ToldEvent } from '../domain/events.ts';
import type { EarlierInvoice, EarlierNode, EarlierStatistics, EarlierTask } from '../domain/earlier-rows.ts';
import type { NodeSign, NodeTransition } from '../../lifecycle/node-state.ts';
import type { Membership, ReplicaPosition } from '../domain/cluster.ts';
import type { Identity } from '../domain/identity.ts';
import type { NodeTrust } from '../domain/statistics.ts';
import type { Limits } from '../domain/limits.ts';
import type { Signal } from '../domain/signal.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { type Database, durably } from '../../store/database.ts';
import { Admission } from './admission.ts';
import { ApiKeyTable } from './api-keys.ts';
import { BlockedNodes } from './blocked-nodes.ts';
import { Commands } from './commands.ts';
import { DeletionTime } from './deletion-time.ts';
import { EventRows } from './event-rows.ts';
import type { RowMemoryOptions } from './hash-index.ts';
import { Housekeeping } from './housekeeping.ts';
import { InvoiceTable } from './invoices.ts';
import { StoredValues } from '../../store/stored-values.ts';
import { storeIdentity } from './identity-row.ts';
import { LabelDictionary } from './label-dictionary.ts';
import { type LastRun, noteAlive, readLastRun } from './last-run.ts';
import { LogRounds, type OpenRound } from './log-rounds.ts';
import { readMembership, storeMembership } from './membership.ts';
import { MissingRows } from './missing-rows.ts';
import { NodeTable } from './nodes.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import { StreamPosition } from './position.ts';
import { QuarantineRows, type SetAside } from './quarantine-rows.ts';
import { type PruneResult, Retention } from './retention.ts';
import { DIMENSION, RollupDeltas } from './rollups.ts';
import { StatisticsRows } from './statistics-rows.ts';
import { StatisticsThinning } from './statistics-thinning.ts';
import { TaskTable } from './tasks.ts';

/** The limits, times and sizes of a {@link FederationWriter}. */
export interface WriterOptions extends RowMemoryOptions {
  /** Number of nodes per generation in memory; the generation size of tasks if absent. */
  readonly nodesGenerationSize?: number;
  readonly limits: Limits;
  /**
   * Silence on the event clock, in ms, after which a node may be evicted to make room for another: OFFLINE_AFTER, 300 s
   * if absent.
   */
  readonly offlineAfterMs?: number;
  /** Time, in ms, for which rows are kept after they were last seen; 0 or absent: for ever. */
  readonly retentionMs?: number;
  readonly transitionsPerNodeMax: number;
  /**
   * PUBLISH_INTERVAL, in ms. It is stored with the statistics, so that later readers know how many rows there should
   * be.
   */
  readonly publishIntervalMs?: number;
}

/** The times of one message, in ms. */
export interface MessageTimes {
  /** The event time: the broker's time, or on plain NATS the time of receipt. */
  readonly atMs: number;
  /** This machine's wall clock when the message was read. */
  readonly nowMs: number;
  /** The observed clock when the message was read. */
  readonly observedMs: number;
}

/** A row of the earlier aggregator's database, translated to this program's terms. */
export type Adopted =
  | { readonly type: 'task'; readonly task: EarlierTask }
  | { readonly type: 'invoice'; readonly invoice: EarlierInvoice }
  | {
      readonly type: 'node';
      readonly node: EarlierNode;
      readonly silenceMs: number;
      readonly state: NodeState;
      readonly nowMs: number;
    }
  | { readonly type: 'statistics'; readonly statistics: EarlierStatistics };

/** The outcome of a merged message, see {@link FederationWriter.applyNext}. */
export type Applied = 'applied' | 'duplicate' | 'rate_limited';

/** What a commit did besides storing the merged changes. */
export interface CommitReport {
  /** Numbers of the nodes that were evicted or pruned: they have no row any more, and their actors must stop. */
  readonly gone: readonly number[];
  /** The result of the commit's step of retention; null if none was scheduled. */
  readonly pruned: PruneResult | null;
  /** True if no statistics are left to thin; null if no step was scheduled. */
  readonly isThinned: boolean | null;
  /** True if it stored the creation or the revocation of a key by a command of a cluster. */
  readonly hasChangedKeys: boolean;
}

const OFFLINE_AFTER_MS = 300_000;
const OBSERVED = 'observed_ms';
const AGGREGATOR_ID = 'aggregator_id';

/** Merges messages and transitions, and commits them. Only one may exist per database. */
export class FederationWriter {
  /** The report of the last successful commit. */
  lastCommit: CommitReport = { gone: [], pruned: null, isThinned: null, hasChangedKeys: false };
  readonly position: StreamPosition;
  readonly rounds: LogRounds;
  readonly commands: Commands;
  readonly keys: ApiKeyTable;
  readonly blocked: BlockedNodes;
  readonly missing: MissingRows;
  /** The id under which this aggregator publishes: configured, or generated once and stored, or that of its cluster. */
  aggregatorId: string;
  /** The run of the program before this one. Only of the first writer after the database was opened. */
  readonly lastRun: LastRun;
  readonly #database: Database;
  readonly #labels: readonly LabelDictionary[];
  readonly #tasks: TaskTable;
  readonly #invoices: InvoiceTable;
  readonly #nodes: NodeTable;
  readonly #rollups: RollupDeltas;
  readonly #statistics: StatisticsRows;
  readonly #quarantine: QuarantineRows;
  readonly #events: EventRows;
  readonly #stored: StoredValues;
  readonly #admission: Admission;
  readonly #retention: Retention;
  readonly #thinning: StatisticsThinning;
  readonly #housekeeping: Housekeeping;
  readonly #deletionTime: DeletionTime;
  #deletionMs = Infinity;
  /** The monotonic clock at the last {@link housekeep}. */
  #monotonicMs = 0;
  readonly #transaction: (nowMs: number) => void;
  #isErasing = false;
  /** Messages shed since the last commit. */
  #shed = 0;

  constructor(database: Database, options: WriterOptions, aggregatorId: string | null) {
    this.#database = database;
    const chains = new LabelDictionary(database, DIMENSION.chain);
    const types = new LabelDictionary(database, DIMENSION.taskType);
    const operations = new LabelDictionary(database, DIMENSION.operation);
    this.#labels = [chains, types, operations];
    this.#tasks = new TaskTable(database, chains, types, options);
    this.#invoices = new InvoiceTable(database, chains, operations, options);
    this.#rollups = new RollupDeltas(database);
    this.#statistics = new StatisticsRows(database, options.publishIntervalMs ?? null);
    this.#quarantine = new QuarantineRows(database);
    this.#stored = new StoredValues(database);
    this.#events = new EventRows(database, this.#stored);
    this.#nodes = new NodeTable(database, this.#stored, {
      generationSize: options.nodesGenerationSize ?? options.generationSize,
      transitionsPerNodeMax: options.transitionsPerNodeMax,
      isLimited: options.limits.maxNodes > 0,
    });
    this.lastRun = readLastRun(this.#stored, this.#nodes.everSeen > 0);
    this.#admission = new Admission(this.#stored, this.#nodes, {
      limits: options.limits,
      offlineAfterMs: options.offlineAfterMs ?? OFFLINE_AFTER_MS,
      observedMs: this.observedMs,
    });
    this.#retention = new Retention([this.#tasks, this.#invoices, this.#nodes], this.#stored);
    this.#thinning = new StatisticsThinning(database, this.#stored);
    const retentionMs = options.retentionMs ?? 0;
    this.#housekeeping = new Housekeeping(retentionMs);
    this.#deletionTime = new DeletionTime(database, this.#stored, retentionMs);
    this.position = new StreamPosition(database);
    this.rounds = new LogRounds(database, this.#stored, this.position);
    this.commands = new Commands(database);
    this.keys = new ApiKeyTable(database);
    this.blocked = new BlockedNodes(database);
    this.missing = new MissingRows(database);
    this.#transaction = database.transaction((nowMs: number) => this.#write(nowMs));
    this.aggregatorId = aggregatorId ?? this.#stored.text(AGGREGATOR_ID) ?? `aggregator-${randomUUID()}`;
    this.#stored.set(AGGREGATOR_ID, this.aggregatorId);
  }

  /** The observed clock at the last commit, in ms. */
  get observedMs(): number {
    return this.#stored.number(OBSERVED);
  }

  /** The cluster to which the database belongs; null if to none. */
  get membership(): Membership | null {
    return readMembership(this.#stored);
  }

  /** Makes the database that of a cluster's partition, with the cluster's identity, with the next commit. */
  join(membership: Membership, identity: Identity, aggregatorId: string): void {
    storeMembership(this.#stored, membership);
    storeIdentity(this.#stored, identity);
    this.aggregatorId = aggregatorId;
    this.#stored.set(AGGREGATOR_ID, aggregatorId);
  }

  /** Attaches to a log, whose rounds come next. */
  attachLog(log: StreamFacts): void {
    this.rounds.attach(log, this.#admission.followSources(this.rounds.hasHeard));
  }

  /** Every sequence up to this is merged: of the log, or of the attached stream; 0 on plain NATS. */
  get readUpTo(): number {
    return this.rounds.isFollowed ? this.rounds.logSeq : (this.position.nextSeq ?? 1) - 1;
  }

  /** Reads on in the log as the writer did that this one replaces, which had this round open at its last commit. */
  resumeLog(open: OpenRound | null): void {
    this.rounds.resume(open, this.#admission.followSources(this.rounds.hasHeard));
  }

  /** How far the log is applied; null without a cluster. To be asked right after a commit. */
  replica(): Omit<ReplicaPosition, 'holes'> | null {
    if (!this.rounds.isFollowed && this.membership === null) return null;
    const { latestId } = this.commands;
    return { ...this.rounds.replica(), control: latestId, nodesDigest: this.#nodes.digest };
  }

  /** What the event clock will show if the next event is at `atMs`. */
  eventMs(atMs: number): number {
    return this.#admission.eventMs(atMs);
  }

  /** The ingest thread has taken every message that was stored before the newest change of a key. */
  settleKeys(): void {
    this.keys.settle(this.#admission.eventMs(-Infinity));
  }

  /** Nodes ever seen, including those that were evicted or pruned. */
  get totalNodes(): number {
    return this.#nodes.everSeen;
  }

  /** Nodes with a row, by their newest message: signed with a key, or not. */
  get trust(): NodeTrust {
    const { authenticated, live } = this.#nodes;
    return { authenticated, claimed: live - authenticated };
  }

  get disagreements(): number {
    return this.#tasks.disagreements;
  }

  /**
   * Merges the next valid message of the source in memory, unless it exceeds a limit. `signer` is the key that signed
   * it.
   */
  applyNext(signal: Signal, moment: MessageTimes, signer: ApiKey | null = null): Applied {
    // In a stream the event times are fixed, so the same limits apply whenever the stream is read.
    const { isPlain } = this.position;
    const steadyMs = this.#admission.pass(moment.atMs, moment.observedMs, isPlain);
    // On plain NATS the event time is the reading of this machine's wall clock.
    if (isPlain) this.#deletionTime.stamped(moment.atMs);
    return this.#merge(signal, moment, signer, steadyMs, isPlain ? 'plain' : 'stream');
  }

  /** The same for a message whose order among the others is known only from its time. */
  apply(signal: Signal, moment: MessageTimes, signer: ApiKey | null = null): Applied {
    return this.#merge(signal, moment, signer, moment.atMs, 'unknown');
  }

  #merge(
    signal: Signal,
    moment: MessageTimes,
    signer: ApiKey | null,
    steadyMs: number,
    order: 'plain' | 'stream' | 'unknown',
  ): Applied {
    const { atMs, nowMs, observedMs } = moment;
    // A blocked node has a limit of zero messages.
    if (this.blocked.has(signal.nodeId)) return 'rate_limited';
    const known = this.#nodes.find(signal.nodeId);
    const use = signer === null ? null : this.keys.useOf(signer);
    const isInOrder = order !== 'unknown';
    // If the wall clock was set forward, all nodes would seem silent; so the observed clock must confirm it.
    const silentAtMs = order === 'plain' ? observedMs : null;
    const presentMs = isInOrder ? this.#admission.presentMs : atMs;
    if (!this.#admission.admit(known?.limitDueMs ?? null, use, steadyMs, presentMs, silentAtMs))
      return 'rate_limited';
    const node = known ?? this.#nodes.create(signal.nodeId, atMs, presentMs, nowMs, observedMs);
    if (use === null) node.limitDueMs = this.#admission.nodeDueMs(node.limitDueMs, steadyMs);
    else this.keys.spend(use, atMs, steadyMs);
    // The deletion clock follows this machine's clock, and the replicas of a log must have the same rows.
    const believedFromMs = isInOrder && !this.rounds.isFollowed ? this.#deletionMs : Infinity;
    const isEarlier =
      this.#nodes.hear(node, atMs, presentMs, observedMs, use !== null, believedFromMs) && !isInOrder;
    // A time in the future must not keep a node alive, or offline, until then. On the event clock no time is in the
    // future.
    const lifeAtMs = isInOrder ? this.#admission.messageMs : Math.min(atMs, nowMs);
    switch (signal.type) {
      case 'task_received':
        return this.#tasks.received(signal, node.number, atMs, nowMs, isInOrder) || isEarlier
          ? 'applied'
          : 'duplicate';
      case 'task_completed':
        return this.#tasks.completed(signal, node.number, atMs, nowMs, isInOrder) || isEarlier
          ? 'applied'
          : 'duplicate';
      case 'invoice_created':
        return this.#invoices.created(signal, node.number, atMs, nowMs, isInOrder) || isEarlier
          ? 'applied'
          : 'duplicate';
      case 'heartbeat':
        // Of messages of several sources one may arrive after another that was stored later.
        this.#nodes.beat(node, signal, isInOrder ? this.#admission.messageMs : steadyMs);
        if (signal.alive) this.#nodes.showLife(node, lifeAtMs);
        else this.#nodes.leave(node, lifeAtMs);
        return 'applied';
      case 'node_joined':
        this.#nodes.showLife(node, lifeAtMs);
        return 'applied';
      case 'node_left':
        this.#nodes.leave(node, lifeAtMs);
        return 'applied';
    }
  }

  /**
   * Adopts a row of the earlier aggregator's database with the next commit. A task or invoice adopted before is merged
   * with it. True if it was new. Only inside the adoption's transaction.
   */
  adopt(row: Adopted): boolean {
    switch (row.type) {
      case 'task':
        return this.#tasks.adopt(row.task);
      case 'invoice':
        return this.#invoices.adopt(row.invoice);
      case 'node':
        return this.#nodes.adopt(row.node, row.silenceMs, row.state, row.nowMs);
      case 'statistics':
        this.#statistics.adopt(row.statistics);
        return true;
    }
  }

  /** Runs `run`; its writes survive a power cut. */
  durably<T>(run: () => T): T {
    return durably(this.#database, run);
  }

  /**
   * Removes a node, its transitions and its events with the next commit; false if there is none of them. The events of a
   * node that was evicted are still there.
   */
  forget(nodeId: string): boolean {
    const hasEvents = this.#events.erase(nodeId);
    const isKnown = this.#nodes.forget(nodeId) || hasEvents;
    this.#isErasing ||= isKnown;
    return isKnown;
  }

  /** Stores a transition, and the event that it is, with the next commit. */
  transition(fact: NodeTransition): void {
    if (this.#nodes.transition(fact)) this.#events.add(fact);
  }

  /** Appends an event of the aggregator to the log of events with the next commit. */
  event(event: ToldEvent): void {
    this.#events.add(event);
  }

  /** Stores a tick's rows with the next commit. */
  statistics(tick: TickStatistics): void {
    this.#thinning.recorded(tick.nowMs);
    this.#statistics.add(tick);
  }

  /** Records with the next commit that a message cannot be stored. */
  quarantine(message: SetAside): void {
    this.#quarantine.add(message);
  }

  /** Records that `messages` messages were shed before they could be taken. */
  shed(messages: number): void {
    this.#shed += messages;
  }

  /**
   * Schedules a step of retention and one of thinning for the next commit, if they are due by the deletion clock, and
   * notes that the program is alive. Call it before each commit, with readings of the wall clock and the monotonic clock.
   */
  housekeep(nowMs: number, monotonicMs = nowMs): void {
    this.#monotonicMs = monotonicMs;
    noteAlive(this.#stored, nowMs);
    this.#deletionMs = this.#deletionTime.read(nowMs, monotonicMs);
    const cutoffs = this.#housekeeping.pruneCutoffs(this.#deletionMs, monotonicMs);
    if (cutoffs !== null) this.pruneStep(cutoffs.cutoffMs, cutoffs.adoptedCutoffMs);
    if (this.#housekeeping.isThinningDue(monotonicMs)) this.thinStep(this.#deletionMs);
  }

  /** The deletion clock at the last {@link housekeep}; Infinity before the first. */
  get deletionMs(): number {
    return this.#deletionMs;
  }

  /**
   * Schedules one step of retention for the next commit. It deletes some of the events, tasks, invoices and nodes last seen
   * before `cutoffMs` (adopted ones before `adoptedCutoffMs`), and moves their counts into the pruned totals. The next
   * step continues where this one stopped, also after a restart. {@link CommitReport.pruned} tells when a pass over all
   * tables is over.
   */
  pruneStep(cutoffMs: number, adoptedCutoffMs = cutoffMs): void {
    this.#retention.ask({ cutoffMs, adoptedCutoffMs });
    this.#events.prune(cutoffMs);
  }

  /** Schedules one step of thinning the statistics for the next commit, with ages as of `nowMs`. */
  thinStep(nowMs: number): void {
    this.#thinning.ask(nowMs);
  }

  /**
   * Commits everything merged since the last commit. Returns the nodes heard in it; {@link lastCommit} tells what else
   * it did. Throws SQLite's error and then changes nothing.
   */
  commit(nowMs: number, observedMs: number): NodeSign[] {
    this.#stored.set(OBSERVED, observedMs);
    this.#admission.keep();
    this.#transact(nowMs);
    for (const labels of this.#labels) labels.committed();
    this.#tasks.committed();
    this.#invoices.committed();
    this.#statistics.committed();
    this.missing.committed();
    this.#shed = 0;
    this.#quarantine.committed();
    this.#events.committed();
    this.#stored.committed();
    const hasChangedKeys = this.keys.committed();
    this.blocked.committed();
    this.commands.committed();
    this.rounds.committed();
    this.position.committed();
    const { signs, gone } = this.#nodes.committed();
    const pruned = this.#retention.committed();
    const isThinned = this.#thinning.committed();
    if (pruned !== null) this.#housekeeping.pruned(pruned.isPassOver, this.#monotonicMs);
    if (isThinned !== null) this.#housekeeping.thinned(isThinned, this.#monotonicMs);
    this.lastCommit = { gone, pruned, isThinned, hasChangedKeys };
    if (this.#isErasing) this.#emptyLog();
    return signs;
  }

  close(): void {
    this.#database.close();
  }

  /**
   * Truncates the log: data deleted on request must not wait there for the next checkpoint, unless a reader still needs
   * it.
   */
  #emptyLog(): void {
    this.#isErasing = false;
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // The commit is valid all the same, and a later checkpoint truncates the log.
    }
  }

  #transact(nowMs: number): void {
    if (!this.#isErasing) {
      this.#transaction(nowMs);
      return;
    }
    // SQLite overwrites data that is deleted on request.
    this.#database.pragma('secure_delete = ON');
    try {
      this.#transaction(nowMs);
    } finally {
      this.#database.pragma('secure_delete = OFF');
    }
  }

  #write(nowMs: number): void {
    this.#rollups.clear();
    this.#tasks.write(this.#rollups);
    this.#invoices.write(this.#rollups);
    this.#nodes.write(this.#rollups);
    // After the changed rows are written, so that retention decides by their new values.
    this.#retention.write(this.#rollups);
    for (const labels of this.#labels) labels.write();
    this.#rollups.write();
    this.#statistics.write(nowMs);
    this.#quarantine.write();
    this.#events.write();
    const found = {
      lost: this.position.lostSinceCommit,
      shed: this.#shed,
      quarantined: this.#quarantine.waiting,
    };
    this.missing.write(found, nowMs);
    this.#thinning.write();
    this.rounds.write();
    this.#stored.write();
    this.keys.write();
    this.blocked.write();
    this.commands.write();
    this.position.write();
  }
}
