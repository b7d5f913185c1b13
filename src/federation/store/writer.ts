// The one writer: merges signals into memory and commits them, the position, the roll-ups and the actors' transitions
// in one transaction. Between commits nothing is on disk; a commit that fails changes nothing and can be repeated.

import { randomUUID } from 'node:crypto';
import type { ApiKey } from '../domain/api-keys.ts';
import type { EarlierInvoice, EarlierNode, EarlierStatistics, EarlierTask } from '../domain/earlier-rows.ts';
import type { NodeSign, NodeTransition } from '../../lifecycle/node-state.ts';
import type { NodeTrust } from '../domain/statistics.ts';
import type { Limits } from '../domain/limits.ts';
import type { Signal } from '../domain/signal.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import type { NodeState } from '../../lifecycle/node-state.ts';
import { type Database, durably } from '../../store/database.ts';
import { Admission } from './admission.ts';
import { ApiKeyTable } from './api-keys.ts';
import { BlockedNodes } from './blocked-nodes.ts';
import { DeletionTime } from './deletion-time.ts';
import type { RowMemoryOptions } from './hash-index.ts';
import { Housekeeping } from './housekeeping.ts';
import { InvoiceTable } from './invoices.ts';
import { KeptValues } from '../../store/kept-values.ts';
import { LabelDictionary } from './label-dictionary.ts';
import { MissingRows } from './missing-rows.ts';
import { NodeTable } from './nodes.ts';
import { StreamPosition } from './position.ts';
import { QuarantineRows, type SetAside } from './quarantine-rows.ts';
import { type PruneResult, Retention } from './retention.ts';
import { DIMENSION, RollupDeltas } from './rollups.ts';
import { StatisticsRows } from './statistics-rows.ts';
import { StatisticsThinning } from './statistics-thinning.ts';
import { TaskTable } from './tasks.ts';

export interface WriterOptions extends RowMemoryOptions {
  /** Nodes per generation of those in memory; as many as of tasks if absent. */
  readonly nodesGenerationSize?: number;
  readonly limits: Limits;
  /** Silence, on the event clock, after which a node may be evicted to make room for another; OFFLINE_AFTER, 300 s if absent. */
  readonly offlineAfterMs?: number;
  /** How long after they were last seen rows are kept; 0 or absent: for ever. */
  readonly retentionMs?: number;
  readonly transitionsPerNodeMax: number;
  /** PUBLISH_INTERVAL; kept with the statistics, so that later it is known how many rows there should be. */
  readonly publishIntervalMs?: number;
}

/** The moment of one message. */
export interface Moment {
  /** The event's time: the broker's, or of receipt. */
  readonly atMs: number;
  /** Our clock when it was read. */
  readonly nowMs: number;
  /** The observed clock when it was read. */
  readonly observedMs: number;
}

/** A row of the earlier aggregator's database in our terms. */
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

export type Applied = 'applied' | 'duplicate' | 'rate_limited';

/** What else a commit did, beside storing what was merged. */
export interface CommitReport {
  /** Numbers of nodes that were evicted or pruned: they have no row any more, and their actors must stop. */
  readonly gone: readonly number[];
  /** The step of retention that rode in it; null if none was asked for. */
  readonly pruned: PruneResult | null;
  /** True if no statistics are left to thin; null if no step was asked for. */
  readonly isThinned: boolean | null;
}

const OFFLINE_AFTER_MS = 300_000;
const OBSERVED = 'observed_ms';
const AGGREGATOR_ID = 'aggregator_id';

