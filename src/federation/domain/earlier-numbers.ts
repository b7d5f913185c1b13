// The statistics that the earlier aggregator would publish from the rows in its file, by its own definitions. They are
// the "before" column of an adoption's report. Pure: the caller passes the rows one by one; no row is rejected.

import type { EarlierRow } from './earlier-rows.ts';
import type { NetworkStatistics } from './statistics.ts';

/** The numbers that both aggregators publish. */
export type SharedNumbers = Pick<
  NetworkStatistics,
  | 'totalTasks'
  | 'completedTasks'
  | 'failedTasks'
  | 'cachedTasks'
  | 'totalInvoices'
  | 'totalNodes'
  | 'activeNodes'
  | 'successRate'
  | 'cacheHitRate'
>;

/** Counts every row, including those that the adoption merges or skips. */
export class EarlierNumbers {
  #tasks = 0;
  #completed = 0;
  #failed = 0;
  #cached = 0;
  #invoices = 0;
  #nodes = 0;
  /** Number of nodes by the day of their last sighting (`YYYY-MM-DD`). */
  readonly #nodesByDay = new Map<string, number>();

  task({ status, cached }: EarlierRow): void {
    this.#tasks++;
    if (status === 'completed') this.#completed++;
    if (status === 'failed') this.#failed++;
    if (cached === 1) this.#cached++;
  }

  invoice(): void {
    this.#invoices++;
  }

  node({ last_seen_at: lastSeen }: EarlierRow): void {
    this.#nodes++;
    if (typeof lastSeen !== 'string') return;
    const day = lastSeen.slice(0, 10);
    this.#nodesByDay.set(day, (this.#nodesByDay.get(day) ?? 0) + 1);
  }

  /**
   * The numbers so far. The earlier aggregator called a node active if it was seen since midnight. Here midnight is
   * that of the newest sighting, the day on which the earlier aggregator stopped listening.
   */
  get numbers(): SharedNumbers {
    const days = [...this.#nodesByDay.keys()].filter((day) => /^\d{4}-\d{2}-\d{2}$/.test(day));
    const lastDay = days.toSorted().at(-1) ?? '';
    return {
      totalTasks: this.#tasks,
      completedTasks: this.#completed,
      failedTasks: this.#failed,
      cachedTasks: this.#cached,
      totalInvoices: this.#invoices,
      totalNodes: this.#nodes,
      activeNodes: this.#nodesByDay.get(lastDay) ?? 0,
      successRate: this.#percentOfAll(this.#completed),
      cacheHitRate: this.#percentOfAll(this.#cached),
    };
  }

  /** Percent of all tasks, rounded to the nearest hundredth. */
  #percentOfAll(tasks: number): number {
    return this.#tasks === 0 ? 0 : Math.round((tasks * 10_000) / this.#tasks) / 100;
  }
}
