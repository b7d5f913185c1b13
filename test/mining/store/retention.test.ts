import { describe, expect, it } from 'vitest';
import { Retention } from '../../../src/mining/store/retention.ts';
import { account, commit, information, NOW_MS, openWriter, submitted } from './facts.ts';

const DAY_MS = 86_400_000;

/** Submissions of one account at one machine, one a day, the newest now. */
function days(writer: ReturnType<typeof openWriter>['writer'], count: number): void {
  for (let day = count - 1; day >= 0; day--) {
    const block = { blockHash: `day${day}`, height: BigInt(1000 - day), atMs: NOW_MS - day * DAY_MS };
    const told = information(block.height, { blockHash: block.blockHash });
    commit(writer, { ...told, atMs: block.atMs } as typeof told, submitted(5n, 'held', block));
  }
}

const count = (database: ReturnType<typeof openWriter>['database'], table: string) =>
  database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

describe('retention', () => {
  it('retention - deletes what is older than the setting, in steps, and counts of accounts and machines stay', () => {
    const { database, writer, path } = openWriter(undefined, { retentionMs: 3 * DAY_MS });
    commit(
      writer,
      submitted(5n, 'held', {
        accountId: account(2),
        machineId: 'old',
        atMs: NOW_MS - 9 * DAY_MS,
        blockHash: 'first',
      }),
    );
    days(writer, 8);
    writer.sample(NOW_MS - 8 * DAY_MS);
    writer.sample(NOW_MS);
    const gone: number[] = [];
    let steps = 1;
    while (!writer.pruneStep(NOW_MS, gone)) steps++;
    expect(steps).toBeGreaterThan(3);
    expect([
      count(database, 'submissions'),
      count(database, 'blocks'),
      count(database, 'outcome_hours'),
    ]).toEqual([4, 4, 4]);
    expect([count(database, 'pairs'), count(database, 'capacity_samples'), gone]).toEqual([1, 1, []]);
    const again = openWriter(path).writer.statistics.snapshot(NOW_MS);
    expect([again.uniqueMiners, again.uniqueMachines]).toEqual([2, 2]);
    // The deleted pair comes back under a new number.
    commit(writer, submitted(5n, 'held', { accountId: account(2), machineId: 'old' }));
    expect(count(database, 'submissions')).toBe(5);
    expect(writer.statistics.snapshot(NOW_MS).uniqueMiners).toBe(2);
  });

  it('retention - 0 days keep everything', () => {
    const { database, writer } = openWriter();
    days(writer, 8);
    expect(writer.pruneStep(NOW_MS + 1000 * DAY_MS, [])).toBe(true);
    expect(count(database, 'submissions')).toBe(8);
  });

  it('retention - beyond their bound accounts and machines without submissions are deleted, and still counted', () => {
    const { database, writer, path } = openWriter();
    for (let digit = 1; digit <= 5; digit++)
      commit(
        writer,
        submitted(5n, 'held', {
          accountId: account(digit),
          machineId: `m${digit}`,
          atMs: NOW_MS - 9 * DAY_MS,
        }),
      );
    commit(writer, submitted(5n, 'held', { blockHash: 'new' }));
    const retention = new Retention(database, DAY_MS, 3);
    const gone: number[] = [];
    for (let isOver = false; !isOver; ) {
      const step = retention.step(NOW_MS);
      gone.push(...step.machines);
      isOver = step.isOver;
    }
    expect([count(database, 'accounts'), count(database, 'machines')]).toEqual([3, 3]);
    expect(gone).toHaveLength(3);
    const { uniqueMiners, uniqueMachines } = openWriter(path).writer.statistics.snapshot(NOW_MS);
    expect([uniqueMiners, uniqueMachines]).toEqual([5, 6]);
  });
});
