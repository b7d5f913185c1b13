import { describe, expect, it } from 'vitest';
import {
  countersSince,
  hasRestarted,
  outcomeTotal,
  readCounters,
  receivedTotal,
} from '../../../src/federation/simulator/counters.ts';
import { histogramSince, quantileOf } from '../../../src/lib/histogram-quantile.ts';
import { parsePrometheusText } from '../../../src/lib/prometheus-text.ts';

const TEXT = `# HELP aggregator_messages_received_total Messages.
# TYPE aggregator_messages_received_total counter
aggregator_messages_received_total{subject="truebit.heartbeat"} 12
aggregator_messages_received_total{subject="other"} 5
aggregator_messages_total{outcome="applied",subject="truebit.heartbeat"} 10
aggregator_messages_total{subject="truebit.heartbeat",outcome="rejected"} 2
aggregator_messages_rejected_total{subject="truebit.heartbeat",reason="not_json"} 2
aggregator_messages_lost_total 1
aggregator_in_flight_messages 0
aggregator_publish_to_commit_seconds_bucket{le="0.1"} 4
aggregator_publish_to_commit_seconds_bucket{le="+Inf"} 10
aggregator_publish_to_commit_seconds_bucket{le="1"} 9
aggregator_process_start_time_seconds 1768473000.5
`;

describe('metrics', () => {
  it('metrics - samples with labels, escapes and infinities are read', () => {
    const text =
      '# TYPE a counter\na{b="c\\"d\\\\e\\nf",g="}"} 1.5e3\nplain +Inf 1700000000000\n\nnot a sample at all\n';
    expect(parsePrometheusText(text)).toEqual([
      { name: 'a', labels: { b: 'c"d\\e\nf', g: '}' }, value: 1500 },
      { name: 'plain', labels: {}, value: Infinity },
    ]);
  });

  it('metrics - counters of the six inputs are read, whatever the order of labels', () => {
    const counters = readCounters(parsePrometheusText(TEXT));
    expect(receivedTotal(counters)).toBe(12);
    expect(outcomeTotal(counters, 'applied')).toBe(10);
    expect(outcomeTotal(counters, 'applied', 'truebit.nodes.left')).toBe(0);
    expect(counters).toMatchObject({ lost: 1, inFlight: 0, startedAtSeconds: 1768473000.5 });
    expect(counters.rejected).toEqual({ 'truebit.heartbeat not_json': 2 });
    expect(counters.publishToCommit).toEqual({ bounds: [0.1, 1, Infinity], cumulative: [4, 9, 10] });
  });

  it('metrics - two readings give their difference', () => {
    const before = readCounters(parsePrometheusText(TEXT));
    const after = readCounters(
      parsePrometheusText(TEXT.replace('"} 12', '"} 20').replace('"+Inf"} 10', '"+Inf"} 13')),
    );
    expect(receivedTotal(countersSince(before, after))).toBe(8);
    expect(countersSince(before, after).publishToCommit.cumulative).toEqual([0, 0, 3]);
    expect(hasRestarted(before, after)).toBe(false);
    expect(hasRestarted(after, before)).toBe(true);
    expect(hasRestarted(before, { ...after, startedAtSeconds: 1 })).toBe(true);
  });

  it.each([
    ['nothing observed', [0, 0, 0, 0], 0.5, null],
    ['the middle of a bucket', [0, 10, 10, 10], 0.5, 0.55],
    ['the first bucket begins at 0', [10, 10, 10, 10], 0.5, 0.05],
    ['the end of a bucket', [50, 100, 100, 100], 0.5, 0.1],
    ['99 of 100', [98, 99, 100, 100], 0.99, 1],
    ['above the last bound', [0, 0, 0, 7], 0.5, Infinity],
  ])('metrics - the quantile of a histogram: %s', (_, cumulative, quantile, value) => {
    const observed = quantileOf({ bounds: [0.1, 1, 10, Infinity], cumulative }, quantile);
    if (value === null || value === Infinity) expect(observed).toBe(value);
    else expect(observed).toBeCloseTo(value, 10);
  });

  it('metrics - buckets that did not exist before count from zero', () => {
    const none = { bounds: [], cumulative: [] };
    const some = { bounds: [1, Infinity], cumulative: [2, 3] };
    expect(histogramSince(none, some)).toEqual(some);
  });
});
