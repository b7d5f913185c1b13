// The report of an adoption for the operator: rows before and after, how many were merged, skipped or left out, and
// every number whose definition differs from the earlier aggregator's. Text only; it contains nothing that came from
// outside.

import type { SharedNumbers } from '../domain/earlier-numbers.ts';
import { percent } from '../domain/statistics.ts';
import { LABEL_DIMENSIONS, type LabelDimension } from '../domain/vocabulary.ts';
import type { Database } from '../../store/database.ts';
import { DIMENSION } from './rollups.ts';
import { STATUS_COMPLETED, STATUS_FAILED } from './tasks.ts';

/** How the adoption treated the rows of one table. */
export interface RowCounts {
  readonly before: number;
  readonly after: number;
  /** Rows merged because their ids differed only in case. */
  readonly merged: number;
  /**
   * Rows skipped for their id: not an even number of hex digits from 16 to 64; of nodes, an invalid name or personal
   * data.
   */
  readonly badId: number;
  /** Rows skipped because they have no time of a first sighting, a last sighting or creation. */
  readonly noTime: number;
}

/** The counts of all adopted tables. */
export interface AdoptionCounts {
  readonly tasks: RowCounts;
  readonly invoices: RowCounts;
  readonly nodes: RowCounts;
  readonly history: RowCounts;
}

/** Everything that the report tells. */
export interface AdoptionFacts {
  /** Computed from the earlier aggregator's rows, by its definitions. */
  readonly before: SharedNumbers;
  readonly after: SharedNumbers;
  /** Tasks counted as completed by their status although `success` is 0. */
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

/** The same numbers by this program's definitions, computed from the roll-ups. */
export function numbersFromRollups(database: Pick<Database, 'prepare'>): SharedNumbers {
  const count = database
    .prepare<[number, number | null, number | null], number>(
      'SELECT coalesce(sum(count), 0) FROM rollup_totals WHERE dimension = ? AND (? IS NULL OR label = ?)',
    )
    .pluck();
  const countOf = (dimension: number, label: number | null = null) => count.get(dimension, label, label) ?? 0;
  const completedTasks = countOf(DIMENSION.taskStatus, STATUS_COMPLETED);
  const failedTasks = countOf(DIMENSION.taskStatus, STATUS_FAILED);
  const cachedTasks = countOf(DIMENSION.cached);
  return {
    totalTasks: countOf(DIMENSION.taskStatus),
    completedTasks,
    failedTasks,
    cachedTasks,
    totalInvoices: countOf(DIMENSION.invoices),
    totalNodes: countOf(DIMENSION.nodeState),
    // Active means online or stale.
    activeNodes: countOf(DIMENSION.nodeState, 0) + countOf(DIMENSION.nodeState, 1),
    successRate: percent(completedTasks, completedTasks + failedTasks),
    cacheHitRate: percent(cachedTasks, completedTasks + failedTasks),
  };
}

/** The report, line by line. */
export function reportLines(facts: AdoptionFacts): string[] {
  const { before, after, counts, completedDespiteZero, unknownLabels } = facts;
  const rows = (name: string, table: RowCounts) =>
    `${name}: ${shown(table.before)} rows before, ${shown(table.after)} after; ` +
    `${shown(table.merged)} merged (ids that differ only in case), ${shown(table.badId + table.noTime)} skipped ` +
    `(${shown(table.badId)} with an id that is none, ${shown(table.noTime)} without any time)`;
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
