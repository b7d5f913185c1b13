// The rows of network_stats, one per period and tick. The workers compute the numbers; the writer writes them.

import type { EarlierStatistics } from '../domain/earlier-rows.ts';
import type { TickStatistics } from '../domain/statistics.ts';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Maximum number of ticks that wait while the database refuses: three days at the default interval. */
export const WAITING_TICKS_MAX = 10_000;
const NO_DISTRIBUTIONS = [null, null, null, null, null, null];
/** The earlier aggregator recorded no states of nodes. */
const NO_STATES = [null, null, null];

/** The table network_stats, and the ticks that wait for the next commit. */
export class StatisticsRows {
  readonly #insert: Statement;
  readonly #intervalMs: number | null;
  #waiting: TickStatistics[] = [];

  /** `intervalMs` is the time between ticks, stored in every row; null if it is not known. */
  constructor(database: Database, intervalMs: number | null) {
    this.#intervalMs = intervalMs;
    this.#insert = statement(
      database,
      `INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
         failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, execution_time_distribution,
         gas_usage_distribution, steps_computed_distribution, memory_used_distribution, chain_distribution,
         task_type_distribution, created_at, interval_ms, online_nodes, stale_nodes, offline_nodes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  add(tick: TickStatistics): void {
    this.#waiting.push(tick);
    // The database has refused for long; the history gets a gap, as if the program had not run.
    if (this.#waiting.length > WAITING_TICKS_MAX) this.#waiting.shift();
  }

  /** Adopts a row of the earlier aggregator at once, inside the caller's transaction. */
  adopt(earlier: EarlierStatistics): void {
    this.#insert.run(
      new Date(earlier.recordedMs).toISOString(),
      'all' satisfies Period,
      earlier.activeNodes,
      earlier.totalNodes,
      earlier.totalTasks,
      earlier.completedTasks,
      earlier.failedTasks,
      earlier.cachedTasks,
      earlier.totalInvoices,
      earlier.successRate,
      earlier.cacheHitRate,
      ...NO_DISTRIBUTIONS,
      new Date(earlier.createdMs).toISOString(),
      null,
      ...NO_STATES,
    );
  }

  /** Writes the rows of all waiting ticks, inside the caller's transaction. */
  write(nowMs: number): void {
    for (const tick of this.#waiting) {
      for (const period of PERIODS) {
        const data = tick.periods[period];
        this.#insert.run(
          new Date(tick.nowMs).toISOString(),
          period,
          data.activeNodes,
          data.totalNodes,
          data.totalTasks,
          data.completedTasks,
          data.failedTasks,
          data.cachedTasks,
          data.totalInvoices,
          data.successRate,
          data.cacheHitRate,
          JSON.stringify(data.executionTimeDistribution),
          JSON.stringify(data.gasUsageDistribution),
          JSON.stringify(data.stepsComputedDistribution),
          JSON.stringify(data.memoryUsedDistribution),
          JSON.stringify(data.chainDistribution),
          JSON.stringify(data.taskTypeDistribution),
          new Date(nowMs).toISOString(),
          this.#intervalMs,
          data.onlineNodes,
          data.staleNodes,
          data.offlineNodes,
        );
      }
    }
  }

  committed(): void {
    this.#waiting = [];
  }
}
