import { describe, expect, it } from 'vitest';
import type { OutboxQuery } from '../../../src/trades/domain/questions.ts';
import { readAllBodies } from '../../../src/trades/workers/all-bodies.ts';
import { readBodies, readClients, readOutbox } from '../../../src/trades/workers/outbox-pages.ts';
import { attempted, commit, dead, delivered, NOW_MS, openWriter, sealed, sha256 } from '../store/facts.ts';

const ALL: OutboxQuery = { state: null, beforeId: null, limit: 50 };

describe('the pages of the outbox', () => {
  it('outbox - entries by state and page, newest first', () => {
    const { database, writer } = openWriter();
    commit(writer, ...[1, 2, 3, 4, 5].map((id) => sealed(id, { entry: { seq: id === 5 ? 7 : null } })));
    commit(writer, delivered(1), dead(3), attempted(4, 2), delivered(5));
    const ids = (query: Partial<OutboxQuery>) =>
      readOutbox(database, { ...ALL, ...query }).map(({ id }) => id);
    expect(ids({})).toEqual([5, 4, 3, 2, 1]);
    expect(ids({ limit: 2 })).toEqual([5, 4]);
    expect(ids({ beforeId: 4, limit: 2 })).toEqual([3, 2]);
    expect([ids({ state: 'waiting' }), ids({ state: 'dead' }), ids({ state: 'delivered' })]).toEqual([
      [4, 2],
      [3],
      [5, 1],
    ]);
    expect(ids({ state: 'dead', beforeId: 3 })).toEqual([]);
    const [newest, , refused, untried] = readOutbox(database, ALL);
    expect(newest).toEqual({
      id: 5,
      clientId: 'a',
      exchange: 'mock',
      digest: sha256('{"body":5}'),
      seq: 7,
      state: 'delivered',
      trades: 2,
      bodyBytes: 10,
      sealedAtMs: NOW_MS + 5,
      endedAtMs: NOW_MS + 50,
      attempts: 0,
      status: 200,
      reason: 'HTTP status 200',
    });
    expect(refused).toMatchObject({ state: 'dead', status: 400, reason: 'HTTP status 400' });
    expect(untried).toMatchObject({
      state: 'waiting',
      endedAtMs: null,
      attempts: 0,
      status: null,
      reason: '',
    });
  });

  it('bodies - those that the database has, as many as an answer takes, and then the others', async () => {
    const { database, writer } = openWriter();
    const body = (id: number) => `${id}`.repeat(40);
    commit(writer, ...[1, 2, 3].map((id) => sealed(id, { body: body(id) })));
    expect(readBodies(database, [3, 9, 1, 2], 80)).toEqual({
      bodies: [
        { id: 3, body: body(3) },
        { id: 1, body: body(1) },
      ],
      left: [2],
    });
    // The first one is in an answer even if it is too long.
    expect(readBodies(database, [2, 1], 1)).toEqual({ bodies: [{ id: 2, body: body(2) }], left: [1] });
    const asked: (readonly number[])[] = [];
    const all = await readAllBodies([1, 9, 2, 3], async (ids) => {
      asked.push(ids);
      return readBodies(database, ids, 1);
    });
    expect(all.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(asked).toEqual([[1, 9, 2, 3], [2, 3], [3]]);
  });

  it('clients - those with the latest summary first, over their exchanges', () => {
    const { database, writer } = openWriter();
    const of = (clientId: string, exchange: string) => ({ entry: { clientId, exchange } });
    commit(writer, sealed(1, of('b', 'kraken')), sealed(2, of('a', 'mock')), sealed(3, of('b', 'mock')));
    const rows = [
      { clientId: 'b', summaries: 2, lastSealedAtMs: NOW_MS + 3 },
      { clientId: 'a', summaries: 1, lastSealedAtMs: NOW_MS + 2 },
    ];
    expect(readClients(database, { limit: 10 })).toEqual(rows);
    expect(readClients(database, { limit: 1 })).toEqual(rows.slice(0, 1));
  });
});
