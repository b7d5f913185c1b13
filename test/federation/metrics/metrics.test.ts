import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import {
  OUTCOMES,
  type IngestAccounts,
  type IngestStatus,
  type Outcome,
} from '../../../src/federation/domain/accounting.ts';
import {
  LABEL_DIMENSIONS,
  REJECT_REASONS,
  SUBJECTS,
  type LabelDimension,
  type RejectReason,
} from '../../../src/federation/domain/vocabulary.ts';
import { createMetrics, type Metrics, type MetricsParts } from '../../../src/federation/metrics/metrics.ts';
import { EventLoopDelay } from '../../../src/metrics/event-loop-delay.ts';
import { promtool, seriesOf } from '../../support/metric-docs.ts';
import { CLUSTER } from '../http/cluster.ts';
import { NOTHING } from './nothing.ts';

const none = [0, 0, 0, 0, 0, 0, 0];

const accounts: IngestAccounts = {
  received: [10, 20, 30, 40, 50, 60, 7],
  outcomes: {
    ...(Object.fromEntries(OUTCOMES.map((outcome) => [outcome, none])) as Record<Outcome, number[]>),
    applied: [9, 0, 0, 0, 0, 0, 0],
    ignored: [0, 0, 0, 0, 0, 0, 7],
  },
  rejected: {
    ...(Object.fromEntries(REJECT_REASONS.map((reason) => [reason, none])) as Record<RejectReason, number[]>),
    not_json: [0, 0, 0, 5, 0, 0, 0],
  },
  inFlight: 11,
  lost: 12,
  unknownLabels: {
    ...(Object.fromEntries(LABEL_DIMENSIONS.map((d) => [d, 0])) as Record<LabelDimension, number>),
    chainId: 13,
  },
  disagreements: 14,
  futureTimes: 15,
  publishToCommit: { boundsSeconds: [0.5, 1], counts: [2, 3, 4], sumSeconds: 17.5 },
  commit: { boundsSeconds: [0.25], counts: [1, 0], sumSeconds: 0.125 },
};

const status: IngestStatus = {
  mode: 'core',
  connected: true,
  consuming: true,
  catchingUp: true,
  problem: null,
  reconnects: 3,
  pending: 21,
  lagMs: 1_500,
  refusals: 0,
  unreadAgeMs: 0,
  clockOffsetMs: -250,
  backlogBytes: 0,
  databaseProblem: null,
  diskFreeBytes: 50,
  diskSizeBytes: 100,
  databaseSizeBytes: 4_096,
};

const made: Metrics[] = [];
afterEach(() => {
  for (const metrics of made.splice(0)) metrics.stop();
});

function create(parts: Partial<MetricsParts> = {}): Metrics {
  const metrics = createMetrics({ ...NOTHING, version: '0.1.0', ...parts });
  made.push(metrics);
  return metrics;
}

async function series(metrics: Metrics): Promise<Map<string, number>> {
  return seriesOf(await metrics.text());
}

describe('metrics - promtool', () => {
  it('accepts the metrics before the first report', async () => {
    expect(promtool(await create().text())).toEqual({ code: 0, said: '' });
  });

  it('accepts the metrics when everything has been counted', async () => {
    const metrics = create({ accounts: () => accounts, status: () => status });
    metrics.transition('online', 'stale');
    metrics.tick(0.02);
    metrics.workerRun(0.01);
    metrics.published(1_700);
    expect(promtool(await metrics.text())).toEqual({ code: 0, said: '' });
  });

  it('complains about a bad metric', () => {
    expect(promtool('# TYPE a_total gauge\na_total 1\n').said).not.toBe('');
  });
});

