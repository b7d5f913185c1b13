// A span of the statistics history, down-sampled: from each step the first row, found by one seek in the index of
// (period, time), and the newest row of all, for a step may be hours long and its reader wants to know how things are now.
// Cost grows with the points asked for, never with what is stored.

import {
  gapsBetween,
  type History,
  HISTORY_SERIES,
  type HistoryQuery,
  type HistorySeries,
  stepOf,
} from '../../domain/federation/history.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

type Row = { readonly recordedAt: string } & Readonly<Record<HistorySeries, number>>;

export function readHistory(
  database: ReadDatabase,
  query: HistoryQuery,
  { nowMs, tickMs }: { readonly nowMs: number; readonly tickMs: number },
): History {
  const stepMs = stepOf(query);
  const oneRow = (
    order: 'ASC' | 'DESC',
  ) => `SELECT recorded_at AS recordedAt, active_nodes AS activeNodes, total_nodes_seen AS totalNodes,
       total_tasks AS totalTasks, completed_tasks AS completedTasks, failed_tasks AS failedTasks,
       cached_tasks AS cachedTasks, total_invoices AS totalInvoices, success_rate AS successRate,
       cache_hit_rate AS cacheHitRate
     FROM network_stats WHERE stat_period = ? AND recorded_at >= ? AND recorded_at < ? ORDER BY recorded_at ${order} LIMIT 1`;
  const first = statement<[string, string, string], Row>(database, oneRow('ASC'));
  const newest = statement<[string, string, string], Row>(database, oneRow('DESC'));
  const to = new Date(query.toMs).toISOString();
  const rows: Row[] = [];
  database.transaction(() => {
    let seekMs = query.fromMs;
    while (rows.length < query.points) {
      const row = first.get(query.period, new Date(seekMs).toISOString(), to);
      if (row === undefined) break;
      rows.push(row);
      // Steps begin at multiples of their width, so that the same rows are shown while the span moves on.
      seekMs = (Math.floor(Date.parse(row.recordedAt) / stepMs) + 1) * stepMs;
    }
    const taken = rows.at(-1);
    const last = newest.get(query.period, new Date(query.fromMs).toISOString(), to);
    if (taken === undefined || last === undefined || last.recordedAt === taken.recordedAt) return;
    if (rows.length === query.points) rows.pop();
    rows.push(last);
  })();
  const atMs = rows.map((row) => Date.parse(row.recordedAt));
  const series = Object.fromEntries(
    HISTORY_SERIES.map((name) => [name, rows.map((row) => row[name])]),
  ) as Record<HistorySeries, number[]>;
  return {
    period: query.period,
    from: new Date(query.fromMs).toISOString(),
    to,
    stepMs,
    at: rows.map((row) => row.recordedAt),
    series,
    gaps: gapsBetween(atMs, { nowMs, tickMs, stepMs }).map((gap) => ({
      from: new Date(gap.fromMs).toISOString(),
      to: new Date(gap.toMs).toISOString(),
    })),
  };
}
