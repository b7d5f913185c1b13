// A broker that is away, comes back, or never comes (docs/agent.md#failure-stories): nothing is lost, and the log stays short.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectedNetwork } from '../../../src/agent/simulator/expected-network.ts';
import { BOTH_SOURCES } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import { nodeTimeline } from '../../../src/agent/simulator/node-timeline.ts';
import { NodeWriter } from '../../../src/agent/simulator/node-writer.ts';
import type { PlannedNode } from '../../../src/agent/simulator/planned-execution.ts';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { AGENT_SALT } from '../../support/agent-program.ts';
import type { LogLine } from '../../support/aggregator.ts';
import { freePort } from '../../support/free-port.ts';
import { CAN_MOUNT, mountSmall } from '../../support/mounts.ts';
import { valueOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';
import { differencesOf, outcomesOf } from '../trial/compare.ts';
import { Programs, TRIAL_SALT } from '../trial/programs.ts';
import { Network } from './network.ts';
import { idsOf, PlainNode } from './plain-node.ts';

const BROKER_KILLS = 6;
const SETTLE_MS = 120_000;
const UNCONFIRMED_MAX = 60;
/** Without a salt the sources wait, and here is nobody to give one. */
const SALT = { FEDERATION_SALT: AGENT_SALT };
/** What the small disk has room for: a state file with its log, and nearly nothing else. */
const SMALL_DISK_BYTES = 700_000;

/** Warnings and errors, with every number replaced, and how often each came. */
function complaints(log: readonly LogLine[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { level, msg } of log) {
    if (level !== 'warn' && level !== 'error') continue;
    const cause = msg.replaceAll(/\d+/g, 'N');
    counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
}

describe('broker away', () => {
  it('broker away - row 12: killed in the middle of batches again and again, and every fact is counted', async () => {
    const programs = new Programs(1);
    try {
      const startMs = Date.now() - 3_600_000;
      const plan = makeNodePlan({ ...STANDARD_PLAN, executions: 300, startMs, sharedShare: 1 });
      const writer = new NodeWriter(programs.nodeFolder(0), plan.nodes[0] as PlannedNode);
      const steps = nodeTimeline(plan, 0);
      await programs.start();
      for (let kill = 0; kill < BROKER_KILLS; kill++) {
        const share = Math.ceil(steps.length / BROKER_KILLS);
        writer.write(steps.slice(kill * share, (kill + 1) * share));
        await delay(300 + 100 * kill);
        await programs.killAndStart('broker', 100);
      }
      await programs.settled(SETTLE_MS);
      const statistics = await programs.statistics();
      await programs.stop();
      const { databasePath } = programs;
      expect(
        differencesOf(databasePath, statistics, expectedNetwork(plan, [BOTH_SOURCES], TRIAL_SALT)),
      ).toEqual([]);
      expect(outcomesOf(databasePath).duplicate).toBeLessThanOrEqual(BROKER_KILLS * UNCONFIRMED_MAX);
      const beats = Number(valueOf(databasePath, 'SELECT heartbeat_count FROM active_nodes'));
      // One for the start and each return; a run of a minute or two has some of its own.
      expect(beats).toBeLessThanOrEqual(1 + BROKER_KILLS + 8);
      programs.remove();
    } finally {
      await programs.killAll();
    }
  });

  it('broker away - row 18: with 10,000 facts waiting each cause has one line', async () => {
    const folder = agentFolder('away');
    const node = new PlainNode(folder);
    node.events(idsOf('waiting', 10_500));
    const env = { ...SALT, FEDERATION_NATS_URL: `nats://127.0.0.1:${await freePort()}`, AGENT_LOGS: '' };
    const agent = await startAgent(folder, env);
    await until('a full outbox', async () => {
      const { waiting } = await agent.node();
      return waiting.messages === waiting.limit;
    });
    await delay(3_000);
    expect(Object.entries(complaints(agent.log)).filter(([, count]) => count > 1)).toEqual([]);
    expect(agent.log.filter(({ level }) => level !== 'debug').length).toBeLessThan(25);
  });

  it('broker away - row 14: with a small outbox the files are the queue, and everything comes once the broker is there', async () => {
    const folder = agentFolder('small-outbox');
    const node = new PlainNode(folder);
    node.events(idsOf('waiting', 500));
    const port = await freePort();
    const env = {
      ...SALT,
      FEDERATION_NATS_URL: `nats://127.0.0.1:${port}`,
      AGENT_LOGS: '',
      AGENT_QUEUE_MAX: '10',
    };
    const agent = await startAgent(folder, env);
    await until('a full outbox', async () => (await agent.node()).waiting.messages === 10);
    const network = await Network.start(port);
    await network.came(500);
    await agent.settled();
    expect(network.counts).toEqual({ task_completed: 500 });
    expect(network.repeated).toEqual([]);
    expect(Object.entries(complaints(agent.log)).filter(([, count]) => count > 1)).toEqual([]);
  });

  it.runIf(CAN_MOUNT)(
    'broker away - row 14: a full disk loses nothing, has one line, and recovers by itself',
    async () => {
      const folder = agentFolder('full-disk');
      const small = mountSmall(join(folder, 'small'), SMALL_DISK_BYTES);
      const node = new PlainNode(folder);
      const network = await Network.start();
      const agent = await startAgent(folder, {
        ...network.env,
        AGENT_LOGS: '',
        AGENT_QUEUE_MAX: '10',
        DB_PATH: join(small, 'agent.db'),
      });
      const filling = fillDisk(small);
      node.events(idsOf('waiting', 500));
      await until('the state to refuse', () =>
        agent.log.some(
          ({ level, msg }) => level !== 'debug' && /disk|state|full/i.test(msg) && level !== 'info',
        ),
      );
      await delay(2_000);
      rmSync(filling);
      await network.came(500);
      await agent.settled();
      expect(network.counts).toEqual({ task_completed: 500 });
      expect(network.repeated).toEqual([]);
      expect(Object.entries(complaints(agent.log)).filter(([, count]) => count > 1)).toEqual([]);
    },
  );
});

/** Takes all room of a small file system; returns the file that has it. */
function fillDisk(folder: string): string {
  const path = join(folder, 'filling');
  for (const bytes of [65_536, 4_096]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // No room for a piece of this size.
    }
  }
  return path;
}
