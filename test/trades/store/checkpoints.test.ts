import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../src/trades/domain/facts.ts';
import { readCheckpoints, readSeals } from '../../../src/trades/workers/checkpoint-pages.ts';
import { checkpoint, commit, delivered, NOW_MS, openWriter, polled, sealed } from './facts.ts';

type Opened = ReturnType<typeof openWriter>;

const report = ({ writer }: Opened, ...facts: readonly Fact[]) =>
  writer.commit([{ facts, toldAtMs: NOW_MS }], false);
const stored = ({ database }: Opened, accountId: string) => readCheckpoints(database, { accountId })[0];
const idsOf = ({ writer }: Opened) => [...writer.waitingPages()].flat().map(({ id }) => id);
const NOTHING = { repeated: [], refusedCheckpoints: 0 };

describe('checkpoints', () => {
  it('checkpoints - a summary and its checkpoint are stored together, or not at all', () => {
    const opened = openWriter();
    expect(report(opened, polled(1, 'a', 1, { checkpoint: checkpoint('a', 1, 4) }))).toEqual(NOTHING);
    const bad = polled(2, 'a', 2, {
      checkpoint: { ...checkpoint('a', 2, 5), seq: null as unknown as number },
    });
    expect(() => report(opened, bad)).toThrow(/NOT NULL/);
    expect([idsOf(opened), stored(opened, 'a')?.turn]).toEqual([[1], 4]);
    opened.database.close();
    const again = openWriter(opened.path);
    expect([idsOf(again), stored(again, 'a')]).toEqual([
      [1],
      { accountId: 'a', seq: 1, turn: 4, sealed: checkpoint('a', 1, 4).sealed },
    ]);
    expect(again.writer.kept(NOW_MS).accounts).toBe(1);
  });

  it('checkpoints - a summary that its checkpoint has behind it already is stored once', () => {
    const opened = openWriter();
    const facts = [1, 2].map((seq) => polled(seq, 'a', seq, { checkpoint: checkpoint('a', seq, seq) }));
    report(opened, ...facts);
    // The enclave heard no answer, and sends both again.
    const again = [1, 2].map((seq) => polled(seq + 10, 'a', seq, { checkpoint: checkpoint('a', seq, seq) }));
    expect(report(opened, ...again)).toEqual({ repeated: [11, 12], refusedCheckpoints: 0 });
    expect(report(opened, polled(13, 'a', 3), polled(14, 'b', 1))).toEqual(NOTHING);
    expect(idsOf(opened)).toEqual([1, 2, 13, 14]);
    expect(opened.writer.kept(NOW_MS).nextEntryId).toBe(15);
  });

  it('checkpoints - a repetition is known by its checkpoint also when its entry is deleted', () => {
    const opened = openWriter(undefined, { retentionMs: 1_000 });
    report(opened, polled(1, 'a', 1, { checkpoint: checkpoint('a', 1, 1) }), delivered(1));
    while (!opened.writer.pruneStep(NOW_MS + 100_000));
    expect(opened.database.prepare('SELECT count(*) AS n FROM outbox_rows').get()).toEqual({ n: 0 });
    expect(stored(opened, 'a')?.turn).toBe(1);
    expect(report(opened, polled(2, 'a', 1)).repeated).toEqual([2]);
  });

  it('checkpoints - without one a repetition is known by its content', () => {
    const opened = openWriter();
    expect(report(opened, polled(1, 'a', 1), polled(2, 'a', 1))).toEqual({ ...NOTHING, repeated: [2] });
    // The same commit again, because nobody knew whether it reached the disk, is no repetition.
    expect(report(opened, polled(1, 'a', 1, { checkpoint: checkpoint('a', 1, 1) }))).toEqual(NOTHING);
    expect(report(opened, polled(1, 'a', 1, { checkpoint: checkpoint('a', 1, 1) }))).toEqual(NOTHING);
    expect(idsOf(opened)).toEqual([1]);
  });

  it('checkpoints - summaries of jobs are never repetitions', () => {
    const opened = openWriter();
    const one = sealed(1, { body: 'x', checkpoint: null });
    expect(report(opened, one, { ...one, entry: { ...one.entry, id: 2 } })).toEqual(NOTHING);
    expect(idsOf(opened)).toEqual([1, 2]);
  });

  it('checkpoints - an older one never replaces a newer one', () => {
    const opened = openWriter();
    const put = (seq: number, turn: number) =>
      commit(opened.writer, { type: 'checkpointed', checkpoint: checkpoint('a', seq, turn) });
    for (const [seq, turn, newest] of [
      [0, 1, 1],
      [0, 3, 3],
      [0, 2, 3],
      [0, 3, 3],
      [2, 4, 4],
      [1, 5, 4],
      [2, 6, 6],
    ] as const) {
      put(seq, turn);
      expect(stored(opened, 'a')?.turn).toBe(newest);
    }
    // A repetition can bring a newer one.
    report(opened, polled(1, 'a', 1, { checkpoint: checkpoint('a', 2, 7) }));
    expect([idsOf(opened), stored(opened, 'a')?.turn]).toEqual([[], 7]);
  });

  it('checkpoints - at the limit further accounts are refused and counted, and their summaries stored', () => {
    const opened = openWriter(undefined, { accountsMax: 2 });
    const fact = (id: number, account: string) =>
      polled(id, account, 1, { checkpoint: checkpoint(account, 1, 1) });
    expect(report(opened, fact(1, 'a'), fact(2, 'b'))).toEqual(NOTHING);
    expect(report(opened, fact(3, 'c'))).toEqual({ repeated: [], refusedCheckpoints: 1 });
    expect(report(opened, { type: 'checkpointed', checkpoint: checkpoint('a', 1, 2) })).toEqual(NOTHING);
    expect([idsOf(opened), stored(opened, 'c'), stored(opened, 'a')?.turn]).toEqual([
      [1, 2, 3],
      undefined,
      2,
    ]);
  });

  it('checkpoints - pages have all of one seal key, by account, and end at their bytes', () => {
    const opened = openWriter();
    const put = (accountId: string, sealId: string) =>
      commit(opened.writer, { type: 'checkpointed', checkpoint: { ...checkpoint(accountId, 0, 1), sealId } });
    for (let each = 0; each < 12; each++) put(`k${String(each).padStart(2, '0')}`, each < 10 ? 'one' : 'two');
    const pages: string[][] = [];
    for (let after: string | null = null; ; ) {
      const page: string[] = readCheckpoints(opened.database, { sealId: 'one', after }, 12).map(
        ({ accountId }) => accountId,
      );
      if (page.length === 0) break;
      pages.push(page);
      after = page.at(-1) ?? null;
    }
    expect(pages.map(({ length }) => length)).toEqual([4, 4, 2]);
    expect(pages.flat()).toEqual(Array.from({ length: 10 }, (_, each) => `k0${each}`));
    expect(readCheckpoints(opened.database, { sealId: 'one', after: null }, 1)).toHaveLength(1);
    expect(readSeals(opened.database)).toEqual([
      { sealId: 'one', accounts: 10 },
      { sealId: 'two', accounts: 2 },
    ]);
  });
});
