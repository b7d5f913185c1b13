// The bound of a replay: of very many dead letters one request takes the oldest, and says how many are left.

import { describe, expect, it } from 'vitest';
import type { OutboxQuery, OutboxRow } from '../../../src/trades/domain/questions.ts';
import { REPLAYED_MAX } from '../../../src/trades/sinks/delivery-bounds.ts';
import { Replays } from '../../../src/trades/sinks/replays.ts';

/** Dead letters with the ids from 1 on, as the database gives them: the newest first. */
function outboxOf(count: number) {
  const dead = new Set(Array.from({ length: count }, (_, nth) => nth + 1));
  const rowOf = (id: number): OutboxRow => ({
    id,
    clientId: 'c',
    exchange: 'x',
    digest: '',
    seq: null,
    state: 'dead',
    trades: 0,
    bodyBytes: 1,
    sealedAtMs: 0,
    endedAtMs: 0,
    attempts: 0,
    status: 400,
    reason: '',
  });
  const taken: number[] = [];
  const replays = new Replays({
    async rows({ beforeId, limit }: OutboxQuery) {
      const ids = Array.from(dead).filter((id) => id < (beforeId ?? Infinity));
      return ids
        .toSorted((one, other) => other - one)
        .slice(0, limit)
        .map(rowOf);
    },
    async commit(facts) {
      for (const fact of facts) if (fact.type === 'replayed') dead.delete(fact.entryId);
    },
    takeUp: ({ id }) => void taken.push(id),
    nowMs: () => 0,
  });
  return { replays, taken };
}

describe('replays', () => {
  it('replays - REPLAYED_MAX: one request takes the oldest, and the next one takes the rest', async () => {
    const { replays, taken } = outboxOf(REPLAYED_MAX + 3);
    expect(await replays.replay('all')).toEqual({ replayed: REPLAYED_MAX, notDead: [], left: 3 });
    expect([taken[0], taken.at(-1), taken.length]).toEqual([1, REPLAYED_MAX, REPLAYED_MAX]);
    expect(await replays.replay('all')).toEqual({ replayed: 3, notDead: [], left: 0 });
    expect(taken.slice(-3)).toEqual([1, 2, 3].map((nth) => REPLAYED_MAX + nth));
  });
});
