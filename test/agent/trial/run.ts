// One run of the agents' trial: two nodes with shared and own executions grow their files, and broker, aggregator and
// agents are killed at moments that the seed chooses. Afterwards the aggregator must hold and publish what the plan says.

import { setTimeout as delay } from 'node:timers/promises';
import { expectedNetwork } from '../../../src/agent/simulator/expected-network.ts';
import { BOTH_SOURCES, secretsOf } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import { type NodeStep, nodeTimeline } from '../../../src/agent/simulator/node-timeline.ts';
import { NODE_FAULTS, NodeWriter } from '../../../src/agent/simulator/node-writer.ts';
import type { NodePlan } from '../../../src/agent/simulator/planned-execution.ts';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { differencesOf, leaks, outcomesOf } from './compare.ts';
import { Programs, TRIAL_SALT, type Victim } from './programs.ts';

/** What a run is made of. */
export interface TrialOptions {
  readonly seed: number;
  readonly executions: number;
  /** Time in which the files grow and programs are killed, in ms; what follows takes as long as it needs. */
  readonly durationMs: number;
  /** Kills of broker, of aggregator and of both agents, each. */
  readonly kills: number;
  /** Time for everything to be sent and counted after the last kill, in ms. */
  readonly settleMs: number;
  /** True: one node's files keep back all of one shared execution. The comparison must find that. */
  readonly hidesAnExecution?: boolean;
}

/** What a run found. */
export interface TrialResult {
  readonly seed: number;
  readonly tasks: number;
  readonly invoices: number;
  /** Messages that the agents had to send. */
  readonly messages: number;
  /** Messages that came again. */
  readonly duplicates: number;
  readonly sharedTasks: number;
  readonly differences: readonly string[];
}

const VICTIMS: readonly Victim[] = ['broker', 'aggregator', 'agents'];
const NODES = 2;
/** Messages of one agent that may be unconfirmed when it or the broker is killed. */
const UNCONFIRMED_MAX = 60;
/** Times that a node writes within the duration, about. */
const WRITES = 60;
const PAUSE_MS = 1_000;
/** More than the wait for the log's metrics. */
const QUIET_MS = 1_500;

/** Makes one run. The folder is kept if something differs that should not. */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const programs = new Programs(NODES);
  try {
    return await runWith(programs, options);
  } finally {
    // Without effect after an orderly end.
    await programs.killAll();
  }
}

function planOf({ seed, executions }: TrialOptions): NodePlan {
  // By the seed one log of which metrics belong to whoever is at work, or two whose entries name the execution.
  const workers = 1 + (seed % 2);
  const intervalMs = 5_000;
  const startMs = Date.now() - executions * intervalMs;
  return makeNodePlan({ ...STANDARD_PLAN, seed, nodes: NODES, executions, workers, intervalMs, startMs });
}

/** Writes a node's steps in some portions, with faults between them; ends with whole files. */
async function grow(writer: NodeWriter, steps: readonly NodeStep[], random: Random, durationMs: number) {
  const portion = Math.max(1, Math.ceil(steps.length / WRITES));
  for (let at = 0; at < steps.length; at += portion) {
    writer.write(steps.slice(at, at + portion));
    if (random.below(5) === 0) writer.apply(random.pick(NODE_FAULTS), random.below(2));
    await delay(2 * random.next() * (durationMs / WRITES));
  }
  writer.rewrite();
}

async function torment(programs: Programs, victim: Victim, { seed, kills, durationMs }: TrialOptions) {
  const random = createRandom(seed, `kills of ${victim}`);
  for (let count = 0; count < kills; count++) {
    const shareMs = durationMs / kills;
    await delay((0.2 + 0.4 * random.next()) * shareMs);
    // Most kills come right behind a message: the rest of its batch is then on the way, and nothing of it is confirmed.
    if (random.chance(0.7)) await programs.nextMessage(0.4 * shareMs);
    else await delay(0.4 * random.next() * shareMs);
    await programs.killAndStart(victim, random.below(PAUSE_MS));
  }
}

async function runWith(programs: Programs, options: TrialOptions): Promise<TrialResult> {
  const plan = planOf(options);
  const { seed, durationMs, kills, settleMs } = options;
  await programs.start();
  const growing = plan.nodes.map((node, at) => {
    const writer = new NodeWriter(programs.nodeFolder(at), node);
    return grow(writer, stepsOf(plan, at, options), createRandom(seed, `files of ${at}`), durationMs);
  });
  await Promise.all([...growing, ...VICTIMS.map((victim) => torment(programs, victim, options))]);
  await programs.settled(settleMs);
  await delay(QUIET_MS);
  await programs.settled(settleMs);
  const statistics = await programs.statistics();
  await programs.stop();
  const expected = expectedNetwork(plan, [BOTH_SOURCES, BOTH_SOURCES], TRIAL_SALT);
  const { duplicate } = outcomesOf(programs.databasePath);
  const duplicatesMax = UNCONFIRMED_MAX * NODES * 2 * kills;
  const shared = [...expected.tasks.values()].filter((task) => task.reporting_nodes === NODES).length;
  const differences = [
    ...differencesOf(programs.databasePath, statistics, expected),
    ...(duplicate > duplicatesMax ? [`${duplicate} duplicates, and at most ${duplicatesMax} may be`] : []),
    ...(shared === 0 ? ['the plan has no shared task'] : []),
    ...leaks(secretsOf(plan), whatIsKept(programs), logsOf(programs)),
  ];
  const isKept = differences.length > 0 && options.hidesAnExecution !== true;
  if (!isKept) programs.remove();
  const { messages } = expected;
  return {
    seed,
    tasks: expected.tasks.size,
    invoices: expected.invoices.size,
    messages: messages.task_received + messages.task_completed + messages.invoice_created,
    duplicates: duplicate,
    sharedTasks: shared,
    differences: isKept ? [...differences, `everything is kept in ${programs.folder}`] : differences,
  };
}

function stepsOf(
  plan: NodePlan,
  node: number,
  { hidesAnExecution = false }: TrialOptions,
): readonly NodeStep[] {
  const steps = nodeTimeline(plan, node);
  if (!hidesAnExecution || node > 0) return steps;
  const hidden = plan.executions.find(({ works }) => works.every((work) => work !== null));
  return steps.filter(({ execution }) => execution !== hidden?.index);
}

/** What agents, broker and aggregator keep: the state files with what SQLite has beside them, the stream, the database. */
function whatIsKept(programs: Programs): readonly string[] {
  const states = Array.from({ length: NODES }, (_, node) => programs.nodeFolder(node)).flatMap((folder) =>
    ['', '-wal', '-shm', '.identity', '.lock'].map((end) => `${folder}/agent.db${end}`),
  );
  return [...states, programs.streamFolder, programs.databasePath];
}

function logsOf({ agentsEver }: Programs): readonly string[] {
  return agentsEver.map((agent) => `${agent.errors()}${JSON.stringify(agent.log)}`);
}
