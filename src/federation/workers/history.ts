// Reads a span of the statistics history, down-sampled. It takes the first row of each step, found by one seek in the
// index of (period, time). It adds the newest row of all, because a step may be hours long and readers want to see the
// present state. It also adds the rows at the edges of gaps: gaps follow from the recorded rows, not from the rows
// shown. The cost grows with the number of points, never with the number of stored rows.

import {
  type History,
  HISTORY_SERIES,
  type HistoryBar,
  type HistoryQuery,
  type HistorySeries,
  type RecordedDistribution,
  isGap,
  likelyIntervalMs,
  stepOf,
} from '../domain/history.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { readThinned } from '../store/statistics-thinning.ts';
import { statement } from '../../store/statements.ts';

type Row = { readonly recordedAt: string; readonly intervalMs: number | null } & Readonly<
  Record<HistorySeries, number | null>
>;
type Gap = History['gaps'][number];

/** Sorts after every time that a row may have. */
const FOR_EVER = 'Z';

/** Answers a query of the history. `tickMs` is today's interval between ticks, for rows that do not record theirs. */
export function readHistory(database: ReadDatabase, query: HistoryQuery, tickMs: number): History {
  const stepMs = stepOf(query);
  const [from, to] = [timeText(query.fromMs), timeText(query.toMs)];
  const rows: Row[] = [];
  const gaps: Gap[] = [];
  let bar: readonly (number | null)[] = [];
  database.transaction(() => {
    const recorded = recordedRows(database, query.period, tickMs);
    const chosen: Row[] = [];
    let seekMs = query.fromMs;
    // One place is reserved for the newest row.
    while (chosen.length < query.points - 1) {
      const row = recorded.firstIn(timeText(seekMs), to);
      if (row === undefined) break;
      chosen.push(row);
      // Steps begin at multiples of their width, so that the same rows are shown while the span advances.
      seekMs = (Math.floor(Date.parse(row.recordedAt) / stepMs) + 1) * stepMs;
    }
    const newest = recorded.lastIn(from, to);
    if (newest !== undefined && newest.recordedAt !== chosen.at(-1)?.recordedAt) chosen.push(newest);
    let room = query.points - chosen.length;
    for (const row of chosen) {
      const shown = rows.at(-1);
      const led = shown === undefined ? { rows: [row], gaps: [] } : leadUp(recorded, shown, row, room);
      room -= led.rows.length - 1;
      rows.push(...led.rows);
      gaps.push(...led.gaps);
    }
    if (query.bar !== undefined) bar = countsOf(database, query.bar, query.period, rows);
  })();
  const series = Object.fromEntries(
    HISTORY_SERIES.map((name) => [name, rows.map((row) => row[name])]),
  ) as Record<HistorySeries, (number | null)[]>;
  return {
    period: query.period,
    from,
    to,
    stepMs,
    at: rows.map((row) => row.recordedAt),
    series,
    ...(query.bar !== undefined && { bar }),
    gaps,
  };
}

/** The column of each distribution: an object of counts by label, as JSON. */
const COLUMNS: Readonly<Record<RecordedDistribution, string>> = {
  executionTimeDistribution: 'execution_time_distribution',
  gasUsageDistribution: 'gas_usage_distribution',
  stepsComputedDistribution: 'steps_computed_distribution',
  memoryUsedDistribution: 'memory_used_distribution',
  chainDistribution: 'chain_distribution',
  taskTypeDistribution: 'task_type_distribution',
};

/** The counts of one label in these rows; null where the recorded distribution does not list it. */
function countsOf(
  database: ReadDatabase,
  { distribution, label }: HistoryBar,
  period: string,
  rows: readonly Row[],
): readonly (number | null)[] {
  const recorded = statement<[string, string], string | null>(
    database,
    `SELECT ${COLUMNS[distribution]} FROM network_stats WHERE stat_period = ? AND recorded_at = ?`,
  ).pluck();
  return rows.map(({ recordedAt }) => {
    const counts = new Map(
      Object.entries(JSON.parse(recorded.get(period, recordedAt) ?? '{}') as Record<string, number>),
    );
    return counts.get(label) ?? null;
  });
}

/**
 * Returns `row`, preceded by the rows at the edges of the gaps that lead up to it, one gap after the other, as far as
 * there is `room`; and those gaps. Each gap lies between two adjacent rows of the answer. `shown` is the row shown
 * before.
 */
function leadUp(
  recorded: ReturnType<typeof recordedRows>,
  shown: Row,
  row: Row,
  room: number,
): { readonly rows: readonly Row[]; readonly gaps: readonly Gap[] } {
  const rows = [row];
  const gaps: Gap[] = [];
  for (let later = row; ; ) {
    const earlier = recorded.lastIn('', later.recordedAt);
    if (earlier === undefined || !recorded.isGap(earlier, later)) break;
    const isAdded = earlier.recordedAt !== shown.recordedAt && rows.length <= room;
    // Without room for its edge, the gap starts at the row shown before.
    gaps.unshift({ from: (isAdded ? earlier : shown).recordedAt, to: later.recordedAt });
    if (!isAdded) break;
    rows.unshift(earlier);
    later = earlier;
  }
  return { rows, gaps };
}

/** The rows of one period, each found by one seek. */
function recordedRows(database: ReadDatabase, period: string, tickMs: number) {
  const oneRow = (
    order: 'ASC' | 'DESC',
  ) => `SELECT recorded_at AS recordedAt, interval_ms AS intervalMs, active_nodes AS activeNodes,
       total_nodes_seen AS totalNodes, total_tasks AS totalTasks, completed_tasks AS completedTasks,
       failed_tasks AS failedTasks, cached_tasks AS cachedTasks, total_invoices AS totalInvoices,
       success_rate AS successRate, cache_hit_rate AS cacheHitRate, online_nodes AS onlineNodes,
       stale_nodes AS staleNodes, offline_nodes AS offlineNodes
     FROM network_stats WHERE stat_period = ? AND recorded_at >= ? AND recorded_at < ? ORDER BY recorded_at ${order} LIMIT 1`;
  const first = statement<[string, string, string], Row>(database, oneRow('ASC'));
  const last = statement<[string, string, string], Row>(database, oneRow('DESC'));
  const thinned = readThinned(database);
  const firstIn = (from: string, to: string) => first.get(period, from, to);
  const lastIn = (from: string, to: string) => last.get(period, from, to);
  const distanceMs = (earlier: Row | undefined, later: Row | undefined) =>
    earlier === undefined || later === undefined
      ? null
      : Date.parse(later.recordedAt) - Date.parse(earlier.recordedAt);
  return {
    firstIn,
    lastIn,
    /** True if rows are missing between two rows that are neighbours in the database. */
    isGap(earlier: Row, later: Row): boolean {
      const [fromMs, toMs] = [Date.parse(earlier.recordedAt), Date.parse(later.recordedAt)];
      const is = (intervalMs: number) => isGap({ fromMs, toMs, intervalMs }, thinned);
      if (earlier.intervalMs !== null) return is(earlier.intervalMs);
      if (!is(tickMs)) return false;
      const before = distanceMs(lastIn('', earlier.recordedAt), earlier);
      const after = distanceMs(later, firstIn(timeText(toMs + 1), FOR_EVER));
      return is(likelyIntervalMs(tickMs, before, after));
    },
  };
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
