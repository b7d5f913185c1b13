// The queries of a tick: the counts of all four periods from one read transaction, with the position of the database in
// it. They read only roll-up cells, so their cost does not grow with the history. The rules that make statistics of
// counts are in domain/merge.ts.

import { mergePartials } from '../domain/merge.ts';
import type { LabelCounts, PartialStatistics, PeriodCounts } from '../domain/partial.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import { EXECUTION_TIMES, GAS_AMOUNTS, MEMORY_SIZES, STEP_COUNTS } from '../domain/vocabulary.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import type { ReadDatabase, Statement } from '../../store/database.ts';
import { readAppliedPosition } from '../store/applied-position.ts';
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
  readonly #database: ReadDatabase;
  readonly #inOneTransaction: (nowMs: number) => PartialStatistics;

  constructor(database: ReadDatabase) {
    this.#database = database;
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
    return mergePartials([this.partial(nowMs)]);
  }

  /** The counts from which the statistics at `nowMs` are made. */
  partial(nowMs: number): PartialStatistics {
    return this.#inOneTransaction(nowMs);
  }

  #read(nowMs: number): PartialStatistics {
    const texts = { chain: this.#texts(DIMENSION.chain), type: this.#texts(DIMENSION.taskType) };
    const all = byDimension(this.#totals.all());
    const [online = 0, stale = 0, offline = 0] = NODE_STATES.map((_, state) =>
      at(all, DIMENSION.nodeState, state),
    );
    return {
      nowMs,
      ...readAppliedPosition(this.#database),
      nodes: { online, stale, offline },
      periods: {
        '1h': toCounts(this.#countsOf(nowMs, 1), texts),
        '24h': toCounts(this.#countsOf(nowMs, 24), texts),
        '7d': toCounts(this.#countsOf(nowMs, 7 * 24), texts),
        all: toCounts(all, texts),
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

function toCounts(
  counts: Counts,
  texts: { readonly chain: ReadonlyMap<number, string>; readonly type: ReadonlyMap<number, string> },
): PeriodCounts {
  const status = (label: number) => at(counts, DIMENSION.taskStatus, label);
  const closed = (dimension: number, labels: readonly string[]) =>
    Array.from({ length: labels.length + 1 }, (_, index) => at(counts, dimension, index));
  return {
    received: status(STATUS_RECEIVED),
    completed: status(STATUS_COMPLETED),
    failed: status(STATUS_FAILED),
    cached: at(counts, DIMENSION.cached, 0),
    invoices: at(counts, DIMENSION.invoices, 0),
    executionTimes: closed(DIMENSION.executionTime, EXECUTION_TIMES),
    gasAmounts: closed(DIMENSION.gas, GAS_AMOUNTS),
    stepCounts: closed(DIMENSION.steps, STEP_COUNTS),
    memorySizes: closed(DIMENSION.memory, MEMORY_SIZES),
    chains: named(counts.get(DIMENSION.chain), texts.chain),
    taskTypes: named(counts.get(DIMENSION.taskType), texts.type),
  };
}

function named(
  counts: ReadonlyMap<number, number> | undefined,
  texts: ReadonlyMap<number, string>,
): LabelCounts {
  return [...(counts ?? [])].map(([label, count]) => [textOf(label, texts), count]);
}

function textOf(label: number, texts: ReadonlyMap<number, string>): string {
  if (label === 0) return 'unknown';
  return label === OTHER_LABEL ? 'other' : (texts.get(label) ?? 'other');
}
