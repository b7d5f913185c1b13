import { describe, expect, it } from 'vitest';
import { type Checkpoint, checkpointOf, checkpointText } from '../../../src/federation/domain/checkpoint.ts';
import { gapRequestOf } from '../../../src/federation/domain/gap-request.ts';

const SOURCE = { stream: 's', incarnation: 'a#1' };
const CHECKPOINT: Checkpoint = { source: SOURCE, incarnation: 'b', first: 3, seq: 9, atMs: 70 };

describe('checkpoint', () => {
  it.each([CHECKPOINT, { ...CHECKPOINT, atMs: null }, { ...CHECKPOINT, seq: 2 }])(
    '%j is read again',
    (checkpoint) => {
      expect(checkpointOf(checkpointText(checkpoint))).toEqual(checkpoint);
    },
  );

  it.each([
    'x',
    'null',
    '{}',
    JSON.stringify({ ...CHECKPOINT, source: 's' }),
    JSON.stringify({ ...CHECKPOINT, incarnation: 1 }),
    JSON.stringify({ ...CHECKPOINT, first: 0 }),
    JSON.stringify({ ...CHECKPOINT, seq: 1 }),
    JSON.stringify({ ...CHECKPOINT, seq: 9.5 }),
  ])('%s is none', (text) => {
    expect(checkpointOf(text)).toBeNull();
  });
});

describe('gap request', () => {
  const REQUEST = { source: SOURCE, upto: 5, partition: 1 };
  const read = (value: unknown) => gapRequestOf(Buffer.from(JSON.stringify(value)), 2);

  it('is read, without members that it does not have', () => {
    expect(read({ ...REQUEST, source: { ...SOURCE, more: 1 } })).toEqual(REQUEST);
  });

  it.each([
    null,
    {},
    { ...REQUEST, source: 's' },
    { ...REQUEST, upto: -1 },
    { ...REQUEST, upto: '5' },
    { ...REQUEST, partition: 2 },
    { ...REQUEST, partition: 0.5 },
  ])('%j is none', (value) => {
    expect(read(value)).toBeNull();
  });

  it('bytes that are no JSON are none', () => {
    expect(gapRequestOf(Buffer.of(1), 2)).toBeNull();
  });
});
