import { describe, expect, it } from 'vitest';
import {
  attempt,
  attempted,
  commit,
  dead,
  delivered,
  job,
  keyUsed,
  NOW_MS,
  openWriter,
  replayed,
  sealed,
  sha256,
} from './facts.ts';

const waitingOf = ({ writer }: ReturnType<typeof openWriter>) =>
  [...writer.waitingPages()].flat().toSorted((a, b) => a.place - b.place);

describe('the writer', () => {
  it('writer - a sealed job waits, with all that a start needs of it', () => {
    const opened = openWriter();
    const token = job('two', { tokenHash: null });
    commit(
      opened.writer,
      sealed(1, { job: job('one') }),
      sealed(2, { entry: { clientId: 'b' }, job: token }),
    );
    commit(opened.writer, attempted(2, 3, NOW_MS + 4_000));
    opened.database.close();
    const again = openWriter(opened.path);
    const entry = { digest: sha256('{"body":1}'), bodyBytes: 10, sealedAtMs: NOW_MS + 1 };
    expect(waitingOf(again)).toEqual([
      { id: 1, clientId: 'a', ...entry, attempts: 0, nextAtMs: 0, place: 1 },
      {
        id: 2,
        clientId: 'b',
        digest: sha256('{"body":2}'),
        bodyBytes: 10,
        sealedAtMs: NOW_MS + 2,
        attempts: 3,
        nextAtMs: NOW_MS + 4_000,
        place: 2,
      },
    ]);
    const { jobs, nextEntryId, deadLetters } = again.writer.kept(NOW_MS);
    expect(jobs).toEqual([
      {
        ...job('one'),
        entryId: 1,
        clientId: 'a',
        exchange: 'mock',
        digest: entry.digest,
        state: 'waiting',
        attempt: null,
      },
      expect.objectContaining({ ...token, entryId: 2, state: 'waiting', attempt: attempt(503) }),
    ]);
    expect([nextEntryId, deadLetters]).toEqual([3, { count: 0, bytes: 0 }]);
  });

  it('writer - the answer to a job is kept until the job expires, that to a dead letter for good', () => {
    const opened = openWriter();
    commit(opened.writer, ...[1, 2, 3].map((id) => sealed(id, { job: id === 3 ? null : job(`${id}`) })));
    commit(opened.writer, delivered(1), dead(2), delivered(3));
    const responses = () => opened.database.prepare('SELECT id, response FROM responses').all();
    expect(
      opened.writer.kept(NOW_MS).jobs.map(({ state, attempt: last }) => [state, last?.response]),
    ).toEqual([
      ['delivered', '{"ok":true}'],
      ['dead', 'no'],
    ]);
    expect(responses()).toEqual([
      { id: 1, response: '{"ok":true}' },
      { id: 2, response: 'no' },
    ]);
    for (const id of ['1', '2']) commit(opened.writer, { type: 'jobExpired', jobHash: job(id).jobHash });
    expect(responses()).toEqual([{ id: 2, response: 'no' }]);
    expect(opened.writer.kept(NOW_MS)).toMatchObject({ jobs: [], deadLetters: { count: 1, bytes: 10 } });
  });

  it('writer - a job that expired while the program was away is forgotten, and its summary still waits', () => {
    const opened = openWriter();
    commit(opened.writer, sealed(1, { job: job('one', { expiresAtMs: NOW_MS + 10 }) }));
    expect(opened.writer.kept(NOW_MS + 10).jobs).toHaveLength(1);
    expect(opened.writer.kept(NOW_MS + 11).jobs).toEqual([]);
    expect(waitingOf(opened)).toHaveLength(1);
  });

  it('writer - a replayed dead letter is delivered after all that its client sealed meanwhile', () => {
    const opened = openWriter();
    commit(opened.writer, sealed(1), sealed(2), dead(1), sealed(3), replayed(1), sealed(4), replayed(2));
    expect(waitingOf(opened).map(({ id }) => id)).toEqual([2, 3, 1, 4]);
    expect(opened.writer.kept(NOW_MS).deadLetters.count).toBe(0);
  });

  it('writer - ids are never used again, also after all entries are gone', () => {
    const opened = openWriter(undefined, { retentionMs: 1 });
    commit(opened.writer, sealed(7), delivered(7));
    while (!opened.writer.pruneStep(NOW_MS + 1_000_000));
    expect(opened.database.prepare('SELECT count(*) FROM outbox_rows').pluck().get()).toBe(0);
    opened.database.close();
    expect(openWriter(opened.path).writer.kept(NOW_MS).nextEntryId).toBe(8);
  });

  it('writer - an entry that comes twice is stored once, and the id of another one is refused', () => {
    const opened = openWriter();
    commit(opened.writer, sealed(1), sealed(1));
    expect(() => commit(opened.writer, sealed(1, { body: 'another' }))).toThrow(/the id of another/);
    expect(waitingOf(opened)).toHaveLength(1);
  });

  it('writer - the key that began to sign last is the only one that is not retired, whatever the clock said', () => {
    const { writer } = openWriter();
    commit(writer, keyUsed('old'), keyUsed('new', NOW_MS - 5));
    const keys = () => writer.kept(NOW_MS).keys.map(({ key, isRetired }) => [key.kid, isRetired]);
    expect(keys()).toEqual([
      ['kid-old', true],
      ['kid-new', false],
    ]);
    commit(writer, keyUsed('old', NOW_MS + 9));
    expect(keys()).toEqual([
      ['kid-new', true],
      ['kid-old', false],
    ]);
    expect(writer.kept(NOW_MS).keys[1]).toMatchObject({ firstUsedAtMs: NOW_MS, lastUsedAtMs: NOW_MS + 9 });
  });

  it('writer - a commit that fails in the middle changes nothing', () => {
    const opened = openWriter();
    commit(opened.writer, sealed(1));
    const bad = sealed(3, { entry: { trades: null as unknown as number } });
    expect(() => commit(opened.writer, sealed(2), delivered(1), bad)).toThrow(/NOT NULL/);
    expect(waitingOf(opened).map(({ id, place }) => [id, place])).toEqual([[1, 1]]);
    commit(opened.writer, sealed(4));
    expect(waitingOf(opened).map(({ id, place }) => [id, place])).toEqual([
      [1, 1],
      [4, 2],
    ]);
  });
});
