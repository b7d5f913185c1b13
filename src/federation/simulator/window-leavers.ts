// Tasks and invoices of earlier runs may leave a window (1h, 24h, 7d) during a run. A window begins at a whole minute.
// While before and after lie in the same minute, nothing can have left, and every number must be exact. Otherwise the
// numbers may be lower than the baseline plus the run's own, if the shortfall can be a set of earlier tasks and
// invoices: no part is below zero or above its count before, and every distribution is short by the same total. Such a
// shortfall is reported as "left the window". Period `all` has no window and is always exact.

import { CLOSED, OPEN } from './statistic-members.ts';
import { MINUTE_MS } from '../../lib/durations.ts';

/** The shortfall by flat member name; only members with a shortfall. */
export type Shortfall = ReadonlyMap<string, number>;

/** True if the start of a window moved between the two moments. */
export function canHaveLeft(beforeMs: number, afterMs: number): boolean {
  return Math.floor(beforeMs / MINUTE_MS) !== Math.floor(afterMs / MINUTE_MS);
}

function sumOf(shortfall: Shortfall, member: string): number {
  let sum = 0;
  for (const [name, count] of shortfall) if (name.startsWith(`${member}.`)) sum += count;
  return sum;
}

/**
 * True if exactly these earlier tasks and invoices can have left. `tails` names the distributions that are not known in
 * full.
 */
export function isPossible(
  shortfall: Shortfall,
  before: ReadonlyMap<string, number>,
  tails: ReadonlySet<string>,
): boolean {
  for (const [name, count] of shortfall) {
    if (!(count >= 0 && count <= (before.get(name) ?? 0))) return false;
  }
  const shortfallOf = (name: string): number => shortfall.get(name) ?? 0;
  const ended = shortfallOf('completedTasks') + shortfallOf('failedTasks');
  const totals: Readonly<Record<string, number>> = {
    executionTimeDistribution: ended,
    gasUsageDistribution: ended,
    stepsComputedDistribution: shortfallOf('totalInvoices'),
    memoryUsedDistribution: shortfallOf('totalInvoices'),
    chainDistribution: shortfallOf('totalTasks'),
    taskTypeDistribution: shortfallOf('totalTasks'),
  };
  const sumsAgree = [...Object.keys(CLOSED), ...OPEN].every(
    (member) => tails.has(member) || sumOf(shortfall, member) === totals[member],
  );
  return sumsAgree && ended <= shortfallOf('totalTasks') && shortfallOf('cachedTasks') <= ended;
}
