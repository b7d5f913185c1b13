import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readStatistics,
  STATISTICS_BYTES_MAX,
  STATISTICS_LABELS_MAX,
} from '../../../src/agent/domain/read-statistics.ts';
import { statisticsMessage } from '../../../src/federation/sinks/payload.ts';

const NOW_MS = 1_768_473_000_000;
const ARRIVAL = { receivedMs: NOW_MS + 5, signature: 'none' } as const;
const DATA = {
  activeNodes: 2,
  totalNodes: 3,
  totalTasks: 100,
  completedTasks: 90,
  failedTasks: 5,
  cachedTasks: 7,
  tasksLast24h: 11,
  successRate: 94.7,
  cacheHitRate: 7.7,
  totalInvoices: 80,
  invoicesLast24h: 9,
  executionTimeDistribution: { '<100ms': 4, '100-500ms': 0, unknown: 2 },
  gasUsageDistribution: { '<100K': 1 },
  stepsComputedDistribution: { '<100K': 1 },
  memoryUsedDistribution: { '<64MB': 1 },
  chainDistribution: { '43113': 90, other: 10 },
  taskTypeDistribution: { rs: 90, api: 10 },
  continentDistribution: { EU: 2 },
  locationDistribution: { '48.0,11.5': 2 },
  onlineNodes: 2,
  staleNodes: 1,
  offlineNodes: 0,
};

function payload(data: unknown, more: Readonly<Record<string, unknown>> = {}): Buffer {
  const timestamp = new Date(NOW_MS).toISOString();
  const envelope = { version: '1.0', type: 'network_stats', timestamp, aggregatorId: 'a-1', period: 'all' };
  return Buffer.from(JSON.stringify({ ...envelope, ...more, data }));
}

function read(bytes: Uint8Array) {
  return readStatistics(bytes, ARRIVAL);
}