describe('metrics - series', () => {
  it('exist from the start, with value 0', async () => {
    const empty = await series(create());
    const full = await series(
      create({ accounts: () => ({ ...accounts, ...boundsOf() }), status: () => status }),
    );
    expect([...empty.keys()].toSorted()).toEqual([...full.keys()].toSorted());
    for (const [name, value] of empty) {
      // Settings and versions are known from the start.
      const isFixed = /^aggregator_(build_info|ingest_mode_setting)/.test(name);
      if (name.startsWith('aggregator_') && !isFixed) {
        expect(value, name).toBe(0);
      }
    }

    function boundsOf() {
      const bounds = (name: string) =>
        [...empty.keys()]
          .filter((key) => key.startsWith(`${name}_bucket`) && !key.includes('+Inf'))
          .map((key) => Number(/le="(.*)"/.exec(key)?.[1]));
      return {
        publishToCommit: {
          boundsSeconds: bounds('aggregator_publish_to_commit_seconds'),
          counts: [],
          sumSeconds: 0,
        },
        commit: { boundsSeconds: bounds('aggregator_commit_seconds'), counts: [], sumSeconds: 0 },
      };
    }
  });

  it('show the numbers of the ingest thread', async () => {
    const all = await series(create({ accounts: () => accounts, status: () => status }));
    expect(Object.fromEntries(all)).toMatchObject({
      'aggregator_messages_received_total{subject="truebit.heartbeat"}': 40,
      'aggregator_messages_received_total{subject="other"}': 7,
      'aggregator_messages_total{subject="truebit.tasks.received",outcome="applied"}': 9,
      'aggregator_messages_total{subject="other",outcome="ignored"}': 7,
      'aggregator_messages_rejected_total{subject="truebit.heartbeat",reason="not_json"}': 5,
      aggregator_messages_lost_total: 12,
      aggregator_in_flight_messages: 11,
      'aggregator_unknown_labels_total{dimension="chainId"}': 13,
      aggregator_task_disagreements_total: 14,
      aggregator_future_time_messages_total: 15,
      aggregator_ingest_lag_seconds: 1.5,
      aggregator_pending_messages: 21,
      aggregator_catching_up: 1,
      'aggregator_ingest_mode{mode="core"}': 1,
      'aggregator_ingest_mode{mode="jetstream"}': 0,
      aggregator_clock_offset_seconds: -0.25,
      aggregator_broker_connected: 1,
      aggregator_broker_reconnects_total: 3,
      aggregator_db_size_bytes: 4_096,
    });
    const of = (name: string) => [...all.keys()].filter((key) => key.startsWith(`${name}{`)).length;
    expect(of('aggregator_messages_total')).toBe((SUBJECTS.length + 1) * OUTCOMES.length);
    expect(of('aggregator_messages_rejected_total')).toBe((SUBJECTS.length + 1) * REJECT_REASONS.length);
    expect(of('aggregator_node_transitions_total')).toBe(6);
  });

  it('have cumulative buckets, made from the counts of the other thread', async () => {
    const text = await create({ accounts: () => accounts }).text();
    const lines = text.split('\n').filter((line) => line.startsWith('aggregator_publish_to_commit_seconds'));
    expect(lines).toEqual([
      'aggregator_publish_to_commit_seconds_bucket{le="0.5"} 2',
      'aggregator_publish_to_commit_seconds_bucket{le="1"} 5',
      'aggregator_publish_to_commit_seconds_bucket{le="+Inf"} 9',
      'aggregator_publish_to_commit_seconds_sum 17.5',
      'aggregator_publish_to_commit_seconds_count 9',
    ]);
  });

  it('carry the observations of this thread', async () => {
    const metrics = create({
      nodes: () => ({ online: 4, stale: 1, offline: 7 }),
      pool: () => ({ waitingQuestions: 2 }),
      wallMs: (monotonicMs) => 1_700_000_000_000 + monotonicMs,
    });
    metrics.transition('online', 'stale');
    metrics.transition('online', 'stale');
    metrics.transition('stale', 'online');
    metrics.tick(0.002);
    metrics.workerRun(20);
    metrics.published(500);
    metrics.audited(1, 1_500);
    expect(Object.fromEntries(await series(metrics))).toMatchObject({
      'aggregator_nodes{state="online"}': 4,
      'aggregator_nodes{state="offline"}': 7,
      aggregator_worker_queue_tasks: 2,
      'aggregator_node_transitions_total{from="online",to="stale"}': 2,
      'aggregator_node_transitions_total{from="stale",to="online"}': 1,
      'aggregator_node_transitions_total{from="stale",to="offline"}': 0,
      aggregator_tick_seconds_count: 1,
      'aggregator_tick_seconds_bucket{le="0.001"}': 0,
      'aggregator_tick_seconds_bucket{le="0.0025"}': 1,
      'aggregator_worker_run_seconds_bucket{le="10"}': 0,
      aggregator_worker_run_seconds_sum: 20,
      aggregator_last_publish_timestamp_seconds: 1_700_000_000.5,
      aggregator_rollup_drift: 1,
      aggregator_last_audit_timestamp_seconds: 1_700_000_001.5,
      [`aggregator_build_info{version="0.1.0",node="${process.versions.node}"}`]: 1,
    });
  });

  it('show moments by the wall clock as it is now set', async () => {
    let setByMs = 0;
    const metrics = create({ wallMs: (monotonicMs) => 1_700_000_000_000 + setByMs + monotonicMs });
    metrics.published(500);
    metrics.audited(0, 1_500);
    await metrics.text();
    setByMs = -3_600_000;
    expect(Object.fromEntries(await series(metrics))).toMatchObject({
      process_start_time_seconds: 1_699_996_400,
      aggregator_last_publish_timestamp_seconds: 1_699_996_400.5,
      aggregator_last_audit_timestamp_seconds: 1_699_996_401.5,
    });
  });

  it('describe the process', async () => {
    const all = await series(create());
    const nowSeconds = Date.now() / 1000;
    expect(all.get('process_start_time_seconds')).toBeGreaterThan(nowSeconds - 3_600);
    expect(all.get('process_start_time_seconds')).toBeLessThanOrEqual(nowSeconds);
    expect(all.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(all.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(all.get('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
    if (process.platform === 'linux') expect(all.get('process_open_fds')).toBeGreaterThan(2);
  });

  it('show one moment each when scrapes overlap', async () => {
    let asked = 0;
    const metrics = create({
      accounts: () => {
        asked += 1;
        return { ...accounts, received: [asked, asked, asked, asked, asked, asked, asked], lost: asked };
      },
    });
    const texts = await Promise.all(Array.from({ length: 20 }, () => metrics.text()));
    for (const text of texts) {
      const values = text.match(/^aggregator_messages_(received_total\{.*|lost_total) (\d+)$/gm) ?? [];
      expect(values).toHaveLength(8);
      expect(new Set(values.map((line) => line.slice(line.lastIndexOf(' ')))).size).toBe(1);
    }
    expect(asked).toBe(20);
  });
});

describe('metrics - event-loop delay', () => {
  const turn = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('shows a blocked event loop, without the interval of the timer, and forgets it after two windows', async () => {
    const delay = new EventLoopDelay(0);
    const startedMs = performance.now();
    try {
      // The runtime itself measures: it needs real time to pass, until it has seen something.
      while (delay.read(0).count < 3) await turn(10);
      // An idle loop is hardly ever late: the median comes far below the interval.
      while ((delay.read(0).quantilesSeconds[0] ?? 1) > 0.008) await turn(10);
      const until = performance.now() + 150;
      while (performance.now() < until);
      while ((delay.read(0).quantilesSeconds.at(-1) ?? 0) < 0.1) await turn(10);
      const before = delay.read(0);
      expect(before.quantilesSeconds.at(-1)).toBeLessThan((performance.now() - startedMs) / 1000);
      expect(before.sumSeconds).toBeGreaterThan(0.1);
      expect(delay.read(60_000).quantilesSeconds.at(-1)).toBeGreaterThan(0.1);
      const after = delay.read(120_000);
      expect(after.quantilesSeconds.at(-1)).toBeLessThan(0.1);
      expect(after.count).toBeGreaterThanOrEqual(before.count);
      expect(after.sumSeconds).toBeGreaterThanOrEqual(before.sumSeconds);
    } finally {
      delay.stop();
    }
  });
});

describe('metrics - cluster', () => {
  it('has no series for a process on its own', async () => {
    expect(await create().text()).not.toMatch(/^aggregator_(partition_info|source_upto)\{/m);
  });

  it('has the place of this process, and of every source and replica', async () => {
    const text = await create({ cluster: () => CLUSTER }).text();
    const source = 'source="TRUEBIT_INGEST_1@2026-01-15T10:00:00Z"';
    expect(text).toContain(
      'aggregator_partition_info{partition="0",replica="one",active="true",publisher="false"} 1',
    );
    expect(text).toContain(`aggregator_source_upto{${source}} 800`);
    expect(text).toContain(`aggregator_source_lag_seconds{${source}} 0.12`);
    expect(text).toContain(`aggregator_shard_away{${source}} 0`);
    expect(text).toContain('aggregator_holes_total{partition="0"} 2');
    expect(text).toContain('aggregator_replica_ready{replica="two"} 0');
  });
});
