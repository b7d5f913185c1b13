// The oracle's nodes (sections 3 and 6): life, leave, heartbeats, and what each said about itself last.

import type { ExpectedNode } from './expected-rows.ts';
import type { DatedLabel } from './label-order.ts';
import { newestLabel } from './label-order.ts';
import type { Heartbeat, Statement } from './statement.ts';
import { ACTIVE_TASK_BUCKETS, CONTINENT_BUCKETS, TOTAL_TASK_BUCKETS } from './vocabulary.ts';

interface NodeMemory {
  firstMs: number;
  /** The newest join or living heartbeat. */
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

function beat(node: NodeMemory, said: Heartbeat, tMs: number): void {
  node.heartbeats += 1;
  node.activeTasks = newestLabel(node.activeTasks, said.activeTasks, tMs, ACTIVE_TASK_BUCKETS);
  node.totalTasks = newestLabel(node.totalTasks, said.totalTasks, tMs, TOTAL_TASK_BUCKETS);
  node.continent = newestLabel(node.continent, said.continent, tMs, CONTINENT_BUCKETS);
  node.location = newestLabel(node.location, said.location, tMs, null);
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

/** Nodes that remember every sign of life. */
export function createNodes() {
  const nodes = new Map<string, NodeMemory>();
  return {
    /** True if the message made the node, or moved its first_seen. */
    see(said: Statement, tMs: number): boolean {
      const node = nodes.get(said.nodeId) ?? emptyNode();
      nodes.set(said.nodeId, node);
      const older = tMs < node.firstMs;
      node.firstMs = Math.min(node.firstMs, tMs);
      const leaves = said.type === 'node_left' || (said.type === 'heartbeat' && said.offline);
      const lives = said.type === 'node_joined' || (said.type === 'heartbeat' && !said.offline);
      if (leaves) node.leftMs = Math.max(node.leftMs, tMs);
      if (lives) node.lifeMs = Math.max(node.lifeMs, tMs);
      if (said.type === 'heartbeat') beat(node, said, tMs);
      return older;
    },
    rows: (): Map<string, ExpectedNode> => new Map([...nodes].map(([id, node]) => [id, nodeRow(node)])),
  };
}
