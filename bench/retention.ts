// How long the writer pauses for retention, thinning and eviction: steps over a million tasks, a million rows of
// statistics and 200,000 nodes, each step in a commit that carries nothing else.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFederationWriter } from '../src/federation/store/federation-database.ts';
import { FederationWriter, type WriterOptions } from '../src/federation/store/writer.ts';
import { fill } from './fill.ts';
import { machine } from './machine.ts';

const DAY_MS = 86_400_000;
const TASKS = 1_000_000;
const NODES = 200_000;
const TRANSITIONS = 1_000;
const TICKS = 250_000;
const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };
const OPTIONS: WriterOptions = {
  limits: NO_LIMITS,
  generationSize: 100_000,
  transitionsPerNodeMax: TRANSITIONS,
};

/** Repeats a step until it reports that it is done, and prints the times of the steps. */
function measure(what: string, step: () => boolean): void {
  const times: number[] = [];
  let cpuMsMax = 0;
  const startedMs = performance.now();
  for (let isOver = false; !isOver; ) {
    const fromMs = performance.now();
    const fromCpu = process.cpuUsage();
    isOver = step();
    times.push(performance.now() - fromMs);
    const { user, system } = process.cpuUsage(fromCpu);
    cpuMsMax = Math.max(cpuMsMax, (user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    `  ${what}: ${times.length} steps in ${seconds} s, ms a step: median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} (processor ${cpuMsMax.toFixed(1)})`,
  );
}

function pass(writer: FederationWriter, cutoffMs: number, nowMs: number): () => boolean {
  return () => {
    writer.pruneStep(cutoffMs);
    writer.commit(nowMs, 0);
    return writer.lastCommit.pruned?.isPassOver === true;
  };
}

function benchRows(path: string, nowMs: number): void {
  fill(path, TASKS, nowMs);
  const writer = new FederationWriter(openFederationWriter(path), OPTIONS, 'bench');
  measure(`a pass over ${TASKS} tasks, none too old`, pass(writer, nowMs - 8 * DAY_MS, nowMs));
  measure('a pass, one in seven too old', pass(writer, nowMs - 6 * DAY_MS, nowMs));
  measure('a pass, all too old', pass(writer, nowMs + 1, nowMs));
  writer.close();
}

function benchStatistics(path: string, nowMs: number): void {
  const database = openFederationWriter(path);
  const insert = database.prepare(
    `INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
       failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, chain_distribution, created_at)
     VALUES (?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, '')`,
  );
  database.transaction(() => {
    for (let tick = TICKS; tick > 0; tick--) {
      const recordedAt = new Date(nowMs - tick * 30_000).toISOString();
      for (const period of ['1h', '24h', '7d', 'all']) insert.run(recordedAt, period, 'x'.repeat(500));
    }
  })();
  const writer = new FederationWriter(database, OPTIONS, 'bench');
  measure(`thinning ${TICKS * 4} rows of ${Math.round(TICKS / 2880)} days`, () => {
    writer.thinStep(nowMs);
    writer.commit(nowMs, 0);
    return writer.lastCommit.isThinned === true;
  });
  writer.close();
}

function benchNodes(path: string, nowMs: number): void {
  const limits = { ...NO_LIMITS, maxNodes: NODES };
  const database = openFederationWriter(path);
  const writer = new FederationWriter(database, { ...OPTIONS, limits }, 'bench');
  const heard = (node: number, atMs: number) =>
    writer.apply({ type: 'node_joined', nodeId: `node-${node}` }, { atMs, nowMs: atMs, observedMs: 0 });
  for (let node = 0; node < NODES; node++) {
    heard(node, nowMs);
    if (node % 10_000 === 0) writer.commit(nowMs, 0);
  }
  writer.commit(nowMs, 0);
  // All nodes beat for an hour; then the first new node comes, and all places in the queue are outdated.
  for (let minute = 1; minute <= 60; minute += 59) {
    for (let node = 0; node < NODES; node++) heard(node, nowMs + minute * 60_000);
    writer.commit(nowMs, 0);
  }
  const laterMs = nowMs + 3_600_000;
  let refused = '';
  measure(`the first new node among ${NODES} that beat`, () => {
    refused = heard(NODES, laterMs);
    return true;
  });
  console.log(`    it was ${refused}`);
  let next = NODES;
  measure('6,000 new nodes among nodes that beat, refused', () => {
    for (let i = 0; i < 100; i++) heard(next++, laterMs);
    return next >= NODES + 6_000;
  });
  measure('6,000 new nodes evict 6,000 silent ones, 100 a commit', () => {
    for (let i = 0; i < 100; i++) heard(next++, laterMs + 300_001);
    writer.commit(nowMs, 0);
    return next >= NODES + 12_000;
  });
  database.transaction(() => {
    database.exec(
      `INSERT INTO transitions SELECT number, value, 0, 0, 0, 1, 'silence'
       FROM (SELECT number FROM nodes ORDER BY number LIMIT 2000), (WITH RECURSIVE n(value) AS
         (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${TRANSITIONS}) SELECT value FROM n)`,
    );
  })();
  measure(
    `a pass over ${NODES} nodes, all too old, 2,000 with ${TRANSITIONS} transitions`,
    pass(writer, laterMs * 2, nowMs),
  );
  writer.close();
}

export async function benchRetention(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  const nowMs = Date.UTC(2026, 0, 15);
  try {
    console.log(`retention  ${machine()} (aim: no step over 50 ms)`);
    benchRows(join(folder, 'rows.db'), nowMs);
    benchStatistics(join(folder, 'statistics.db'), nowMs);
    benchNodes(join(folder, 'nodes.db'), nowMs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
