// Fills a database through the real writer: tasks spread over seven days, two reporters each, every bucket in use.

import { encodeOutcome } from '../src/domain/federation/outcome.ts';
import { openWriter } from '../src/store/database.ts';
import { FederationWriter } from '../src/store/federation/writer.ts';

const WEEK_MS = 7 * 86_400_000;
const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };
const CHAINS = ['1', '5', '137', '8453', '42161'];
const TYPES = ['wasm', 'docker', 'native'];

/** Makes a database with `tasks` completed tasks and a quarter as many invoices, reported by 1,000 nodes. */
export function fill(path: string, tasks: number, nowMs: number): void {
  const writer = new FederationWriter(
    openWriter(path),
    { limits: NO_LIMITS, generationSize: 100_000, transitionsPerNodeMax: 1000 },
    'bench',
  );
  for (let task = 0; task < tasks; task++) {
    const atMs = nowMs - WEEK_MS + Math.floor((task / tasks) * WEEK_MS);
    const moment = { atMs, nowMs, observedMs: 0 };
    const idHash = task.toString(16).padStart(64, 'f');
    const chainId = CHAINS[task % 5] ?? null;
    for (const reporter of [task % 1000, (task * 7) % 1000]) {
      const nodeId = `node-${reporter}`;
      writer.apply(
        { type: 'task_received', nodeId, idHash, chainId, taskType: TYPES[task % 3] ?? null },
        moment,
      );
      const outcome = encodeOutcome(task % 50 === 0, task % 9, task % 6, task % 3);
      writer.apply({ type: 'task_completed', nodeId, idHash, chainId, outcome }, moment);
    }
    if (task % 4 === 0) {
      writer.apply(
        {
          type: 'invoice_created',
          nodeId: 'node-1',
          idHash,
          taskIdHash: idHash,
          chainId,
          operation: 'compute',
          steps: task % 6,
          memory: task % 5,
        },
        moment,
      );
    }
    if (task % 8000 === 7999) writer.commit(nowMs, 0);
  }
  writer.commit(nowMs, 0);
  writer.close();
}
