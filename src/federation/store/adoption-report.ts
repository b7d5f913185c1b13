// What a person is told after an adoption: rows before and after, what was merged, skipped or left out, and every number
// whose definition differs from before. Text only; nothing that a stranger sent is in it.

import type { SharedNumbers } from '../domain/earlier-numbers.ts';
import { percent } from '../domain/statistics.ts';
import { LABEL_DIMENSIONS, type LabelDimension } from '../domain/vocabulary.ts';
import type { Database } from '../../store/database.ts';
import { DIMENSION } from './rollups.ts';
import { STATUS_COMPLETED, STATUS_FAILED } from './tasks.ts';

/** What became of one table's rows. */
export interface RowCounts {
  readonly before: number;
  readonly after: number;
  /** Ids that differed only in case from another row's. */
  readonly merged: number;
  /** No even number of hex digits from 16 to 64; of nodes: no valid name, or personal data. */
  readonly badId: number;
  /** Neither first nor last sighting nor a time of making. */
  readonly noTime: number;
}

export interface AdoptionCounts {
  readonly tasks: RowCounts;
  readonly invoices: RowCounts;
  readonly nodes: RowCounts;
  readonly history: RowCounts;
}

export interface AdoptionFacts {
  /** Of the earlier aggregator's rows, by its definitions. */
  readonly before: SharedNumbers;
  readonly after: SharedNumbers;
  /** Tasks taken as completed by their status although `success` is 0. */
  readonly completedDespiteZero: number;
  readonly counts: AdoptionCounts;
  readonly unknownLabels: Readonly<Record<LabelDimension, number>>;
}

const DEFINITIONS: readonly (readonly [keyof SharedNumbers, string, string])[] = [
  [
    'totalTasks',
    'total tasks',
    'rows of this file; ids that differ only in case are one, ids that are not hex are none',
  ],
  [
    'completedTasks',
    'completed tasks',
    'status completed, success or ok; of other words but received and failed those whose success is not 0',
  ],
  ['failedTasks', 'failed tasks', 'status failed, or success 0 where the status is no success word'],
  ['cachedTasks', 'cached tasks', 'of finished tasks only'],
  ['totalInvoices', 'total invoices', 'rows of this file, as of tasks'],
  ['totalNodes', 'total nodes', 'ever seen, also those that were pruned since'],
  [
    'activeNodes',
    'active nodes',
    'heard within OFFLINE_AFTER (5 minutes), not since midnight; a node that said offline is not active',
  ],
  ['successRate', 'success rate', 'divides by finished tasks, not by all; rounded down to one decimal'],
  ['cacheHitRate', 'cache hit rate', 'divides by finished tasks, not by all; rounded down to one decimal'],
];

/** Ours, from the roll-ups. */
export function ourNumbers(database: Pick<Database, 'prepare'>): SharedNumbers {
  const count = database
    .prepare<[number, number | null, number | null], number>(
      'SELECT coalesce(sum(count), 0) FROM rollup_totals WHERE dimension = ? AND (? IS NULL OR label = ?)',
    )
    .pluck();
  const of = (dimension: number, label: number | null = null) => count.get(dimension, label, label) ?? 0;
  const completedTasks = of(DIMENSION.taskStatus, STATUS_COMPLETED);
  const failedTasks = of(DIMENSION.taskStatus, STATUS_FAILED);
  const cachedTasks = of(DIMENSION.cached);
  return {
    totalTasks: of(DIMENSION.taskStatus),
    completedTasks,
    failedTasks,
    cachedTasks,
    totalInvoices: of(DIMENSION.invoices),
    totalNodes: of(DIMENSION.nodeState),
    // Online and stale.
    activeNodes: of(DIMENSION.nodeState, 0) + of(DIMENSION.nodeState, 1),
    successRate: percent(completedTasks, completedTasks + failedTasks),
    cacheHitRate: percent(cachedTasks, completedTasks + failedTasks),
  };
}

/** The report, line by line. */
export function reportLines(facts: AdoptionFacts): string[] {
  const { before, after, counts, completedDespiteZero, unknownLabels } = facts;
  const rows = (name: string, of: RowCounts) =>
    `${name}: ${shown(of.before)} rows before, ${shown(of.after)} after; ` +
    `${shown(of.merged)} merged (ids that differ only in case), ${shown(of.badId + of.noTime)} skipped ` +
    `(${shown(of.badId)} with an id that is none, ${shown(of.noTime)} without any time)`;
  const labels = LABEL_DIMENSIONS.filter((dimension) => unknownLabels[dimension] > 0).map(
    (dimension) => `${dimension} ${shown(unknownLabels[dimension])}`,
  );
  return [
    rows('tasks', counts.tasks),
    rows('invoices', counts.invoices),
    rows('nodes', counts.nodes),
    rows('history', counts.history),
    `labels outside their vocabulary, absent now: ${labels.length === 0 ? 'none' : labels.join(', ')}`,
    ...DEFINITIONS.map(
      ([member, name, definition]) =>
        `${name}: ${shown(before[member])} before, ${shown(after[member])} now (${definition})`,
    ),
    `tasks with a success word as status and success 0, completed now: ${shown(completedDespiteZero)} (an absent success was stored as 0)`,
    'reporting nodes of a task or invoice: messages before; now the greater of that number and of the distinct nodes heard since',
    'locations: cut to their half-degree cell; ids of rows: numbered anew; history: rows of the period all, without distributions',
  ];
}

function shown(number: number): string {
  return number.toLocaleString('en-US');
}
