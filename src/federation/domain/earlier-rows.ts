// Translates rows of the earlier aggregator's database: ids, times, labels and outcomes follow the rules for messages.
// Pure: it reads no file, and gives a reason for each row that it rejects.

import { isNodeId, readIdHash } from './decode.ts';
import { type ClosedVocabulary, closedVocabulary, LabelReader } from './labels.ts';
import { CACHED_ABSENT, CACHED_FALSE, CACHED_TRUE, encodeOutcome } from './outcome.ts';
import { holdsPersonalData } from './privacy.ts';
import {
  ACTIVE_TASKS,
  CONTINENTS,
  EXECUTION_TIMES,
  GAS_AMOUNTS,
  LABEL_DIMENSIONS,
  type LabelDimension,
  MEMORY_SIZES,
  STEP_COUNTS,
  TOTAL_TASKS,
} from './vocabulary.ts';

/** A row as the caller read it. A column that the file does not have is absent. */
export type EarlierRow = Readonly<Record<string, unknown>>;

/** Why a row is skipped: its id is invalid, or it has no readable time. */
export type SkipReason = 'bad_id' | 'no_time';

/** Times are ms since the epoch. */
interface Seen {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly createdMs: number;
}
interface Reported extends Seen {
  readonly idHash: string;
  /** Number of messages that the earlier aggregator counted for this row. It did not record who sent them. */
  readonly reportingNodes: number;
  readonly chainId: string | null;
}
/** A task of the earlier aggregator, by this program's rules. */
export interface EarlierTask extends Reported {
  readonly taskType: string | null;
  /** Code of `outcome.ts`; null if the task was received and not completed. */
  readonly outcome: number | null;
}
/** An invoice of the earlier aggregator. `steps` and `memory` are indices into their vocabularies. */
export interface EarlierInvoice extends Reported {
  readonly taskIdHash: string | null;
  readonly operation: string | null;
  readonly steps: number;
  readonly memory: number;
}
/** A node of the earlier aggregator. Buckets are indices into their vocabularies. */
export interface EarlierNode extends Seen {
  readonly nodeId: string;
  /** True if the node's last heartbeat had the status `offline`. */
  readonly hasLeft: boolean;
  readonly heartbeats: number;
  readonly totalTasks: number;
  readonly activeTasks: number;
  readonly continent: number;
  readonly location: string | null;
}

/**
 * A row of the earlier aggregator's statistics history: totals since its start, without distributions. Times are ms
 * since the epoch.
 */
export interface EarlierStatistics {
  readonly recordedMs: number;
  readonly createdMs: number;
  readonly activeNodes: number;
  readonly totalNodes: number;
  readonly totalTasks: number;
  readonly completedTasks: number;
  readonly failedTasks: number;
  readonly cachedTasks: number;
  readonly totalInvoices: number;
  /** Percent, by the earlier aggregator's definition. */
  readonly successRate: number;
  readonly cacheHitRate: number;
}

const CHAIN = LABEL_DIMENSIONS.indexOf('chainId');
const TYPE = LABEL_DIMENSIONS.indexOf('taskType');
const OPERATION = LABEL_DIMENSIONS.indexOf('operation');
const LOCATION = LABEL_DIMENSIONS.indexOf('locationBucket');
const TIMES = closedVocabulary('executionTimeBucket', EXECUTION_TIMES);
const GAS = closedVocabulary('gasUsedBucket', GAS_AMOUNTS);
const STEPS = closedVocabulary('stepsComputedBucket', STEP_COUNTS);
const MEMORY = closedVocabulary('memoryUsedBucket', MEMORY_SIZES);
const ACTIVE = closedVocabulary('activeTasksBucket', ACTIVE_TASKS);
const TOTAL = closedVocabulary('totalTasksBucket', TOTAL_TASKS);
const CONTINENT = closedVocabulary('continentBucket', CONTINENTS);

/** Reads rows, and counts labels outside their vocabulary. */
export class EarlierReader {
  readonly #labels = new LabelReader();
  readonly #unknown: number[] = LABEL_DIMENSIONS.map(() => 0);
  #completedDespiteZero = 0;

