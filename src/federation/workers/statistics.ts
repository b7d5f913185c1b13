// The queries of a tick: statistics of all four periods from one read transaction. They read only roll-up cells, so
// their cost does not grow with the history.

import { closedDistribution, openDistribution, percent } from '../domain/statistics.ts';
import type { NetworkStatistics, TickStatistics } from '../domain/statistics.ts';
import { EXECUTION_TIMES, GAS_AMOUNTS, MEMORY_SIZES, STEP_COUNTS } from '../domain/vocabulary.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import type { ReadDatabase, Statement } from '../../store/database.ts';
import { DIMENSION, OTHER_LABEL } from '../store/rollups.ts';
import { STATUS_COMPLETED, STATUS_FAILED, STATUS_RECEIVED } from '../store/tasks.ts';
import { statement } from '../../store/statements.ts';
import { MINUTE_MS } from '../../lib/durations.ts';

const HOUR_MINUTES = 60;

interface Cell {
  dimension: number;
  label: number;
  count: number;
}
/** A window of roll-up cells; the ends are exclusive. */
interface Window {
  readonly fromMinute: number;
  readonly firstHour: number;
  readonly endHour: number;
  readonly endMinute: number;
}

/** Counts by dimension and label. */
type Counts = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** The prepared queries of one connection. */
export class StatisticsQuery {
  readonly #totals: Statement<[], Cell>;
  readonly #window: Statement<Window, Cell>;
  readonly #labels: Statement<[number], { label_id: number; label: string }>;
  readonly #inOneTransaction: (nowMs: number) => TickStatistics;

