// Counts of a partition for tests of the tick.

import type { PartialStatistics, PeriodCounts } from '../../../src/federation/domain/partial.ts';
import { mergePartials } from '../../../src/federation/domain/merge.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';

/** Counts of `tasks` completed tasks, with the position that is given. */
export function countsOf(
  tasks: number,
  nowMs: number,
  position: Partial<Pick<PartialStatistics, 'progress' | 'sources'>> = {},
): PartialStatistics {
  const period: PeriodCounts = {
    received: 0,
    completed: tasks,
    failed: 0,
    cached: 0,
    invoices: 0,
    executionTimes: [tasks, 0, 0, 0, 0, 0, 0, 0, 0],
    gasAmounts: [0, 0, 0, 0, 0, tasks],
    stepCounts: [0, 0, 0, 0, 0, 0],
    memorySizes: [0, 0, 0, 0, 0],
    chains: [['1', tasks]],
    taskTypes: [['wasm', tasks]],
  };
  return {
    nowMs,
    progress: tasks,
    sources: [
      { stream: 'TRUEBIT_INGEST_1', incarnation: 'a', upto: tasks, watermarkMs: nowMs, isAway: false },
    ],
    nodes: { online: 1, stale: 0, offline: 0 },
    periods: { '1h': period, '24h': period, '7d': period, all: period },
    ...position,
  };
}

/** The statistics of `tasks` tasks at `nowMs`. */
export function statisticsOf(tasks: number, nowMs: number): TickStatistics {
  return mergePartials([countsOf(tasks, nowMs)]);
}