  /** Labels that became absent because they were outside their vocabulary or pattern, or held personal data. */
  get unknownLabels(): Readonly<Record<LabelDimension, number>> {
    const entries = LABEL_DIMENSIONS.map((dimension, index) => [dimension, this.#unknown[index] ?? 0]);
    return Object.fromEntries(entries) as Record<LabelDimension, number>;
  }

  /** Tasks whose status is a success word although `success` is 0. They count as completed. */
  get completedDespiteZero(): number {
    return this.#completedDespiteZero;
  }

  task(row: EarlierRow): EarlierTask | SkipReason {
    const counted = this.#counted(row, 'task_id_hash');
    if (typeof counted === 'string') return counted;
    return { ...counted, taskType: this.#open(TYPE, row['task_type']), outcome: this.#outcome(row) };
  }

  invoice(row: EarlierRow): EarlierInvoice | SkipReason {
    const counted = this.#counted(row, 'invoice_id_hash');
    if (typeof counted === 'string') return counted;
    return {
      ...counted,
      taskIdHash: readIdHash(row['task_id_hash']),
      operation: this.#open(OPERATION, row['operation']),
      steps: this.#closed(STEPS, row['steps_computed_bucket']),
      memory: this.#closed(MEMORY, row['memory_used_bucket']),
    };
  }

  node(row: EarlierRow): EarlierNode | SkipReason {
    const nodeId = row['node_id'];
    if (typeof nodeId !== 'string' || !isNodeId(nodeId) || holdsPersonalData(nodeId)) return 'bad_id';
    const seen = readSeen(row);
    if (seen === null) return 'no_time';
    return {
      ...seen,
      nodeId,
      hasLeft: row['status'] === 'offline',
      heartbeats: readCount(row['heartbeat_count']),
      totalTasks: this.#closed(TOTAL, row['total_tasks_bucket']),
      activeTasks: this.#closed(ACTIVE, row['active_tasks_bucket']),
      continent: this.#closed(CONTINENT, row['continent_bucket']),
      location: this.#location(row['location_bucket']),
    };
  }

  /** Reads a row of the statistics history. The rates keep the earlier aggregator's definition. */
  statistics(row: EarlierRow): EarlierStatistics | SkipReason {
    const recordedMs = readTime(row['recorded_at']);
    if (recordedMs === null) return 'no_time';
    return {
      recordedMs,
      createdMs: readTime(row['created_at']) ?? recordedMs,
      activeNodes: readCount(row['active_nodes']),
      totalNodes: readCount(row['total_nodes']),
      totalTasks: readCount(row['total_tasks']),
      completedTasks: readCount(row['completed_tasks']),
      failedTasks: readCount(row['failed_tasks']),
      cachedTasks: readCount(row['cached_tasks']),
      totalInvoices: readCount(row['total_invoices']),
      successRate: readRate(row['success_rate']),
      cacheHitRate: readRate(row['cache_hit_rate']),
    };
  }

  #counted(row: EarlierRow, idColumn: string): Reported | SkipReason {
    const idHash = readIdHash(row[idColumn]);
    if (idHash === null) return 'bad_id';
    const seen = readSeen(row);
    if (seen === null) return 'no_time';
    return {
      ...seen,
      idHash,
      reportingNodes: readCount(row['reporting_nodes']),
      chainId: this.#open(CHAIN, row['chain_id']),
    };
  }

  #outcome(row: EarlierRow): number | null {
    const result = resultOf(row);
    const time = this.#closed(TIMES, row['execution_time_bucket']);
    const gas = this.#closed(GAS, row['gas_used_bucket']);
    if (result === 'received') return null;
    if (row['success'] === 0 && result === 'completed') this.#completedDespiteZero++;
    const cached = row['cached'] === 1 ? CACHED_TRUE : row['cached'] === 0 ? CACHED_FALSE : CACHED_ABSENT;
    return encodeOutcome(result === 'failed', time, gas, cached);
  }

  #closed(vocabulary: ClosedVocabulary, value: unknown): number {
    const index = this.#labels.closed(vocabulary, value);
    this.#take();
    if (typeof index === 'number') return index;
    this.#count(vocabulary.dimension);
    return vocabulary.absent;
  }

  #open(dimension: number, value: unknown): string | null {
    const label = this.#labels.open(dimension, value, true);
    this.#take();
    if (label === null) return null;
    if (typeof label === 'string' && !holdsPersonalData(label)) return label;
    this.#count(dimension);
    return null;
  }

  #location(value: unknown): string | null {
    const cell = this.#labels.location(LOCATION, value);
    this.#take();
    if (typeof cell !== 'symbol') return cell;
    this.#count(LOCATION);
    return null;
  }

  #take(): void {
    for (const dimension of this.#labels.unknown) this.#count(dimension);
    this.#labels.unknown.length = 0;
  }

  #count(dimension: number): void {
    this.#unknown[dimension] = (this.#unknown[dimension] ?? 0) + 1;
  }
}

/** Statuses that mean success. For `unknown` and every other status `success` decides. */
const SUCCESS_WORDS: ReadonlySet<unknown> = new Set(['completed', 'success', 'ok']);

/**
 * The result that the row records. The earlier aggregator stored an absent `success` as 0, so a 0 does not contradict a
 * status that means success. With any other status a 0 means failed:
 *
 * | status | success 0 | success 1 or absent |
 * |---|---|---|
 * | `completed`, `success`, `ok` | completed | completed |
 * | `failed` | failed | failed |
 * | `received` (the column's default), none | failed | received |
 * | any other word | failed | completed |
 */
export function resultOf({ status, success }: EarlierRow): 'received' | 'completed' | 'failed' {
  if (SUCCESS_WORDS.has(status)) return 'completed';
  if (status === 'failed' || success === 0) return 'failed';
  return status === 'received' || status == null ? 'received' : 'completed';
}

/**
 * The first and last sighting and the creation of the row. A missing time is replaced by one of the others. Null if the
 * row has none of the three.
 */
function readSeen(row: EarlierRow): Seen | null {
  const first = readTime(row['first_seen_at']);
  const last = readTime(row['last_seen_at']);
  const created = readTime(row['created_at']);
  const any = first ?? last ?? created;
  if (any === null) return null;
  return {
    firstMs: Math.min(first ?? any, last ?? any),
    lastMs: Math.max(first ?? any, last ?? any),
    createdMs: created ?? first ?? any,
  };
}

const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z?$/;

/**
 * Reads `YYYY-MM-DDTHH:MM:SS.sssZ` or SQLite's `YYYY-MM-DD HH:MM:SS`, both UTC. Returns ms since the epoch, or null for
 * any other value.
 */
export function readTime(value: unknown): number | null {
  if (typeof value !== 'string' || !TIME.test(value)) return null;
  const ms = Date.parse(`${value.replace(' ', 'T').replace(/Z$/, '')}Z`);
  // Elsewhere a negative time means "never".
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}

/** The value rounded down to a whole number, at least 0; 0 for anything that is not a positive finite number. */
export function readCount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
    ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER)
    : 0;
}

function readRate(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
