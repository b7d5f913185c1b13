// What the agent would send of a simulated node's files is exactly what the oracle says: every member of every message,
// and every time.

import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectedMessages } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, type NodePlanOptions, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import { nodeTimeline } from '../../../src/agent/simulator/node-timeline.ts';
import { NODE_FAULTS, nodeGlobs, NodeWriter } from '../../../src/agent/simulator/node-writer.ts';
import type { NodePlan, PlannedNode } from '../../../src/agent/simulator/planned-execution.ts';
import { agentFolder } from '../../support/agent.ts';
import { AGENT_SALT } from '../../support/agent-program.ts';
import { runCommand } from '../../support/command.ts';

const STEPS_AT_ONCE = 13;
const HOUR_S = 3_600;
/** More than the files have. */
const ROTATIONS_MAX = 1_000;
const ENVELOPE = ['version', 'type', 'nodeId', 'timestamp', 'data'];

/** Writes the files of the plan's only node with every fault that loses nothing. */
function writeFiles(folder: string, plan: NodePlan): void {
  const writer = new NodeWriter(folder, plan.nodes[0] as PlannedNode);
  const steps = nodeTimeline(plan, 0);
  for (let at = 0; at < steps.length; at += STEPS_AT_ONCE) {
    writer.write(steps.slice(at, at + STEPS_AT_ONCE));
    const fault = NODE_FAULTS[(at / STEPS_AT_ONCE) % NODE_FAULTS.length];
    if (fault !== undefined) writer.apply(fault, 0);
  }
  writer.rewrite();
  spreadInTime(writer.logFolder);
}

/** Gives the logs of a node that rotates every hour the times that they would have; they were written within a moment. */
function spreadInTime(logFolder: string): void {
  const nowS = Math.floor(Date.now() / 1_000);
  for (const name of readdirSync(logFolder)) {
    const rotation = /\.log\.(\d+)/.exec(name)?.[1];
    const atS = rotation === undefined ? nowS : nowS - (ROTATIONS_MAX - Number(rotation)) * HOUR_S;
    utimesSync(join(logFolder, name), atS, atS);
  }
}

interface Case {
  readonly name: string;
  readonly plan: Partial<NodePlanOptions>;
  readonly events: boolean;
  readonly logs: boolean;
}

const CASES: readonly Case[] = [
  { name: 'both sources', plan: {}, events: true, logs: true },
  { name: 'the events alone', plan: { seed: 2 }, events: true, logs: false },
  { name: 'the logs alone', plan: { seed: 3 }, events: false, logs: true },
  { name: 'one log with metrics without a name', plan: { seed: 4, workers: 1 }, events: true, logs: true },
  {
    name: 'one log with several executions at a time',
    plan: { seed: 5, workers: 1, slots: 3 },
    events: true,
    logs: true,
  },
];

describe('dry run', () => {
  it.each(CASES)(
    'dry run - of $name it prints what the oracle says',
    async ({ plan: more, events, logs }) => {
      const folder = agentFolder('dry-run');
      const plan = makeNodePlan({ ...STANDARD_PLAN, executions: 150, ...more });
      writeFiles(folder, plan);
      const globs = nodeGlobs(folder);
      const { PATH = '', HOME = '' } = process.env;
      const { code, stdout, stderr } = await runCommand(['agent', '--dry-run', '--once'], {
        PATH,
        HOME,
        FEDERATION_SALT: AGENT_SALT,
        DB_PATH: `${folder}/agent.db`,
        AGENT_OUTCOME_WAIT: '500',
        AGENT_EVENTS: events ? globs.AGENT_EVENTS : '',
        AGENT_LOGS: logs ? globs.AGENT_LOGS : '',
      });
      expect(code, stderr).toBe(0);
      const messages = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
      expect(messages.filter((message) => Object.keys(message).join() !== ENVELOPE.join())).toEqual([]);
      const found = messages.map(({ type, timestamp, data }) => ({ type, timestamp, data }));
      const expected = expectedMessages(plan, 0, AGENT_SALT, { events, logs }).map(
        ({ type, data, timestampMs }) => ({ type, timestamp: new Date(timestampMs).toISOString(), data }),
      );
      expect(difference(sorted(found), sorted(expected))).toEqual({ unexpected: [], missing: [] });
    },
  );
});

function sorted(messages: readonly object[]): readonly string[] {
  return messages.map((message) => JSON.stringify(message)).toSorted();
}

/** What stands in one list and not in the other; each text counts as often as it stands there. */
function difference(found: readonly string[], expected: readonly string[]) {
  const without = (texts: readonly string[], others: readonly string[]) => {
    const left = [...others];
    return texts.filter((text) => {
      const at = left.indexOf(text);
      if (at !== -1) left.splice(at, 1);
      return at === -1;
    });
  };
  return { unexpected: without(found, expected), missing: without(expected, found) };
}
