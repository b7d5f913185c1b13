import { describe, expect, it } from 'vitest';
import { PRUNED_BYTES_MAX, PRUNED_ENTRIES_MAX, Retention } from '../../../src/trades/store/retention.ts';
import { commit, dead, delivered, HOUR_MS, job, keyUsed, NOW_MS, openWriter, sealed } from './facts.ts';

const DAY_MS = 86_400_000;

const counts = ({ database }: ReturnType<typeof openWriter>) =>
  ['outbox_rows', 'bodies', 'responses', 'buckets', 'job_rows', 'clients', 'key_rows'].map((table) =>
    database.prepare(`SELECT count(*) FROM ${table}`).pluck().get(),
  );

/** An old entry of each state, each of a client of its own, and a new delivered one. */
function fill({ writer }: ReturnType<typeof openWriter>): void {
  const oldMs = NOW_MS - 5 * DAY_MS;
  for (const id of [1, 2, 3, 4]) {
    const entry = { clientId: `client ${id}`, sealedAtMs: id === 4 ? NOW_MS : oldMs };
    commit(writer, sealed(id, { entry, job: job(`${id}`, { expiresAtMs: oldMs }) }));
  }
  commit(writer, keyUsed('one', oldMs), delivered(1, oldMs), dead(2, oldMs), delivered(4, NOW_MS - HOUR_MS));
}

describe('retention', () => {
  it('retention - deletes old delivered entries with all that belongs to them, and never dead or waiting ones', () => {
    const opened = openWriter(undefined, { retentionMs: 3 * DAY_MS });
    fill(opened);
    let steps = 1;
    while (!opened.writer.pruneStep(NOW_MS)) steps++;
    expect(steps).toBeGreaterThan(3);
    const states = opened.database.prepare('SELECT id, state FROM outbox').raw().all();
    expect(states).toEqual([
      [2, 'dead'],
      [3, 'waiting'],
      [4, 'delivered'],
    ]);
    expect(counts(opened)).toEqual([3, 3, 1, 3, 0, 3, 1]);
    expect(opened.writer.pruneStep(NOW_MS + 1000 * DAY_MS)).toBe(false);
    while (!opened.writer.pruneStep(NOW_MS + 1000 * DAY_MS));
    expect(counts(opened)).toEqual([2, 2, 1, 2, 0, 2, 1]);
    // A client whose entries are gone comes back.
    commit(opened.writer, sealed(9, { entry: { clientId: 'client 1' } }));
    expect(counts(opened)[5]).toBe(3);
  });

  it('retention - a step deletes so many entries, and so many bytes of bodies, but at least one', () => {
    const { database, writer } = openWriter();
    const ids = Array.from({ length: PRUNED_ENTRIES_MAX + 1 }, (_, index) => index + 1);
    commit(writer, ...ids.map((id) => sealed(id)), ...ids.map((id) => delivered(id)));
    const left = (bytesMax: number) => {
      new Retention(database, 1, bytesMax).step(NOW_MS + 1_000);
      return Number(database.prepare('SELECT count(*) FROM outbox_rows').pluck().get());
    };
    expect([left(1), left(25), left(PRUNED_BYTES_MAX)]).toEqual([ids.length - 1, ids.length - 3, 0]);
    const more = ids.map((id) => id + 1_000);
    commit(writer, ...more.map((id) => sealed(id)), ...more.map((id) => delivered(id)));
    expect(left(PRUNED_BYTES_MAX)).toBe(1);
  });

  it('retention - 0 days keep everything', () => {
    const opened = openWriter();
    fill(opened);
    expect(opened.writer.pruneStep(NOW_MS + 1000 * DAY_MS)).toBe(true);
    expect(counts(opened).slice(0, 4)).toEqual([4, 4, 3, 4]);
  });
});
