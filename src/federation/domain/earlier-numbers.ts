// What the earlier aggregator would publish of the rows in its file, by its own definitions: the "before" of the report of
// an adoption. Pure: it is given the rows one by one, and judges none of them.

import type { EarlierRow } from './earlier.ts';
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

/** Counts rows, every one: also those that an adoption merges or skips. */
export class EarlierNumbers {
  #tasks = 0;
  #completed = 0;
  #failed = 0;
  #cached = 0;
  #invoices = 0;
  #nodes = 0;
  /** Nodes by the day on which they were seen last, as text. */
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

  /** Active were the nodes seen since midnight. The last day is that of the newest sighting: then it stopped listening. */
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

  /** Of all tasks, to the nearest hundredth. */
  #percentOfAll(tasks: number): number {
    return this.#tasks === 0 ? 0 : Math.round((tasks * 10_000) / this.#tasks) / 100;
  }
}
