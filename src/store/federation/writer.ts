// The one writer: merges signals into memory and commits them, the position, the roll-ups and the actors' transitions
// in one transaction. Between commits nothing is on disk; a commit that fails changes nothing and can be repeated.

import { randomUUID } from 'node:crypto';
import type { NodeSign, NodeTransition } from '../../domain/federation/facts.ts';
import { advance, isWithin, type Limits, pace } from '../../domain/federation/limits.ts';
import type { Signal } from '../../domain/federation/signal.ts';
import type { TickStatistics } from '../../domain/federation/statistics.ts';
import type { Database } from '../database.ts';
import { InvoiceTable } from './invoices.ts';
import { KeptValues } from './kept-values.ts';
import { LabelDictionary } from './label-dictionary.ts';
import { NodeTable } from './nodes.ts';
import { StreamPosition } from './position.ts';
import { DIMENSION, RollupDeltas } from './rollups.ts';
import { StatisticsRows } from './statistics-rows.ts';
import { TaskTable } from './tasks.ts';

export interface WriterOptions {
  readonly limits: Limits;
  /** Ids that each half of the memory of lately touched rows holds. */
  readonly generationSize: number;
  readonly transitionsPerNodeMax: number;
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

export type Applied = 'applied' | 'duplicate' | 'rate_limited';

const OBSERVED = 'observed_ms';
const GLOBAL_DUE = 'limit_global_due_ms';
const NEW_NODES_DUE = 'limit_new_nodes_due_ms';
const AGGREGATOR_ID = 'aggregator_id';

export class FederationWriter {
  readonly position: StreamPosition;
  /** The name this aggregator publishes under: as set, or generated once and kept. */
  readonly aggregatorId: string;
  readonly #database: Database;
  readonly #labels: readonly LabelDictionary[];
  readonly #tasks: TaskTable;
  readonly #invoices: InvoiceTable;
  readonly #nodes: NodeTable;
  readonly #rollups: RollupDeltas;
  readonly #statistics: StatisticsRows;
  readonly #kept: KeptValues;
  readonly #limits: ReturnType<typeof paces>;
  readonly #nodesMax: number;
  readonly #transaction: (nowMs: number) => void;

  constructor(database: Database, options: WriterOptions, aggregatorId: string | null) {
    this.#database = database;
    const chains = new LabelDictionary(database, DIMENSION.chain);
    const types = new LabelDictionary(database, DIMENSION.taskType);
    const operations = new LabelDictionary(database, DIMENSION.operation);
    this.#labels = [chains, types, operations];
    this.#tasks = new TaskTable(database, chains, types, options.generationSize);
    this.#invoices = new InvoiceTable(database, chains, operations, options.generationSize);
    this.#nodes = new NodeTable(database, options.generationSize, options.transitionsPerNodeMax);
    this.#rollups = new RollupDeltas(database);
    this.#statistics = new StatisticsRows(database);
    this.#kept = new KeptValues(database);
    this.position = new StreamPosition(database);
    this.#limits = paces(options.limits);
    this.#nodesMax = options.limits.maxNodes;
    this.#transaction = database.transaction((nowMs: number) => this.#write(nowMs));
    this.aggregatorId = aggregatorId ?? this.#kept.text(AGGREGATOR_ID) ?? `aggregator-${randomUUID()}`;
    this.#kept.set(AGGREGATOR_ID, this.aggregatorId);
  }

  /** The observed clock as last committed, in ms. */
  get observedMs(): number {
    return this.#kept.number(OBSERVED);
  }

  /** Nodes ever seen. */
  get totalNodes(): number {
    return this.#nodes.live;
  }

  get disagreements(): number {
    return this.#tasks.disagreements;
  }

  /** Merges one valid message into memory, unless it is over a limit. */
  apply(signal: Signal, moment: Moment): Applied {
    const { atMs, nowMs, observedMs } = moment;
    const known = this.#nodes.find(signal.nodeId);
    if (!this.#admit(known?.limitDueMs ?? null, atMs)) return 'rate_limited';
    const node = known ?? this.#nodes.create(signal.nodeId, atMs, nowMs, observedMs);
    node.limitDueMs = advance(this.#limits.perNode, node.limitDueMs, atMs);
    const isEarlier = this.#nodes.hear(node, atMs, observedMs);
    // Times in the future must not keep a node alive, or dead, until then.
    const lifeAtMs = Math.min(atMs, nowMs);
    switch (signal.type) {
      case 'task_received':
        return this.#tasks.received(signal, node.number, atMs, nowMs) || isEarlier ? 'applied' : 'duplicate';
      case 'task_completed':
        return this.#tasks.completed(signal, node.number, atMs, nowMs) || isEarlier ? 'applied' : 'duplicate';
      case 'invoice_created':
        return this.#invoices.created(signal, node.number, atMs, nowMs) || isEarlier
          ? 'applied'
          : 'duplicate';
      case 'heartbeat':
        this.#nodes.beat(node, signal, atMs);
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

  /** Stores a transition with the next commit. */
  transition(fact: NodeTransition): void {
    this.#nodes.transition(fact);
  }

  /** Stores a tick's rows with the next commit. */
  statistics(tick: TickStatistics): void {
    this.#statistics.add(tick);
  }

  /** Commits everything merged since the last commit; returns the nodes heard in it. Throws SQLite's error, changing nothing. */
  commit(nowMs: number, observedMs: number): NodeSign[] {
    this.#kept.set(OBSERVED, observedMs);
    this.#transaction(nowMs);
    for (const labels of this.#labels) labels.committed();
    this.#tasks.committed();
    this.#invoices.committed();
    this.#statistics.committed();
    this.#kept.committed();
    this.position.committed();
    return this.#nodes.committed();
  }

  close(): void {
    this.#database.close();
  }

  #write(nowMs: number): void {
    this.#rollups.clear();
    this.#tasks.write(this.#rollups);
    this.#invoices.write(this.#rollups);
    this.#nodes.write(this.#rollups);
    for (const labels of this.#labels) labels.write();
    this.#rollups.write();
    this.#statistics.write(nowMs);
    this.#kept.write();
    this.position.write();
  }

  /** Judges all limits and, if the message is within every one, uses it up in the shared ones. */
  #admit(nodeDueMs: number | null, atMs: number): boolean {
    const { perNode, all, newNodes } = this.#limits;
    const globalDueMs = this.#kept.number(GLOBAL_DUE);
    if (nodeDueMs !== null && !isWithin(perNode, nodeDueMs, atMs)) return false;
    if (!isWithin(all, globalDueMs, atMs)) return false;
    if (nodeDueMs === null) {
      const newNodesDueMs = this.#kept.number(NEW_NODES_DUE);
      if (!isWithin(newNodes, newNodesDueMs, atMs)) return false;
      if (this.#nodesMax > 0 && this.#nodes.live >= this.#nodesMax) return false;
      this.#kept.set(NEW_NODES_DUE, advance(newNodes, newNodesDueMs, atMs));
    }
    this.#kept.set(GLOBAL_DUE, advance(all, globalDueMs, atMs));
    return true;
  }
}

function paces(limits: Limits) {
  return {
    perNode: pace(limits.ratePerMinute, 60_000, limits.rateBurst),
    all: pace(limits.globalPerSecond, 1000, limits.globalPerSecond),
    newNodes: pace(limits.newNodesPerMinute, 60_000, limits.newNodesPerMinute),
  };
}
