import { describe, expect, it } from 'vitest';
import { CheckpointKeeper } from '../../../src/federation/sources/checkpoint-keeper.ts';
import type { UptoOfSource } from '../../../src/federation/sources/split-parts.ts';

const SOURCE = { stream: 'S', incarnation: '2026-01-01T00:00:00Z' };

/** A keeper without a record; the replicas say these positions. */
function keeperOf(positions: () => readonly UptoOfSource[]) {
  return new CheckpointKeeper('S', {
    stream: { storedAtMs: () => Promise.resolve(null) },
    records: { read: () => Promise.resolve(null), write: () => Promise.resolve(1) },
    positions: () => Promise.resolve(positions()),
    overtaken: () => undefined,
  });
}

function facts(lastSeq: number) {
  const { stream: name, incarnation: created } = SOURCE;
  return { name, created, firstSeq: 1, lastSeq, deleted: 0, brokerMs: null };
}

describe('the checkpoint of an input stream', () => {
  it('the checkpoint of an input stream - of a stream that another splitter reads meanwhile none is new', async () => {
    let lastSeq = 10;
    const keeper = keeperOf(() => {
      // Replicas answer after some seconds, in which the other splitter has gone on.
      lastSeq = 20;
      return [{ ...SOURCE, first: 1, upto: 20 }];
    });
    await keeper.load();
    const { place } = await keeper.judge(() => Promise.resolve(facts(lastSeq)));
    expect(place).toMatchObject({ source: SOURCE, seq: 20 });
  });

  it.each([
    ['the first sequence that any replica knows', { first: 3 }, 3],
    ['what follows, if no replica says it', {}, 5],
  ])(
    'the checkpoint of an input stream - without a record its source begins at %s',
    async (_what, known, first) => {
      const keeper = keeperOf(() => [
        { ...SOURCE, ...known, upto: 4 },
        { ...SOURCE, ...known, upto: 8 },
      ]);
      await keeper.load();
      const { place } = await keeper.judge(() => Promise.resolve(facts(9)));
      expect(place).toMatchObject({ source: SOURCE, first, seq: 4 });
    },
  );
});