export class FederationWriter {
  /** Of the last commit that succeeded. */
  lastCommit: CommitReport = { gone: [], pruned: null, isThinned: null };
  readonly position: StreamPosition;
  readonly keys: ApiKeyTable;
  readonly blocked: BlockedNodes;
  readonly missing: MissingRows;
  /** The name this aggregator publishes under: as set, or generated once and kept. */
  readonly aggregatorId: string;
  readonly #database: Database;
  readonly #labels: readonly LabelDictionary[];
  readonly #tasks: TaskTable;
  readonly #invoices: InvoiceTable;
  readonly #nodes: NodeTable;
  readonly #rollups: RollupDeltas;
  readonly #statistics: StatisticsRows;
  readonly #quarantine: QuarantineRows;
  readonly #kept: KeptValues;
  readonly #admission: Admission;
  readonly #retention: Retention;
  readonly #thinning: StatisticsThinning;
  readonly #housekeeping: Housekeeping;
  readonly #deletionTime: DeletionTime;
  #deletionMs = Infinity;
  /** Of the last {@link housekeep}. */
  #monotonicMs = 0;
  readonly #transaction: (nowMs: number) => void;
  #isErasing = false;
  /** Messages thrown away since the last commit. */
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
    this.#kept = new KeptValues(database);
    this.#nodes = new NodeTable(database, this.#kept, {
      generationSize: options.nodesGenerationSize ?? options.generationSize,
      transitionsPerNodeMax: options.transitionsPerNodeMax,
      isLimited: options.limits.maxNodes > 0,
    });
    this.#admission = new Admission(this.#kept, this.#nodes, {
      limits: options.limits,
      offlineAfterMs: options.offlineAfterMs ?? OFFLINE_AFTER_MS,
      observedMs: this.observedMs,
    });
    this.#retention = new Retention([this.#tasks, this.#invoices, this.#nodes], this.#kept);
    this.#thinning = new StatisticsThinning(database, this.#kept);
    const retentionMs = options.retentionMs ?? 0;
    this.#housekeeping = new Housekeeping(retentionMs);
    this.#deletionTime = new DeletionTime(database, this.#kept, retentionMs);
    this.position = new StreamPosition(database);
    this.keys = new ApiKeyTable(database);
    this.blocked = new BlockedNodes(database);
    this.missing = new MissingRows(database);
    this.#transaction = database.transaction((nowMs: number) => this.#write(nowMs));
    this.aggregatorId = aggregatorId ?? this.#kept.text(AGGREGATOR_ID) ?? `aggregator-${randomUUID()}`;
    this.#kept.set(AGGREGATOR_ID, this.aggregatorId);
  }

  /** The observed clock as last committed, in ms. */
  get observedMs(): number {
    return this.#kept.number(OBSERVED);
  }

  /** What the event clock shows for an event at `atMs` that comes next. */
  eventMs(atMs: number): number {
    return this.#admission.eventMs(atMs);
  }

  /** Every message that was stored before the newest change of a key has been taken. */
  settleKeys(): void {
    this.keys.settle(this.#admission.eventMs(-Infinity));
  }

  /** Nodes ever seen, those that were evicted or pruned included. */
  get totalNodes(): number {
    return this.#nodes.everSeen;
  }

  /** Nodes with a row, by who spoke last for them: a key, or anyone. */
  get trust(): NodeTrust {
    const { authenticated, live } = this.#nodes;
    return { authenticated, claimed: live - authenticated };
  }

  get disagreements(): number {
    return this.#tasks.disagreements;
  }

  /** Merges the next valid message of the source into memory, unless it is over a limit; `signer` is the key that signed it. */
  applyNext(signal: Signal, moment: Moment, signer: ApiKey | null = null): Applied {
    // In a stream events have their times for ever, and the same limits whenever they are read.
    const isPlain = this.position.nextSeq === null;
    const steadyMs = this.#admission.pass(moment.atMs, moment.observedMs, isPlain);
    // On plain NATS the time of an event is what our wall clock showed.
    if (isPlain) this.#deletionTime.stamped(moment.atMs);
    return this.#merge(signal, moment, signer, steadyMs, isPlain ? 'plain' : 'stream');
  }

  /** The same for a message of which only its time says where it stands among the others. */
  apply(signal: Signal, moment: Moment, signer: ApiKey | null = null): Applied {
    return this.#merge(signal, moment, signer, moment.atMs, 'unknown');
  }

  #merge(
    signal: Signal,
    moment: Moment,
    signer: ApiKey | null,
    steadyMs: number,
    order: 'plain' | 'stream' | 'unknown',
  ): Applied {
    const { atMs, nowMs, observedMs } = moment;
    // A limit of nothing.
    if (this.blocked.has(signal.nodeId)) return 'rate_limited';
    const known = this.#nodes.find(signal.nodeId);
    const use = signer === null ? null : this.keys.useOf(signer);
    const isInOrder = order !== 'unknown';
    // A wall clock that was set forward must not make all silent.
    const silentAtMs = order === 'plain' ? observedMs : null;
    const presentMs = isInOrder ? this.#admission.presentMs : atMs;
    if (!this.#admission.admit(known?.limitDueMs ?? null, use, steadyMs, presentMs, silentAtMs))
      return 'rate_limited';
    const node = known ?? this.#nodes.create(signal.nodeId, atMs, presentMs, nowMs, observedMs);
    if (use === null) node.limitDueMs = this.#admission.nodeDueMs(node.limitDueMs, steadyMs);
    else this.keys.spend(use, atMs, steadyMs);
    const believedFromMs = isInOrder ? this.#deletionMs : Infinity;
    const isEarlier =
      this.#nodes.hear(node, atMs, presentMs, observedMs, use !== null, believedFromMs) && !isInOrder;
    // Times in the future must not keep a node alive, or dead, until then; on the event clock none is.
    const lifeAtMs = isInOrder ? steadyMs : Math.min(atMs, nowMs);
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
        this.#nodes.beat(node, signal, steadyMs);
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
   * Takes over a row of the earlier aggregator's database, with the next commit; a task or invoice taken over before is
   * merged with it. True if it was new. Only inside the adoption's transaction.
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

  /** Runs with what it writes safe from a power cut. */
  durably<T>(run: () => T): T {
    return durably(this.#database, run);
  }

  /** Removes a node and its transitions with the next commit; false if there is none with this id. */
  forget(nodeId: string): boolean {
    const isKnown = this.#nodes.forget(nodeId);
    this.#isErasing ||= isKnown;
    return isKnown;
  }

  /** Stores a transition with the next commit. */
  transition(fact: NodeTransition): void {
    this.#nodes.transition(fact);
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

  /** So many messages were thrown away before they could be taken. */
  shed(messages: number): void {
    this.#shed += messages;
  }

  /**
   * Lets the next commit carry a step of retention and one of thinning, if they are due by the deletion clock. To be called
   * before a commit, with the wall clock and the monotonic one.
   */
  housekeep(nowMs: number, monotonicMs = nowMs): void {
    this.#monotonicMs = monotonicMs;
    this.#deletionMs = this.#deletionTime.read(nowMs, monotonicMs);
    const cutoffs = this.#housekeeping.pruneCutoffs(this.#deletionMs, monotonicMs);
    if (cutoffs !== null) this.#retention.ask(cutoffs);
    if (this.#housekeeping.isThinningDue(monotonicMs)) this.thinStep(this.#deletionMs);
  }

  /** What the deletion clock showed at the last {@link housekeep}; Infinity before the first. */
  get deletionMs(): number {
    return this.#deletionMs;
  }

  /**
   * Lets one step of retention ride in the next commit: some of the tasks, invoices and nodes last seen before
   * `cutoffMs` (adopted ones before `adoptedCutoffMs`) go, and their counts move into the pruned totals. The next step goes on where this one stopped, also
   * after a restart; a pass over all tables is over when {@link CommitReport.pruned} says so.
   */
  pruneStep(cutoffMs: number, adoptedCutoffMs = cutoffMs): void {
    this.#retention.ask({ cutoffMs, adoptedCutoffMs });
  }

  /** Lets one step of thinning the statistics ride in the next commit, with ages as of `nowMs`. */
  thinStep(nowMs: number): void {
    this.#thinning.ask(nowMs);
  }

  /**
   * Commits everything merged since the last commit; returns the nodes heard in it, and {@link lastCommit} says what else
   * was done. Throws SQLite's error, changing nothing.
   */
  commit(nowMs: number, observedMs: number): NodeSign[] {
    this.#kept.set(OBSERVED, observedMs);
    this.#admission.keep();
    this.#transact(nowMs);
    for (const labels of this.#labels) labels.committed();
    this.#tasks.committed();
    this.#invoices.committed();
    this.#statistics.committed();
    this.missing.committed();
    this.#shed = 0;
    this.#quarantine.committed();
    this.#kept.committed();
    this.keys.committed();
    this.position.committed();
    const { signs, gone } = this.#nodes.committed();
    const pruned = this.#retention.committed();
    const isThinned = this.#thinning.committed();
    if (pruned !== null) this.#housekeeping.pruned(pruned.isPassOver, this.#monotonicMs);
    if (isThinned !== null) this.#housekeeping.thinned(isThinned, this.#monotonicMs);
    this.lastCommit = { gone, pruned, isThinned };
    if (this.#isErasing) this.#emptyLog();
    return signs;
  }

  close(): void {
    this.#database.close();
  }

  /** What was deleted on request does not wait in the log for the next checkpoint, unless a reader still needs it. */
  #emptyLog(): void {
    this.#isErasing = false;
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // The commit stands all the same, and a later checkpoint does it.
    }
  }

  #transact(nowMs: number): void {
    if (!this.#isErasing) {
      this.#transaction(nowMs);
      return;
    }
    // What is deleted on request is overwritten.
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
    // Behind the touched rows: what is too old is decided on what they say now.
    this.#retention.write(this.#rollups);
    for (const labels of this.#labels) labels.write();
    this.#rollups.write();
    this.#statistics.write(nowMs);
    this.#quarantine.write();
    const found = {
      lost: this.position.lostSinceCommit,
      shed: this.#shed,
      quarantined: this.#quarantine.waiting,
    };
    this.missing.write(found, nowMs);
    this.#thinning.write();
    this.#kept.write();
    this.keys.write();
    this.position.write();
  }
}
