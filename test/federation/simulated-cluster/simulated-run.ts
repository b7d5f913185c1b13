// One run of the simulated cluster, from its seed to the list of differences.

import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { numbersOf } from '../../support/event-time.ts';
import { NO_LIMITS } from '../store/events.ts';
import { differencesOf } from './simulated-checks.ts';
import { type BrokenRule, SimulatedCluster } from './simulated-cluster.ts';
import { type Scenario, scenarioOf, SimulatedFaults } from './simulated-faults.ts';

/** Narrow, so that they decide something. */
const LIMITS = { ratePerMinute: 30, rateBurst: 12, globalPerSecond: 30, newNodesPerMinute: 30, maxNodes: 4 };

const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });

/** What a run was, and what was wrong at its end. */
export interface SimulatedResult {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly messages: number;
  readonly rounds: number;
  readonly ticks: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly differences: readonly string[];
}

/** Runs one seed, with its files below `folder`. */
export async function runSimulatedCluster(
  seed: number,
  folder: string,
  broken: BrokenRule | null = null,
): Promise<SimulatedResult> {
  const own = join(folder, `seed-${seed}`);
  mkdirSync(own, { recursive: true });
  const scenario = scenarioOf(seed, numbersOf(seed * 7919));
  const cluster = new SimulatedCluster({
    seed,
    folder: own,
    shards: scenario.shards,
    limits: scenario.hasLimits ? LIMITS : NO_LIMITS,
    ignoresLeases: scenario.ignoresLeases,
    saysTime: scenario.saysTime,
    key: { x, d },
    broken,
  });
  try {
    const faults = new SimulatedFaults(cluster, scenario);
    await faults.run();
    const differences = await differencesOf(cluster, scenario, faults.happened, own);
    const messages = cluster.inputs
      .flatMap(({ incarnations }) => incarnations)
      .reduce((sum, incarnation) => sum + incarnation.messages.length, 0);
    return {
      seed,
      scenario,
      messages,
      rounds: cluster.log.lastSeq,
      ticks: cluster.stats.heard.length / 4,
      faults: faults.happened.counts,
      differences,
    };
  } finally {
    cluster.close();
    rmSync(own, { recursive: true, force: true });
  }
}
