// What the agent reads of the simulated files must be what the plan says: so neither side has a form that the other does
// not know.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLogEntry } from '../../../src/agent/domain/log-entry.ts';
import { LogTime } from '../../../src/agent/domain/log-time.ts';
import type { SourceFact } from '../../../src/agent/domain/source-facts.ts';
import { taskTypeOf } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import { nodeTimeline } from '../../../src/agent/simulator/node-timeline.ts';
import { NODE_FAULTS, nodeGlobs, NodeWriter } from '../../../src/agent/simulator/node-writer.ts';
import type { NodePlan, PlannedNode } from '../../../src/agent/simulator/planned-execution.ts';
import { EventFiles } from '../../../src/agent/sources/event-files.ts';

const plan = makeNodePlan({ ...STANDARD_PLAN, executions: 100 });
const timeline = nodeTimeline(plan, 0);
const UTC = new LogTime('UTC');
const STEPS_AT_ONCE = 17;
const seconds = (ms: number) => ms - (ms % 1_000);

/** Facts in an order that depends on nothing but themselves. */
function sorted(facts: readonly SourceFact[]): readonly string[] {
  return facts
    .map((fact) => JSON.stringify(Object.entries(fact).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .toSorted();
}

/** The facts that the events of the plan's first node tell. */
function eventFacts({ executions }: NodePlan): SourceFact[] {
  return executions.flatMap((execution): SourceFact[] => {
    const work = execution.works[0] ?? null;
    if (work === null || !work.isInEvents) return [];
    const executionId = execution.id.text;
    const inSeconds = execution.form !== 'flat' && execution.index % 3 === 0;
    const time = (ms: number) => (inSeconds ? seconds(ms) : ms);
    const done: SourceFact[] =
      work.completedMs === null ? [] : [{ kind: 'completed', executionId, atMs: time(work.completedMs) }];
    const { chainId } = execution;
    return [
      {
        kind: 'received',
        executionId,
        chainId,
        taskType: taskTypeOf(execution),
        atMs: time(work.receivedMs),
      },
      ...done,
      ...execution.invoices.map(
        (invoice): SourceFact => ({
          kind: 'invoice',
          invoiceId: invoice.id.text,
          executionId: invoice.executionId?.text ?? null,
          chainId: invoice.chainId,
          steps: invoice.steps,
          peakMemoryBytes:
            invoice.peakMemory === null
              ? null
              : invoice.peakMemory * (invoice.peakMemory < 65_536 ? 65_536 : 1),
          operation: invoice.operation,
          atMs: time(invoice.createdMs),
        }),
      ),
    ];
  });
}

/** The facts that the logs of the plan's first node tell. */
function logFacts({ executions }: NodePlan): SourceFact[] {
  return executions.flatMap((execution): SourceFact[] => {
    const work = execution.works[0] ?? null;
    if (work === null || !work.isInLogs) return [];
    const executionId = execution.id.text;
    const { chainId } = execution;
    const received: SourceFact = {
      kind: 'received',
      executionId,
      chainId,
      taskType: taskTypeOf(execution),
      atMs: seconds(work.receivedMs),
    };
    if (work.completedMs === null) return [received];
    const atMs = seconds(work.completedMs);
    const { metrics } = work;
    const told: SourceFact[] =
      metrics === null
        ? []
        : [
            {
              kind: 'metrics',
              executionId: metrics.isNamed ? executionId : null,
              metrics: {
                elapsedMs: metrics.elapsedNs / 1e6,
                exitCode: metrics.exitCode,
                steps: metrics.steps,
                isCached: metrics.cached,
              },
              atMs,
            },
          ];
    return [
      received,
      { kind: 'started', executionId, atMs: seconds(work.startedMs) },
      ...told,
      { kind: 'completed', executionId, atMs },
    ];
  });
}

describe('simulated files, read by the agent', () => {
  it('simulated files - the entries of the logs tell what the plan says', () => {
    const readings = timeline
      .filter(({ type }) => type === 'entry')
      .map(({ text }) => readLogEntry(text, UTC));
    expect(readings.filter(({ isInvalid, isOpen }) => isInvalid || isOpen)).toEqual([]);
    expect(sorted(readings.flatMap(({ facts }) => facts))).toEqual(sorted(logFacts(plan)));
  });

  it('simulated files - the event file tells what the plan says, however it grows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'agent-read-back-'));
    const writer = new NodeWriter(folder, plan.nodes[0] as PlannedNode);
    const reader = new EventFiles({
      globs: [nodeGlobs(folder).AGENT_EVENTS],
      positions: [],
      keyOf: () => 'key',
      rescanIntervalMs: 3_600_000,
    });
    const found = new Map<string, SourceFact>();
    try {
      for (let at = 0; at < timeline.length; at += STEPS_AT_ONCE) {
        writer.write(timeline.slice(at, at + STEPS_AT_ONCE));
        const fault = NODE_FAULTS[(at / STEPS_AT_ONCE) % NODE_FAULTS.length];
        if (fault !== undefined) writer.apply(fault, 0);
        if (at + STEPS_AT_ONCE >= timeline.length) writer.rewrite();
        await reader.look(at);
        for (let read = await reader.next(at); read !== null; read = await reader.next(at)) {
          for (const fact of read.facts) found.set(JSON.stringify(fact), fact);
          reader.stored(read);
        }
      }
      expect(sorted([...found.values()])).toEqual(sorted(eventFacts(plan)));
      expect(reader.status().files.map(({ state }) => state)).toEqual(['read']);
    } finally {
      await reader.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
