// An aggregator in memory with a clock of its own: it reads the bytes, counts with the oracle, publishes at every tick
// and answers like the real program. A test can make it miscount, lose, restart or refuse.

import type { Clock } from '../../../src/lib/clock.ts';
import type { AggregatorClient } from '../../../src/federation/simulator/aggregator-client.ts';
import type { Broker } from '../../../src/federation/simulator/broker.ts';
import type { Counters } from '../../../src/federation/simulator/counters.ts';
import type { AggregatorLimits } from '../../../src/federation/simulator/limits-check.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import type { PublishedStatistics } from '../../../src/federation/simulator/publication.ts';
import type { Period } from '../../../src/federation/simulator/vocabulary.ts';
import { PERIODS } from '../../../src/federation/simulator/vocabulary.ts';
import { readWire } from './wire-reader.ts';

export interface FakeBehaviour {
  /** Messages (by number from 0) that never arrive. */
  readonly loses?: (number: number) => boolean;
  /** Changes the published statistics of a period. */
  readonly publishes?: (statistics: PublishedStatistics, period: Period) => PublishedStatistics;
  /** Changes only the answers over HTTP. */
  readonly shows?: (statistics: PublishedStatistics) => PublishedStatistics;
  /** The process is replaced after this number of messages; the database stays. */
  readonly restartsAfter?: number;
  readonly limits?: Partial<AggregatorLimits>;
  readonly notReady?: string;
}

const TICK_INTERVAL_MS = 30_000;

function emptyCounters(startedAtSeconds: number) {
  const publishToCommit = { bounds: [0.1, 1, Infinity], cumulative: [0, 0, 0] };
  const series = { received: {}, outcomes: {}, rejected: {} } as Record<
    'received' | 'outcomes' | 'rejected',
    object
  >;
  return {
    ...series,
    lost: 0,
    inFlight: 0,
    pending: 0,
    toOffline: 0,
    publishToCommit,
    startedAtSeconds,
  } as unknown as {
    -readonly [K in keyof Counters]: Counters[K] extends Readonly<Record<string, number>>
      ? Record<string, number>
      : Counters[K];
  };
}

export function createFakeAggregator(behaviour: FakeBehaviour = {}) {
  let nowMs = Date.UTC(2026, 0, 15, 10, 30, 0);
  const startMs = nowMs;
  let nextTickMs = nowMs + TICK_INTERVAL_MS;
  let delivered = 0;
  const oracle = createOracle();
  let counters = emptyCounters(1);
  let shown: { timestamp: string; periods: Record<string, PublishedStatistics> } | null = null;
  const listeners: ((payload: Uint8Array) => void)[] = [];

  function receive(subject: string, payload: Uint8Array): void {
    const number = delivered;
    delivered += 1;
    if (number === behaviour.restartsAfter) counters = emptyCounters(2);
    if (behaviour.loses?.(number) === true) return;
    counters.received[subject] = (counters.received[subject] ?? 0) + 1;
    const key = `${subject} ${oracle.record({ content: readWire(payload) })}`;
    counters.outcomes[key] = (counters.outcomes[key] ?? 0) + 1;
    const [, , above] = counters.publishToCommit.cumulative;
    const count = (above ?? 0) + 1;
    counters.publishToCommit = { ...counters.publishToCommit, cumulative: [count / 2, count, count] };
  }

  function tick(atMs: number): void {
    const timestamp = new Date(atMs).toISOString();
    const statistics: PublishedStatistics = { ...oracle.expected().statistics };
    shown = { timestamp, periods: {} };
    for (const period of PERIODS) {
      const data = behaviour.publishes?.(statistics, period) ?? statistics;
      shown.periods[period] = data;
      const payload = Buffer.from(JSON.stringify({ period, timestamp, aggregatorId: 'fake', data }));
      for (const listener of listeners) listener(payload);
    }
  }

  async function wait(ms: number): Promise<void> {
    nowMs += ms;
    for (; nextTickMs <= nowMs; nextTickMs += TICK_INTERVAL_MS) tick(nextTickMs);
  }

  const aggregator: AggregatorClient = {
    notReadyBecause: async () => behaviour.notReady ?? null,
    limits: async () => ({
      ratePerMinute: 60,
      rateBurst: 120,
      globalPerSecond: 0,
      newNodesPerMinute: 6000,
      maxNodes: 200_000,
      ...behaviour.limits,
    }),
    about: async () => ({ version: '1', node: 'v24', mode: 'jetstream' }),
    counters: async () => structuredClone(counters),
    async statistics(period) {
      const data = shown?.periods[period] ?? {};
      const timestamp = shown?.timestamp ?? '';
      return {
        aggregatorId: 'fake',
        timestamp,
        isConnected: shown !== null,
        data: behaviour.shows?.(data) ?? data,
      };
    },
    async activeNodes(except) {
      const nodes = [...oracle.expected().nodes].filter(
        ([nodeId, node]) => !node.left && !except.has(nodeId),
      );
      return new Map(nodes.map(([nodeId]) => [nodeId, 'online'] as const));
    },
  };
  const broker: Broker = {
    publish: receive,
    flush: async () => undefined,
    onStatistics: async (listener) => void listeners.push(listener),
    close: async () => undefined,
  };
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs - startMs };
  return { aggregator, broker, clock, wait, receive, delivered: () => delivered };
}
