import { describe, expect, it } from 'vitest';
import { EarlierReader, readCount, readTime } from '../../../src/federation/domain/earlier-rows.ts';
import { decodeOutcome, FIRST_FAILED } from '../../../src/federation/domain/outcome.ts';

const HASH = 'ab'.repeat(32);
const SEEN = { first_seen_at: '2026-01-15T10:30:00.123Z', last_seen_at: '2026-01-15T11:00:00.000Z' };
const MS = Date.UTC(2026, 0, 15, 10, 30, 0, 123);

function task(columns: Readonly<Record<string, unknown>>) {
  return new EarlierReader().task({ task_id_hash: HASH, ...SEEN, ...columns });
}

describe('earlier rows', () => {
  it.each([
    ['received', null, null],
    ['received', 1, null],
    [null, null, null],
    [undefined, undefined, null],
    ['received', 0, 'failed'],
    [null, 0, 'failed'],
    ['failed', 1, 'failed'],
    ['failed', null, 'failed'],
    ['completed', 0, 'completed'],
    ['success', 0, 'completed'],
    ['ok', 0, 'completed'],
    ['unknown', 0, 'failed'],
    ['unknown', null, 'completed'],
    ['timeout', 0, 'failed'],
    ['failed', 0, 'failed'],
    ['', 0, 'failed'],
    ['completed', 1, 'completed'],
    ['completed', null, 'completed'],
    ['timeout', null, 'completed'],
    ['', 1, 'completed'],
  ])('earlier rows - status %j and success %j: %s', (status, success, outcome) => {
    const read = task({ status, success });
    if (typeof read === 'string') throw new Error(read);
    const said = read.outcome === null ? null : read.outcome < FIRST_FAILED ? 'completed' : 'failed';
    expect(said).toBe(outcome);
  });

  it('earlier rows - a bucket outside its vocabulary is absent', () => {
    const reader = new EarlierReader();
    const read = reader.task({
      task_id_hash: HASH,
      ...SEEN,
      status: 'completed',
      execution_time_bucket: '<100ms',
      gas_used_bucket: 'plenty',
      cached: 1,
      chain_id: 137,
      task_type: 'someone@example.org',
    });
    expect(read).toMatchObject({ chainId: '137', taskType: null });
    if (typeof read === 'string' || read.outcome === null) throw new Error('an outcome');
    expect(decodeOutcome(read.outcome)).toEqual({ failed: false, time: 0, gas: 5, cached: 0 });
    expect(reader.unknownLabels).toMatchObject({
      gasUsedBucket: 1,
      taskType: 1,
      chainId: 0,
      executionTimeBucket: 0,
    });
  });

  it.each([
    [HASH.toUpperCase(), HASH],
    ['AB'.repeat(8), 'ab'.repeat(8)],
    ['ab'.repeat(7), 'bad_id'],
    ['ab'.repeat(33), 'bad_id'],
    [`${HASH}a`, 'bad_id'],
    [`0x${'ab'.repeat(31)}`, 'bad_id'],
    ['', 'bad_id'],
    [null, 'bad_id'],
    [12, 'bad_id'],
  ])('earlier rows - the id %j: %s', (id, expected) => {
    const read = task({ task_id_hash: id });
    expect(typeof read === 'string' ? read : read.idHash).toBe(expected);
  });

  it('earlier rows - a missing time is taken from the other times, in any order', () => {
    const times = (columns: Readonly<Record<string, unknown>>) => {
      const read = new EarlierReader().task({ task_id_hash: HASH, ...columns });
      return typeof read === 'string' ? read : [read.firstMs, read.lastMs, read.createdMs];
    };
    const created = '2026-01-15 10:00:00';
    const createdMs = Date.UTC(2026, 0, 15, 10);
    expect(times({ ...SEEN, created_at: created })).toEqual([MS, Date.UTC(2026, 0, 15, 11), createdMs]);
    expect(times({ first_seen_at: SEEN.last_seen_at, last_seen_at: SEEN.first_seen_at })).toEqual([
      MS,
      Date.UTC(2026, 0, 15, 11),
      Date.UTC(2026, 0, 15, 11),
    ]);
    expect(times({ last_seen_at: SEEN.first_seen_at })).toEqual([MS, MS, MS]);
    expect(times({ first_seen_at: 'soon', created_at: created })).toEqual([createdMs, createdMs, createdMs]);
    expect(times({ first_seen_at: null })).toBe('no_time');
  });

  it.each([
    ['2026-01-15T10:30:00.123Z', MS],
    ['2026-01-15 10:30:00', MS - 123],
    ['2026-01-15T10:30:00Z', MS - 123],
    ['2026-13-15T10:30:00Z', null],
    ['2026-01-15', null],
    ['1970-01-01T00:00:00.000Z', null],
    [1_768_473_000_000, null],
    [null, null],
  ])('earlier rows - the time %j is read as %j', (text, ms) => {
    expect(readTime(text)).toBe(ms);
  });

  it.each([
    [3, 3],
    [2.9, 2],
    [-1, 0],
    [null, 0],
    ['7', 0],
    [Number.POSITIVE_INFINITY, 0],
  ])('earlier rows - the count %j is read as %d', (value, count) => {
    expect(readCount(value)).toBe(count);
  });

  it.each([
    ['node-3f0c0a54', 'node-3f0c0a54'],
    ['ab', 'bad_id'],
    ['node with spaces', 'bad_id'],
    ['0x00112233445566778899aabbccddeeff00112233', 'bad_id'],
    [null, 'bad_id'],
  ])('earlier rows - the node %j: %s', (nodeId, expected) => {
    const read = new EarlierReader().node({ node_id: nodeId, ...SEEN, location_bucket: '-0.2,11.7' });
    expect(typeof read === 'string' ? read : read.nodeId).toBe(expected);
    if (typeof read !== 'string') expect(read).toMatchObject({ location: '-0.5,11.5', hasLeft: false });
  });
});
