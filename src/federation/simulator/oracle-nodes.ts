// The oracle's nodes (docs/federation.md#merging-reports, docs/federation.md#leaving): signs of life, leaves,
// heartbeats, and what each node last reported about itself.

import type { ExpectedNode } from './expected-rows.ts';
import type { DatedLabel } from './label-order.ts';
import { newestLabel } from './label-order.ts';
import type { Heartbeat, Statement } from './statement.ts';
import { ACTIVE_TASK_BUCKETS, CONTINENT_BUCKETS, TOTAL_TASK_BUCKETS } from './vocabulary.ts';

interface NodeMemory {
  firstMs: number;
  /** Time of the newest join or heartbeat that is not offline. */
  lifeMs: number;
  leftMs: number;
  heartbeats: number;
  activeTasks: DatedLabel | null;
  totalTasks: DatedLabel | null;
  continent: DatedLabel | null;
  location: DatedLabel | null;
}

function emptyNode(): NodeMemory {
  const labels = { activeTasks: null, totalTasks: null, continent: null, location: null };
  return { firstMs: Infinity, lifeMs: -Infinity, leftMs: -Infinity, heartbeats: 0, ...labels };
}

function beat(node: NodeMemory, statement: Heartbeat, tMs: number): void {
  node.heartbeats += 1;
  node.activeTasks = newestLabel(node.activeTasks, statement.activeTasks, tMs, ACTIVE_TASK_BUCKETS);
  node.totalTasks = newestLabel(node.totalTasks, statement.totalTasks, tMs, TOTAL_TASK_BUCKETS);
  node.continent = newestLabel(node.continent, statement.continent, tMs, CONTINENT_BUCKETS);
  node.location = newestLabel(node.location, statement.location, tMs, null);
}

function nodeRow(node: NodeMemory): ExpectedNode {
  return {
    total_tasks_bucket: node.totalTasks?.value ?? null,
    active_tasks_bucket: node.activeTasks?.value ?? null,
    continent_bucket: node.continent?.value ?? null,
    location_bucket: node.location?.value ?? null,
    heartbeat_count: node.heartbeats,
    left: node.leftMs !== -Infinity && node.leftMs >= node.lifeMs,
  };
}

/** A store of nodes that remembers every sign of life. */
export function createNodes() {
  const nodes = new Map<string, NodeMemory>();
  return {
    /** Merges a message; true if it created the node or moved its first_seen. */
    see(statement: Statement, tMs: number): boolean {
      const node = nodes.get(statement.nodeId) ?? emptyNode();
      nodes.set(statement.nodeId, node);
      const older = tMs < node.firstMs;
      node.firstMs = Math.min(node.firstMs, tMs);
      const leaves = statement.type === 'node_left' || (statement.type === 'heartbeat' && statement.offline);
      const lives =
        statement.type === 'node_joined' || (statement.type === 'heartbeat' && !statement.offline);
      if (leaves) node.leftMs = Math.max(node.leftMs, tMs);
      if (lives) node.lifeMs = Math.max(node.lifeMs, tMs);
      if (statement.type === 'heartbeat') beat(node, statement, tMs);
      return older;
    },
    rows: (): Map<string, ExpectedNode> => new Map([...nodes].map(([id, node]) => [id, nodeRow(node)])),
  };
}
