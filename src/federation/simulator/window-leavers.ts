// Tasks and invoices of earlier runs may leave a window (1h, 24h, 7d) while a run lasts. The rule: a window counts from
// a whole minute, so nothing can have left while before and after lie in the same minute, and then every number must be
// exact. Otherwise numbers may fall short of before + ours, if the shortfall itself is a possible set of earlier tasks
// and invoices: no part below zero or above what was there before, and every distribution short by the same total. Such
// a shortfall is reported as "left the window". Period `all` has no window and is always exact.

import { CLOSED, OPEN } from './statistic-members.ts';
import { MINUTE_MS } from '../../lib/durations.ts';

/** Shortfall by flat member name, only where it is not zero. */
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

/** True if exactly these earlier tasks and invoices could have left. `tails` names distributions not known in full. */
export function isPossible(
  shortfall: Shortfall,
  before: ReadonlyMap<string, number>,
  tails: ReadonlySet<string>,
): boolean {
  for (const [name, count] of shortfall) {
    if (!(count >= 0 && count <= (before.get(name) ?? 0))) return false;
  }
  const of = (name: string): number => shortfall.get(name) ?? 0;
  const ended = of('completedTasks') + of('failedTasks');
  const totals: Readonly<Record<string, number>> = {
    executionTimeDistribution: ended,
    gasUsageDistribution: ended,
    stepsComputedDistribution: of('totalInvoices'),
    memoryUsedDistribution: of('totalInvoices'),
    chainDistribution: of('totalTasks'),
    taskTypeDistribution: of('totalTasks'),
  };
  const sumsAgree = [...Object.keys(CLOSED), ...OPEN].every(
    (member) => tails.has(member) || sumOf(shortfall, member) === totals[member],
  );
  return sumsAgree && ended <= of('totalTasks') && of('cachedTasks') <= ended;
}
