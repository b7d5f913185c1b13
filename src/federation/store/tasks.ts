// Tasks in memory and on disk. A batch is merged into the recently used tasks in memory, and each changed row is
// written once. Every stored value is a minimum, a maximum or a set union (docs/federation.md#merging-reports), so
// neither order nor repetition matters.

import type { EarlierTask } from '../domain/earlier-rows.ts';
import { CACHED_TRUE, decodeOutcome, FIRST_FAILED } from '../domain/outcome.ts';
import type { TaskCompleted, TaskReceived } from '../domain/signal.ts';
import type { Database, Statement } from '../../store/database.ts';
import { ADOPTED, AdoptedRows } from './adopted-rows.ts';
import type { LabelDictionary } from './label-dictionary.ts';
import { type Cutoffs, KeyWalk } from './key-walk.ts';
import { HashIndex, type RowMemoryOptions } from './hash-index.ts';
import type { HashKey } from './hash-keys.ts';
import {
  addReport,
  COMPLETED,
  leastText,
  RECEIVED,
  reportersFromBlob,
  reportersToBlob,
} from './reporters.ts';
import { PRUNED_ROWS_MAX, type PrunedTable } from './retention.ts';
import { DIMENSION, type RollupDeltas, slotOf } from './rollups.ts';
import { TwoGenerations } from '../../store/two-generations.ts';
import { statement } from '../../store/statements.ts';

/** `outcome` of a task without a completion report. */
export const NO_OUTCOME = -1;

/** The values that decide in which roll-up cells a task counts. */
interface RollupValues {
  firstMs: number;
  chain: string | null;
  type: string | null;
  outcome: number;
}

interface Task extends RollupValues {
  readonly id: number;
  readonly hash: string;
  readonly tag: number;
  lastMs: number;
  createdMs: number;
  reporters: number[];
  dirty: boolean;
  /** The values under which the roll-ups count this task; null while it has no row. */
  counted: RollupValues | null;
}

interface PrunedRow {
  id: number;
  hash: Buffer;
  first_ms: number;
  chain: number | string | null;
  type: number | string | null;
  outcome: number | null;
}

interface TaskRow {
  id: number;
  tag: number;
  first_ms: number;
  last_after_ms: number;
  created_after_ms: number;
  chain: number | string | null;
  type: number | string | null;
  outcome: number | null;
  reporters: Buffer;
}

/** The table of tasks with its recently used rows in memory. */
export class TaskTable implements PrunedTable {
  /** Completion reports that contradicted the recorded outcome. */
  disagreements = 0;
  readonly #hot: TwoGenerations<Task>;
  readonly #chains: LabelDictionary;
  readonly #types: LabelDictionary;
  readonly #index: HashIndex<TaskRow>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #walk: KeyWalk<PrunedRow>;
  readonly #delete: Statement<[number]>;
  readonly #adopted: AdoptedRows;
  #dirty: Task[] = [];
  #pruned: readonly PrunedRow[] = [];
  #isPassOver = false;

