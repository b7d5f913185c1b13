import { describe, expect, it } from 'vitest';
import { judgeSplitters } from '../../../src/federation/http/splitter-server.ts';
import { createMetrics } from '../../../src/federation/metrics/metrics.ts';
import { NOTHING } from './nothing.ts';
import { SPLITTERS } from './splitters.ts';

describe('metrics - splitters', () => {
  it('has a series for each input stream, 0 for those that another process splits', async () => {
    const metrics = createMetrics({ ...NOTHING, splitters: () => SPLITTERS });
    const text = await metrics.text();
    metrics.stop();
    expect(text).toContain('aggregator_splitter_active{shard="TRUEBIT_INGEST_1"} 1');
    expect(text).toContain('aggregator_splitter_active{shard="TRUEBIT_INGEST_2"} 0');
    expect(text).toContain('aggregator_splitter_behind_seconds{shard="TRUEBIT_INGEST_1"} 1.5');
    expect(text).toContain('aggregator_splitter_lost_total{shard="TRUEBIT_INGEST_1"} 3');
  });

  it('has no series without splitters', async () => {
    const metrics = createMetrics(NOTHING);
    const text = await metrics.text();
    metrics.stop();
    expect(text).not.toContain('aggregator_splitter_active{');
  });
});

const judge = (status: typeof SPLITTERS | null) =>
  judgeSplitters({ status, descriptorProblem: null, logLoss: { lines: 0, problem: null } }).components
    .splitters;
const [shard] = SPLITTERS.shards;
const withSplitter = (change: object) => {
  if (shard?.splitter == null) throw new Error('no splitter');
  return { problem: null, shards: [{ ...shard, splitter: { ...shard.splitter, ...change } }] };
};

describe('readiness - splitters', () => {
  it.each([
    ['nothing said yet', null, { ok: false, reason: 'the splitters have not started' }],
    ['no broker', { ...SPLITTERS, problem: 'no broker' }, { ok: false, reason: 'no broker' }],
    ['no stream', { ...SPLITTERS, shards: [] }, { ok: false, reason: 'there is no input stream' }],
    ['at work', SPLITTERS, { ok: true }],
    [
      'a stream that is away',
      withSplitter({ isAway: true }),
      { ok: true, reason: 'TRUEBIT_INGEST_1: the server of this stream is away' },
    ],
    ['beginning again', withSplitter({ problem: 'why' }), { ok: true, reason: 'TRUEBIT_INGEST_1: why' }],
  ])('%s', (_what, status, component) => {
    expect(judge(status)).toEqual(component);
  });
});