describe('statistics message', () => {
  it.each(['all', '1h', '24h', '7d'] as const)(
    'statistics message - what our aggregator publishes for %s',
    (period) => {
      const message = statisticsMessage(period, DATA, NOW_MS, 'aggregator-1');
      const result = read(Buffer.from(message.payload));
      expect(result).toMatchObject({
        period,
        row: {
          counts: { activeNodes: 2, totalTasks: 100, invoicesLast24h: 9 },
          nodeCounts: { onlineNodes: 2, staleNodes: 1, offlineNodes: 0 },
          successRate: 94.7,
          cacheHitRate: 7.7,
          publishedMs: NOW_MS,
          receivedMs: NOW_MS + 5,
          aggregatorId: 'aggregator-1',
          signature: 'none',
        },
      });
      const { row } = result as Exclude<typeof result, string>;
      expect(Object.entries(row.distributions.executionTimeDistribution)).toEqual([
        ['<100ms', 4],
        ['100-500ms', 0],
        ['unknown', 2],
      ]);
      expect(row.distributions.locationDistribution).toEqual({ '48.0,11.5': 2 });
    },
  );

  it('statistics message - that of an earlier aggregator: no period, no name, no states, no places, rates as text', () => {
    const {
      onlineNodes: _online,
      staleNodes: _stale,
      offlineNodes: _offline,
      continentDistribution: _continents,
      locationDistribution: _locations,
      invoicesLast24h: _invoices,
      ...data
    } = DATA;
    const result = read(
      payload(
        { ...data, successRate: '28.57', cacheHitRate: 28.57 },
        { aggregatorId: undefined, period: undefined },
      ),
    );
    expect(result).toMatchObject({
      period: 'all',
      row: {
        counts: { invoicesLast24h: 0, totalInvoices: 80 },
        nodeCounts: { onlineNodes: null, staleNodes: null, offlineNodes: null },
        successRate: 28.57,
        cacheHitRate: 28.57,
        aggregatorId: '',
        distributions: { continentDistribution: {}, locationDistribution: {} },
      },
    });
  });

  it('statistics message - a label is any text: one named __proto__ is a label like others', () => {
    const text = payload(DATA).toString().replace('"rs":90', '"__proto__":90');
    const result = read(Buffer.from(text));
    const { row } = result as Exclude<typeof result, string>;
    expect(Object.entries(row.distributions.taskTypeDistribution)).toEqual([
      ['__proto__', 90],
      ['api', 10],
    ]);
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['no JSON', Buffer.from('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['an array', Buffer.from('[]')],
    ['no data', payload(undefined)],
    ['data that is an array', payload([])],
    ['empty data', payload({})],
    ['another type', payload(DATA, { type: 'heartbeat' })],
    ['another version', payload(DATA, { version: '2.0' })],
    ['a version that is a number', payload(DATA, { version: 1 })],
    ['another period', payload(DATA, { period: '30d' })],
    ['a short message for everything', payload(DATA, { type: 'network_stats_period' })],
    ['no time', payload(DATA, { timestamp: undefined })],
    ['a time that is a number', payload(DATA, { timestamp: NOW_MS })],
    ['a day that does not exist', payload(DATA, { timestamp: '2026-13-01T00:00:00.000Z' })],
    ['a time without a zone', payload(DATA, { timestamp: '2026-01-01T00:00:00.000' })],
    ['a name with blanks', payload(DATA, { aggregatorId: 'a b' })],
    ['a name that is an address', payload(DATA, { aggregatorId: `0x${'ab'.repeat(20)}` })],
    ['a name that is a number', payload(DATA, { aggregatorId: 7 })],
    ['a negative count', payload({ ...DATA, totalTasks: -1 })],
    ['half a task', payload({ ...DATA, totalTasks: 0.5 })],
    ['more than can be counted', payload({ ...DATA, totalTasks: 2 ** 53 })],
    ['a count that is text', payload({ ...DATA, totalTasks: '100' })],
    ['a state that is text', payload({ ...DATA, staleNodes: '1' })],
    ['more than everything', payload({ ...DATA, successRate: 100.1 })],
    ['a negative rate', payload({ ...DATA, successRate: -1 })],
    ['a rate in words', payload({ ...DATA, successRate: 'all' })],
    ['a distribution that is an array', payload({ ...DATA, chainDistribution: [1] })],
    ['a label without a count', payload({ ...DATA, chainDistribution: { a: null } })],
    ['an empty label', payload({ ...DATA, chainDistribution: { '': 1 } })],
    ['a long label', payload({ ...DATA, chainDistribution: { ['a'.repeat(65)]: 1 } })],
    ['a label with a line break', payload({ ...DATA, chainDistribution: { 'a\nb': 1 } })],
    ['a label that is an address', payload({ ...DATA, chainDistribution: { [`0x${'ab'.repeat(20)}`]: 1 } })],
    ['a label that is an IP address', payload({ ...DATA, taskTypeDistribution: { '192.0.2.1': 1 } })],
  ])('statistics message - malformed: %s', (_what, bytes) => {
    expect(read(bytes)).toBe('malformed');
  });

  it('statistics message - bounds of labels and of length', () => {
    const labels = (count: number) =>
      payload({
        ...DATA,
        chainDistribution: Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}`, 1])),
      });
    expect(read(labels(STATISTICS_LABELS_MAX))).toMatchObject({ period: 'all' });
    expect(read(labels(STATISTICS_LABELS_MAX + 1))).toBe('malformed');
    const filled = (length: number) => {
      const start = payload(DATA).toString().slice(0, -1);
      return Buffer.from(`${start}${' '.repeat(length - start.length - 1)}}`);
    };
    expect(read(filled(STATISTICS_BYTES_MAX))).toMatchObject({ period: 'all' });
    expect(read(filled(STATISTICS_BYTES_MAX + 1))).toBe('too_large');
  });

  it('statistics message - law: whatever the members are, it is read or malformed', () => {
    const names = Object.keys(DATA);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
        const result = read(payload({ ...DATA, [name]: value }));
        expect(result === 'malformed' || typeof result === 'object').toBe(true);
      }),
    );
  });
});
