// The metrics of the splitters of one process. A process that splits nothing has the names without series.

import type { ShardStatus, SplitterStatus, SplittersStatus } from '../domain/splitter-status.ts';
import type { Reading } from '../../metrics/reading.ts';

/** What the splitters of the process last said; null without splitters. */
export interface SplitterMoment {
  readonly splitters: SplittersStatus | null;
}

/** All gauges and counters of splitters, by input stream. */
export const SPLITTER_READINGS: readonly Reading<SplitterMoment>[] = [
  perShard(
    'gauge',
    'aggregator_splitter_active',
    'Whether this process splits an input stream, 0 or 1.',
    (shard) => Number(shard.splitter !== null),
  ),
  perSplitter(
    'gauge',
    'aggregator_splitter_behind_seconds',
    'How far behind the end of an input stream its splitter reads.',
    ({ behindMs }) => behindMs / 1000,
  ),
  perSplitter(
    'counter',
    'aggregator_splitter_messages_total',
    'Messages of an input stream that were read and given to a round.',
    ({ messages }) => messages,
  ),
  perSplitter(
    'counter',
    'aggregator_splitter_rounds_total',
    'Rounds that were sent to the logs, empty ones included.',
    ({ rounds }) => rounds,
  ),
  perSplitter(
    'counter',
    'aggregator_splitter_round_bytes_total',
    'Bytes of these rounds.',
    ({ bytes }) => bytes,
  ),
  perSplitter(
    'counter',
    'aggregator_splitter_restarts_total',
    'Times that the splitter began again at its checkpoint.',
    ({ restarts }) => restarts,
  ),
  perSplitter(
    'counter',
    'aggregator_splitter_heals_total',
    'Ranges that were sent again because a log missed them.',
    ({ heals }) => heals,
  ),
  perSplitter(
    'counter',
    'aggregator_splitter_lost_total',
    'Messages that the stream no longer held when the splitter came to them.',
    ({ lost }) => lost,
  ),
];

function perShard(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (shard: ShardStatus) => number,
): Reading<SplitterMoment> {
  return {
    name,
    type,
    help,
    labels: ['shard'],
    read: ({ splitters }) => (splitters?.shards ?? []).map((shard) => [{ shard: shard.shard }, value(shard)]),
  };
}

/** 0 while another process splits the stream. */
function perSplitter(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  value: (splitter: SplitterStatus) => number,
): Reading<SplitterMoment> {
  return perShard(type, name, help, ({ splitter }) => (splitter === null ? 0 : value(splitter)));
}