  constructor(database: ReadDatabase) {
    this.#totals = statement(
      database,
      `SELECT dimension, label, sum(count) AS count FROM
         (SELECT dimension, label, count FROM rollup_totals UNION ALL SELECT dimension, label, count FROM pruned_totals)
       GROUP BY dimension, label`,
    );
    // Whole hours, and the minutes before and after them.
    this.#window = statement(
      database,
      `SELECT dimension, label, sum(count) AS count FROM
         (SELECT dimension, label, count FROM rollup_minutes WHERE minute >= @fromMinute AND minute < @firstHour * 60
          UNION ALL SELECT dimension, label, count FROM rollup_hours WHERE hour >= @firstHour AND hour < @endHour
          UNION ALL SELECT dimension, label, count FROM rollup_minutes WHERE minute >= @endHour * 60 AND minute < @endMinute)
       GROUP BY dimension, label`,
    );
    this.#labels = statement(database, 'SELECT label_id, label FROM labels WHERE dimension = ?');
    this.#inOneTransaction = database.transaction((nowMs: number) => this.#read(nowMs));
  }

  /** The statistics of all periods at `nowMs`, without locations: `geography.ts` counts those every hour. */
  run(nowMs: number): TickStatistics {
    return this.#inOneTransaction(nowMs);
  }

  #read(nowMs: number): TickStatistics {
    const texts = { chain: this.#texts(DIMENSION.chain), type: this.#texts(DIMENSION.taskType) };
    const all = byDimension(this.#totals.all());
    const nodes = all.get(DIMENSION.nodeState) ?? new Map<number, number>();
    const day = this.#countsOf(nowMs, 24);
    const last24h = { tasks: totalTasks(day), invoices: at(day, DIMENSION.invoices, 0) };
    const make = (counts: Counts) => toStatistics(counts, nodes, last24h, texts);
    return {
      nowMs,
      periods: {
        '1h': make(this.#countsOf(nowMs, 1)),
        '24h': make(day),
        '7d': make(this.#countsOf(nowMs, 7 * 24)),
        all: make(all),
      },
    };
  }

  /**
   * Counts what was first seen less than `hours` hours before or after `nowMs`. The time after `nowMs` is included
   * because a clock that was set back leaves recent rows in the future. It is bounded because rows from a clock that
   * was months ahead would otherwise be counted for months.
   */
  #countsOf(nowMs: number, hours: number): Counts {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const [fromMinute, endMinute] = [minute - hours * HOUR_MINUTES, minute + hours * HOUR_MINUTES];
    const firstHour = Math.ceil(fromMinute / HOUR_MINUTES);
    const endHour = Math.floor(endMinute / HOUR_MINUTES);
    return byDimension(this.#window.all({ fromMinute, firstHour, endHour, endMinute }));
  }

  #texts(dimension: number): ReadonlyMap<number, string> {
    return new Map(this.#labels.all(dimension).map((row) => [row.label_id, row.label]));
  }
}

function byDimension(cells: readonly Cell[]): Counts {
  const counts = new Map<number, Map<number, number>>();
  for (const cell of cells) {
    let labels = counts.get(cell.dimension);
    if (labels === undefined) {
      labels = new Map();
      counts.set(cell.dimension, labels);
    }
    labels.set(cell.label, cell.count);
  }
  return counts;
}

function at(counts: Counts, dimension: number, label: number): number {
  return counts.get(dimension)?.get(label) ?? 0;
}

function totalTasks(counts: Counts): number {
  return [STATUS_RECEIVED, STATUS_COMPLETED, STATUS_FAILED].reduce(
    (sum, status) => sum + at(counts, DIMENSION.taskStatus, status),
    0,
  );
}

function toStatistics(
  counts: Counts,
  nodes: ReadonlyMap<number, number>,
  last24h: { readonly tasks: number; readonly invoices: number },
  texts: { readonly chain: ReadonlyMap<number, string>; readonly type: ReadonlyMap<number, string> },
): NetworkStatistics {
  const completed = at(counts, DIMENSION.taskStatus, STATUS_COMPLETED);
  const failed = at(counts, DIMENSION.taskStatus, STATUS_FAILED);
  const cached = at(counts, DIMENSION.cached, 0);
  const [online = 0, stale = 0, offline = 0] = NODE_STATES.map((_, state) => nodes.get(state) ?? 0);
  const closed = (dimension: number, labels: readonly string[]) =>
    closedDistribution(
      labels,
      Array.from({ length: labels.length + 1 }, (_, index) => at(counts, dimension, index)),
    );
  return {
    activeNodes: online + stale,
    totalNodes: online + stale + offline,
    totalTasks: totalTasks(counts),
    completedTasks: completed,
    failedTasks: failed,
    cachedTasks: cached,
    tasksLast24h: last24h.tasks,
    successRate: percent(completed, completed + failed),
    cacheHitRate: percent(cached, completed + failed),
    totalInvoices: at(counts, DIMENSION.invoices, 0),
    invoicesLast24h: last24h.invoices,
    executionTimeDistribution: closed(DIMENSION.executionTime, EXECUTION_TIMES),
    gasUsageDistribution: closed(DIMENSION.gas, GAS_AMOUNTS),
    stepsComputedDistribution: closed(DIMENSION.steps, STEP_COUNTS),
    memoryUsedDistribution: closed(DIMENSION.memory, MEMORY_SIZES),
    chainDistribution: open(counts.get(DIMENSION.chain), texts.chain),
    taskTypeDistribution: open(counts.get(DIMENSION.taskType), texts.type),
    onlineNodes: online,
    staleNodes: stale,
    offlineNodes: offline,
    // Locations are counted every hour by geography.ts; the ticker fills them in.
    continentDistribution: {},
    locationDistribution: {},
  };
}

function open(counts: ReadonlyMap<number, number> | undefined, texts: ReadonlyMap<number, string>) {
  const named = new Map<string, number>();
  for (const [label, count] of counts ?? []) {
    const text = label === 0 ? 'unknown' : label === OTHER_LABEL ? 'other' : (texts.get(label) ?? 'other');
    named.set(text, (named.get(text) ?? 0) + count);
  }
  return openDistribution(named);
}
