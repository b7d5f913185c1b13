import { describe, expect, it } from 'vitest';
import { expectedNetwork } from '../../../src/agent/simulator/expected-network.ts';
import { BOTH_SOURCES, expectedMessages } from '../../../src/agent/simulator/node-oracle.ts';
import { makeNodePlan, STANDARD_PLAN } from '../../../src/agent/simulator/node-plan.ts';
import type { NodePlan } from '../../../src/agent/simulator/planned-execution.ts';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { MESSAGE_TYPES } from '../../../src/federation/domain/vocabulary.ts';
import { NOW_MS } from '../../federation/store/events.ts';
import { Opened, testFolder } from '../../federation/store/opened.ts';
import { execution, invoice, METRICS, planOf, SALT, work } from './hand-made.ts';

const TWO = [BOTH_SOURCES, BOTH_SOURCES];

describe('oracle - what the aggregator holds', () => {
  it('oracle - of a task of two nodes the best successful outcome speaks, as a whole', () => {
    const slow = work({ metrics: { ...METRICS, elapsedNs: 2e9, cached: true } });
    const failed = work({ metrics: { ...METRICS, exitCode: 1, elapsedNs: 1 } });
    const plan = planOf(
      [
        execution({ works: [work(), slow], invoices: [invoice()] }),
        execution({ index: 1, id: { text: 'b', form: 'text' }, works: [failed, slow], taskType: 'wasm' }),
        execution({ index: 2, id: { text: 'c', form: 'text' }, works: [null, work({ completedMs: null })] }),
      ],
      2,
    );
    const { tasks, invoices, statistics, messages } = expectedNetwork(plan, TWO, SALT);
    expect([...tasks.values()]).toEqual([
      {
        status: 'completed',
        success: 1,
        execution_time_bucket: '100-500ms',
        gas_used_bucket: '100K-1M',
        cached: 0,
        chain_id: '43113',
        task_type: 'rs',
        reporting_nodes: 2,
      },
      expect.objectContaining({ success: 1, execution_time_bucket: '1-5s', cached: 1, task_type: 'wasm' }),
      expect.objectContaining({ status: 'received', success: null, cached: null, reporting_nodes: 1 }),
    ]);
    expect([...invoices.values()]).toMatchObject([
      { chain_id: '43113', steps_computed_bucket: '1M-10M', operation: 'charge', reporting_nodes: 2 },
    ]);
    expect(messages).toEqual({ task_received: 5, task_completed: 4, invoice_created: 2 });
    expect(statistics).toMatchObject({
      totalNodes: 2,
      totalTasks: 3,
      completedTasks: 2,
      failedTasks: 0,
      cachedTasks: 1,
      successRate: 100,
      cacheHitRate: 50,
      chainDistribution: { '43113': 3 },
      taskTypeDistribution: { rs: 2, wasm: 1 },
    });
  });

  it('oracle - a record that is missing makes a difference', () => {
    const plan = makeNodePlan({ ...STANDARD_PLAN, nodes: 2, executions: 20 });
    const hidden: NodePlan = { ...plan, executions: plan.executions.slice(1) };
    const whole = expectedNetwork(plan, TWO, SALT);
    expect(expectedNetwork(hidden, TWO, SALT).statistics).not.toEqual(whole.statistics);
  });

  it.each([1, 2, 3])('oracle - equals what the aggregator makes of the messages, seed %i', (seed) => {
    const plan = makeNodePlan({ ...STANDARD_PLAN, seed, nodes: 3, executions: 80 });
    const agents = [BOTH_SOURCES, { events: true, logs: false }, { events: false, logs: true }];
    const expected = expectedNetwork(plan, agents, SALT);
    const folder = testFolder('agent-oracle');
    const decoder = new Decoder();
    try {
      const opened = new Opened(folder.path('aggregator.db'));
      const outcomes = agents.flatMap((sources, node) =>
        expectedMessages(plan, node, SALT, sources).map(({ type, data, timestampMs }) => {
          const timestamp = new Date(timestampMs).toISOString();
          const envelope = { version: '1.0', type, nodeId: `node-${node}`, timestamp, data };
          const subject = MESSAGE_TYPES.indexOf(type);
          const decoded = decoder.decode(subject, Buffer.from(JSON.stringify(envelope)));
          if (typeof decoded === 'string') return decoded;
          return opened.writer.apply(decoded, { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
        }),
      );
      expect(outcomes.filter((outcome) => outcome !== 'applied')).toEqual([]);
      expect(decoder.unknownLabels.filter((count) => count > 0)).toEqual([]);
      opened.commit();
      const { all } = opened.statistics().periods;
      // Nobody has judged whether these nodes live.
      const {
        activeNodes: _a,
        onlineNodes: _o,
        offlineNodes: _f,
        staleNodes: _s,
        ...counted
      } = expected.statistics;
      expect(all).toMatchObject(counted);
      opened.writer.close();
    } finally {
      folder.remove();
    }
  });
});
