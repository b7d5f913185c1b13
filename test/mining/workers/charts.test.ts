import { describe, expect, it } from 'vitest';
import { readCapacity, readRounds, readVerdicts } from '../../../src/mining/workers/charts.ts';
import { readNodesToResume } from '../../../src/mining/workers/resume.ts';
import { account, commit, information, judged, NOW_MS, openWriter, submitted } from '../store/facts.ts';

const MINUTE_MS = 60_000;
const SPAN = { fromMs: NOW_MS, toMs: NOW_MS + 60 * MINUTE_MS, points: 400 };
const iso = (minutes: number) => new Date(NOW_MS + minutes * MINUTE_MS).toISOString();

describe('the questions of the pool', () => {
  it('rounds - every block of the span with its best, and none outside it', () => {
    const { database, writer } = openWriter();
    for (const minutes of [-1, 0, 2, 4, 60]) {
      const height = BigInt(1000 + minutes);
      const block = { blockHash: `hash${minutes}`, height, atMs: NOW_MS + minutes * MINUTE_MS };
      commit(writer, { ...information(height, block), atMs: block.atMs } as ReturnType<typeof information>);
      if (minutes === 2) continue;
      commit(writer, submitted(500n, 'held', block), submitted(90n, 'held', { ...block, machineId: 'n' }));
    }
    expect(readRounds(database, SPAN)).toEqual({
      at: [iso(0), iso(2), iso(4)],
      heights: ['1000', '1002', '1004'],
      bestPocTimes: [9, null, 9],
      submissions: [2, 0, 2],
      gaps: [],
    });
    const few = readRounds(database, { ...SPAN, points: 2 });
    expect([few.heights, few.bestPocTimes]).toEqual([
      ['1000', '1004'],
      [9, 9],
    ]);
  });

  it('capacity - samples every five minutes, and the gap of a time without any', () => {
    const { database, writer } = openWriter();
    commit(writer, information(1000n), submitted(2n ** 42n, 'held'));
    for (const minutes of [0, 1, 5, 10, 40, 45]) writer.sample(NOW_MS + minutes * MINUTE_MS);
    expect(readCapacity(database, SPAN)).toEqual({
      at: [iso(0), iso(5), iso(10), iso(40), iso(45)],
      capacityTib: [1, 1, 1, 1, 1],
      gaps: [{ from: iso(10), to: iso(40) }],
    });
    expect(readCapacity(database, { ...SPAN, points: 2 })).toMatchObject({
      at: [iso(10), iso(45)],
      gaps: [{ from: iso(10), to: iso(45) }],
    });
  });

  it('capacity - the newest sample follows the capacity, at once after there was none', () => {
    const { database, writer } = openWriter();
    writer.sample(NOW_MS);
    commit(writer, information(1000n), submitted(2n ** 42n, 'held'));
    writer.sample(NOW_MS + 4_000);
    expect(readCapacity(database, SPAN)).toMatchObject({ at: [iso(0)], capacityTib: [0] });
    writer.sample(NOW_MS + 5_000);
    expect(readCapacity(database, SPAN)).toMatchObject({ at: [iso(0)], capacityTib: [1] });
  });

  it('capacity - after a clock that was ahead samples go on', () => {
    const { writer, database } = openWriter();
    for (const minutes of [600_000, 0]) writer.sample(NOW_MS + minutes * MINUTE_MS);
    expect(readCapacity(database, SPAN).at).toEqual([iso(0)]);
  });

  it('verdicts - those of every miner in the span, the busiest first', () => {
    const { database, writer } = openWriter();
    commit(writer, submitted(9n, 'checking'), judged(9n, 'waiting'), judged(9n, 'accepted'));
    commit(
      writer,
      submitted(8n, 'checking'),
      judged(8n, 'false'),
      submitted(7n, 'checking'),
      judged(7n, 'false'),
    );
    commit(writer, submitted(8n, 'held', { machineId: 'n', accountId: account(2) }));
    commit(writer, submitted(6n, 'held', { atMs: NOW_MS + 120 * MINUTE_MS }));
    expect(readVerdicts(database, SPAN.fromMs, SPAN.toMs, 10)).toEqual([
      { machineId: 'm', accountId: account(1), counts: { accepted: 1, false: 2 } },
      { machineId: 'n', accountId: account(2), counts: { held: 1 } },
    ]);
    expect(readVerdicts(database, SPAN.fromMs, SPAN.toMs, 1)).toHaveLength(1);
  });

  it('machines to resume - by number, page by page, with what they were last heard at', () => {
    const { database, writer } = openWriter();
    for (const [index, machineId] of ['a', 'b', 'c'].entries())
      writer.commit([{ facts: [submitted(1n, 'held', { machineId })], observedMs: index * 10 }], false);
    const ask = (afterNumber: number) =>
      readNodesToResume(database, { afterNumber, heardSinceObservedMs: 10, limit: 1 }).map(
        ({ nodeId }) => nodeId,
      );
    expect([ask(0), ask(2), ask(3)]).toEqual([['b'], ['c'], []]);
  });
});