  constructor(
    database: Database,
    chains: LabelDictionary,
    types: LabelDictionary,
    options: RowMemoryOptions,
  ) {
    this.#hot = new TwoGenerations(options.generationSize);
    this.#chains = chains;
    this.#types = types;
    this.#index = new HashIndex(database, {
      table: 'tasks',
      columns: 'id, tag, first_ms, last_after_ms, created_after_ms, chain, type, outcome, reporters',
      placesLog2: options.placesLog2,
    });
    this.#insert = statement(
      database,
      `INSERT INTO tasks (id, hash, tag, first_ms, last_after_ms, created_after_ms, chain, type, outcome, reporters)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = statement(
      database,
      `UPDATE tasks SET first_ms = ?, last_after_ms = ?, created_after_ms = ?, chain = ?, type = ?, outcome = ?, reporters = ?
       WHERE id = ?`,
    );
    this.#walk = new KeyWalk(database, {
      table: 'tasks',
      key: 'id',
      lastMs: 'first_ms + last_after_ms',
      columns: ['id', 'hash', 'first_ms', 'chain', 'type', 'outcome'],
      adopted: ADOPTED.task,
    });
    this.#adopted = new AdoptedRows(database, ADOPTED.task);
    this.#delete = statement(database, 'DELETE FROM tasks WHERE id = ?');
  }

  /**
   * Merges a report that the task was received; returns true if it changed anything except `last_seen`. With
   * `isInOrder`, an earlier time only shows that a clock was set back, and does not count as a change.
   */
  received(signal: TaskReceived, node: number, atMs: number, nowMs: number, isInOrder = false): boolean {
    const task = this.#touch(signal.idHash, atMs, nowMs);
    let changed = addReport(task.reporters, node, RECEIVED);
    changed = (this.#see(task, atMs) && !isInOrder) || changed;
    changed = this.#setChain(task, signal.chainId) || changed;
    const type = leastText(task.type, signal.taskType);
    if (type !== task.type) {
      task.type = type;
      changed = true;
    }
    return changed;
  }

  /** Merges a report that the task was completed; returns the same as {@link received}. */
  completed(signal: TaskCompleted, node: number, atMs: number, nowMs: number, isInOrder = false): boolean {
    const task = this.#touch(signal.idHash, atMs, nowMs);
    let changed = addReport(task.reporters, node, COMPLETED);
    changed = (this.#see(task, atMs) && !isInOrder) || changed;
    changed = this.#setChain(task, signal.chainId) || changed;
    if (task.outcome !== NO_OUTCOME && task.outcome !== signal.outcome) this.disagreements++;
    if (task.outcome === NO_OUTCOME || signal.outcome < task.outcome) {
      task.outcome = signal.outcome;
      changed = true;
    }
    return changed;
  }

  /**
   * Adopts a task of the earlier aggregator. One with the same hash that was adopted before is merged with it. True if
   * it was new.
   */
  adopt(earlier: EarlierTask): boolean {
    const task = this.#touch(earlier.idHash, earlier.firstMs, earlier.createdMs);
    this.#see(task, earlier.firstMs);
    this.#see(task, earlier.lastMs);
    this.#setChain(task, earlier.chainId);
    task.type = leastText(task.type, earlier.taskType);
    const outcome = earlier.outcome ?? NO_OUTCOME;
    if (outcome !== NO_OUTCOME && (task.outcome === NO_OUTCOME || outcome < task.outcome))
      task.outcome = outcome;
    return this.#adopted.add(task.id, earlier.reportingNodes);
  }

  /**
   * Writes every changed row and its roll-up changes, inside the caller's transaction. May be repeated after a failure.
   */
  write(rollups: RollupDeltas): void {
    this.#pruned = [];
    this.#isPassOver = false;
    for (const task of this.#dirty) {
      this.#count(task, rollups);
      const lastAfterMs = task.lastMs - task.firstMs;
      const createdAfterMs = task.createdMs - task.firstMs;
      const chain = this.#chains.columnOf(task.chain);
      const type = this.#types.columnOf(task.type);
      const outcome = task.outcome === NO_OUTCOME ? null : task.outcome;
      const reporters = reportersToBlob(task.reporters);
      if (task.counted === null) {
        const hash = Buffer.from(task.hash, 'hex');
        this.#insert.run(
          task.id,
          hash,
          task.tag,
          task.firstMs,
          lastAfterMs,
          createdAfterMs,
          chain,
          type,
          outcome,
          reporters,
        );
      } else {
        this.#update.run(task.firstMs, lastAfterMs, createdAfterMs, chain, type, outcome, reporters, task.id);
      }
    }
    this.#index.write();
  }

  /** A step of retention, after {@link write} in the same transaction. */
  prune(afterId: number, cutoffs: Cutoffs, rollups: RollupDeltas) {
    const { rows, afterKey, isEnd } = this.#walk.step(afterId, cutoffs, PRUNED_ROWS_MAX);
    for (const row of rows) {
      const chain = this.#chains.textOf(row.chain);
      const type = this.#types.textOf(row.type);
      const outcome = row.outcome ?? NO_OUTCOME;
      for (const slot of this.#slots({ chain, type, outcome })) rollups.prune(row.first_ms, slot);
      this.#delete.run(row.id);
      this.#adopted.delete(row.id);
    }
    this.#pruned = rows;
    this.#isPassOver = isEnd;
    return { afterKey, isEnd, rows: rows.length };
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    for (const task of this.#dirty) {
      task.dirty = false;
      if (!isCounted(task)) task.counted = countedNow(task);
    }
    this.#dirty = [];
    for (const row of this.#pruned) this.#hot.delete(row.hash.toString('hex'));
    this.#pruned = [];
    this.#index.committed();
    if (this.#isPassOver) this.#index.forgetEmpty();
    this.#hot.rotateIfFull();
  }

  #touch(hash: string, atMs: number, nowMs: number): Task {
    let task = this.#hot.get(hash);
    if (task === undefined) {
      const key = this.#index.keyOf(hash);
      task = this.#load(hash, key) ?? this.#create(hash, key, atMs, nowMs);
      this.#hot.set(hash, task);
    }
    if (!task.dirty) {
      task.dirty = true;
      this.#dirty.push(task);
    }
    return task;
  }

  #create(hash: string, key: HashKey, atMs: number, nowMs: number): Task {
    return {
      id: this.#index.take(key),
      hash,
      tag: key.tag,
      firstMs: atMs,
      lastMs: atMs,
      createdMs: nowMs,
      chain: null,
      type: null,
      outcome: NO_OUTCOME,
      reporters: [],
      dirty: false,
      counted: null,
    };
  }

  #load(hash: string, key: HashKey): Task | undefined {
    const row = this.#index.find(hash, key);
    if (row === undefined) return undefined;
    const task: Task = {
      id: row.id,
      hash,
      tag: row.tag,
      firstMs: row.first_ms,
      lastMs: row.first_ms + row.last_after_ms,
      createdMs: row.first_ms + row.created_after_ms,
      chain: this.#chains.textOf(row.chain),
      type: this.#types.textOf(row.type),
      outcome: row.outcome ?? NO_OUTCOME,
      reporters: reportersFromBlob(row.reporters),
      dirty: false,
      counted: null,
    };
    task.counted = countedNow(task);
    return task;
  }

  #see(task: Task, atMs: number): boolean {
    if (atMs > task.lastMs) task.lastMs = atMs;
    if (atMs >= task.firstMs) return false;
    task.firstMs = atMs;
    return true;
  }

  #setChain(task: Task, chainId: string | null): boolean {
    const chain = leastText(task.chain, chainId);
    if (chain === task.chain) return false;
    task.chain = chain;
    return true;
  }

  #count(task: Task, rollups: RollupDeltas): void {
    // Most later reports of a task change no cell.
    if (isCounted(task)) return;
    const before = task.counted;
    if (before !== null) for (const slot of this.#slots(before)) rollups.add(before.firstMs, slot, -1);
    for (const slot of this.#slots(task)) rollups.add(task.firstMs, slot, 1);
  }

  #slots(task: Omit<RollupValues, 'firstMs'>): number[] {
    return taskSlots(this.#chains.labelOf(task.chain), this.#types.labelOf(task.type), task.outcome);
  }
}

/** True if the roll-ups count the task with its present values. */
function isCounted({ counted, firstMs, chain, type, outcome }: Task): boolean {
  return (
    counted !== null &&
    counted.firstMs === firstMs &&
    counted.chain === chain &&
    counted.type === type &&
    counted.outcome === outcome
  );
}

function countedNow({ firstMs, chain, type, outcome }: Task): RollupValues {
  return { firstMs, chain, type, outcome };
}

/** The roll-up slots in which a task counts, from its labels' numbers and its outcome. */
export function taskSlots(chainLabel: number, typeLabel: number, outcome: number): number[] {
  const chain = slotOf(DIMENSION.chain, chainLabel);
  const type = slotOf(DIMENSION.taskType, typeLabel);
  if (outcome === NO_OUTCOME) return [slotOf(DIMENSION.taskStatus, STATUS_RECEIVED), chain, type];
  const { time, gas, cached } = decodeOutcome(outcome);
  const status = outcome < FIRST_FAILED ? STATUS_COMPLETED : STATUS_FAILED;
  const slots = [
    slotOf(DIMENSION.taskStatus, status),
    chain,
    type,
    slotOf(DIMENSION.executionTime, time),
    slotOf(DIMENSION.gas, gas),
  ];
  if (cached === CACHED_TRUE) slots.push(slotOf(DIMENSION.cached, 0));
  return slots;
}

/** Label of the dimension `taskStatus`: the task was received and not completed. */
export const STATUS_RECEIVED = 0;
/** Label of the dimension `taskStatus`: the task was completed with success. */
export const STATUS_COMPLETED = 1;
/** Label of the dimension `taskStatus`: the task was completed with failure. */
export const STATUS_FAILED = 2;
