// Merges a heartbeat's buckets into its node (docs/federation.md#merging-reports): each bucket on its own keeps the
// newest value that was reported.

import type { Heartbeat } from '../domain/signal.ts';
import { ACTIVE_TASKS, CONTINENTS, TOTAL_TASKS } from '../domain/vocabulary.ts';
import type { Node } from './node-row.ts';

type Buckets = Pick<Heartbeat, 'totalTasks' | 'activeTasks' | 'continent' | 'location'>;

/** Keeps, for each bucket, the value with the greatest (time, value) among the heartbeats that carry it. */
export function mergeBuckets(node: Node, signal: Buckets, atMs: number): void {
  if (isNewer(signal.totalTasks, TOTAL_TASKS.length, atMs, node.totalTasks, node.totalTasksMs)) {
    node.totalTasks = signal.totalTasks;
    node.totalTasksMs = atMs;
  }
  if (isNewer(signal.activeTasks, ACTIVE_TASKS.length, atMs, node.activeTasks, node.activeTasksMs)) {
    node.activeTasks = signal.activeTasks;
    node.activeTasksMs = atMs;
  }
  if (isNewer(signal.continent, CONTINENTS.length, atMs, node.continent, node.continentMs)) {
    node.continent = signal.continent;
    node.continentMs = atMs;
  }
  if (signal.location !== null) {
    const isLater =
      atMs > node.locationMs || (atMs === node.locationMs && signal.location > (node.location ?? ''));
    if (node.location === null || isLater) {
      node.location = signal.location;
      node.locationMs = atMs;
    }
  }
}

function isNewer(value: number, absent: number, atMs: number, known: number, knownMs: number): boolean {
  if (value === absent) return false;
  return known === absent || atMs > knownMs || (atMs === knownMs && value > known);
}
