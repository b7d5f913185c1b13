import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretsOf } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import { nodeTimeline } from '../../../src/agent/simulator/node-timeline.ts';
import { NODE_FAULTS, nodeGlobs, NodeWriter } from '../../../src/agent/simulator/node-writer.ts';
import type { PlannedNode } from '../../../src/agent/simulator/planned-execution.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-writer-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = makeNodePlan({ ...STANDARD_PLAN, nodes: 2, executions: 40 });
const node = plan.nodes[0] as PlannedNode;
const steps = nodeTimeline(plan, 0);

/** Every log entry in the order of its files' numbers, whether compressed or not. */
function logText(writer: NodeWriter): string {
  const names = readdirSync(writer.logFolder).toSorted((a, b) => numberOf(a) - numberOf(b));
  return names
    .map((name) => {
      const bytes = readFileSync(join(writer.logFolder, name));
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    })
    .join('');
}

/** The file without a number is the newest. */
function numberOf(name: string): number {
  return Number(/\.log\.(\d+)/.exec(name)?.[1] ?? Infinity);
}

const recordsOf = (path: string) => {
  const parsed = JSON.parse(readFileSync(path, 'utf8').replace(/^\u{feff}/u, '')) as unknown;
  return Array.isArray(parsed) ? parsed : (parsed as { readonly records: unknown[] }).records;
};

describe('node files', () => {
  it('node files - the same options give the same steps, and each part of a plan the same as the whole', () => {
    const again = makeNodePlan({ ...STANDARD_PLAN, nodes: 2, executions: 40 });
    expect(nodeTimeline(again, 0)).toEqual(steps);
    const { intervalMs, startMs } = STANDARD_PLAN;
    const second = makeNodePlan({
      ...STANDARD_PLAN,
      nodes: 2,
      executions: 20,
      firstIndex: 20,
      startMs: startMs + 20 * intervalMs,
    });
    expect(second.executions).toEqual(plan.executions.slice(20));
  });

  it('node files - a plan has every kind of id, form and outcome', () => {
    const { executions } = makeNodePlan({ ...STANDARD_PLAN, executions: 400 });
    const kinds = new Set(
      executions.flatMap(({ id, form, invoices, works, program }) => [
        `${id.form} ${id.text.length}`,
        form,
        program.slice(0, 3),
        ...invoices.map(
          (each) => `invoice ${each.id.form} ${each.id.text.length} ${each.executionId !== null}`,
        ),
        ...works.map((work) => `${work?.isInEvents} ${work?.isInLogs} ${work?.completedMs === null}`),
        ...works.map((work) => `exit ${work?.metrics?.exitCode} cached ${work?.metrics?.cached}`),
      ]),
    );
    const some = [
      'text 36',
      'text 19',
      'text 66',
      'number 19',
      'number 20',
      'real',
      'flat',
      'payload',
      'rs_',
      'api',
      'invoice number 22 true',
      'invoice text 19 true',
      'invoice text 20 false',
      'true true false',
      'true false false',
      'false true false',
      'true true true',

      'exit 0 cached true',
      'exit 137 cached false',
      'exit null cached null',
      'exit undefined cached undefined',
    ];
    expect(some.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('node files - every record and entry stands in the files, ids with all their digits', () => {
    const writer = new NodeWriter(folder, node);
    for (const step of steps) writer.write([step]);
    const records = steps.filter(({ type }) => type === 'record');
    expect(recordsOf(writer.eventPath)).toEqual(records.map(({ text }) => JSON.parse(text) as unknown));
    expect(logText(writer).length).toBe(
      steps.filter(({ type }) => type === 'entry').reduce((sum, { text }) => sum + text.length, 0),
    );
    const text = readFileSync(writer.eventPath, 'utf8');
    const big = plan.executions.find(({ id, works }) => id.form === 'number' && works[0]?.isInEvents);
    expect(text).toContain(`:${big?.id.text ?? 'none'},`);
    expect(nodeGlobs(folder).AGENT_EVENTS).toBe(join(folder, 'build/datadb/*-eventDB.json'));
    expect(writer.logFolder).toContain(`worker-runner-node-${node.wallet}`);
  });

  it('node files - canaries of a plan stand in them', () => {
    const writer = new NodeWriter(folder, node);
    writer.write(steps);
    const all = `${readFileSync(writer.eventPath, 'utf8')}${logText(writer)}`;
    const own = { ...plan, executions: plan.executions.filter(({ works }) => works[0] !== null) };
    const isThere = (secret: string) => all.includes(secret);
    expect(secretsOf(own).filter(isThere).length).toBeGreaterThan(secretsOf(own).length / 2);
  });

  it('node files - faults lose no entry and no record', () => {
    const writer = new NodeWriter(folder, node);
    steps.forEach((step, at) => {
      writer.write([step]);
      const fault = NODE_FAULTS[at % NODE_FAULTS.length];
      if (fault !== undefined && at % 5 === 0) writer.apply(fault, at % 2);
    });
    writer.rewrite();
    const records = steps.filter(({ type }) => type === 'record');
    expect(recordsOf(writer.eventPath)).toHaveLength(records.length);
    const entries = steps.filter(({ type }) => type === 'entry');
    const text = logText(writer);
    expect(entries.filter((entry) => !text.includes(entry.text))).toEqual([]);
    expect(text.length).toBe(entries.reduce((sum, entry) => sum + entry.text.length, 0));
    expect(readdirSync(writer.logFolder).some((name) => name.endsWith('.gz'))).toBe(true);
  });

  it('node files - damage leaves half of the document, and old records leave a short file', () => {
    const writer = new NodeWriter(folder, node, 10);
    writer.write(steps);
    expect(recordsOf(writer.eventPath)).toHaveLength(10);
    const { size } = statSync(writer.eventPath);
    writer.apply('damage', 0);
    expect(statSync(writer.eventPath).size).toBeLessThan(size * 0.6);
    expect(() => recordsOf(writer.eventPath)).toThrow('JSON');
    writer.rewrite();
    expect(recordsOf(writer.eventPath)).toHaveLength(10);
  });
});
