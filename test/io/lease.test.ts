// The rules of a lease, with records in memory and time that the test moves.

import { describe, expect, onTestFinished, test } from 'vitest';
import { Lease } from '../../src/io/lease.ts';
import { ManualTime } from '../support/manual-time.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const SUBJECT = 'tbcluster.lease.test';

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function world() {
  const time = new ManualTime();
  const records = new MemoryRecords(() => time.nowMs());
  /** Each process has its own way to the broker. */
  function claim(holder: string) {
    const told: boolean[] = [];
    const link = { isCut: false };
    const lease = new Lease(
      { subject: SUBJECT, holder },
      {
        records: () => ({
          read: (subject) => (link.isCut ? Promise.reject(new Error('timeout')) : records.read(subject)),
          write: (subject, text, seq) =>
            link.isCut ? Promise.reject(new Error('timeout')) : records.write(subject, text, seq),
        }),
        clock: time,
        timers: time,
        random: () => 0.5,
        changed: (isHeld) => void told.push(isHeld),
      },
    );
    onTestFinished(() => lease.stop());
    return { lease, told, link };
  }
  async function record(): Promise<unknown> {
    const stored = await records.read(SUBJECT);
    return stored === null ? null : JSON.parse(stored.text);
  }
  return { time, records, claim, record, pass: (ms: number) => time.advance(ms, settle) };
}

describe('Lease', () => {
  test('is taken at once where no record stands, and renewed every 750 ms', async () => {
    const { claim, record, pass } = world();
    const one = claim('one');
    await one.lease.start();
    await pass(10);
    expect(one.told).toEqual([true]);
    expect(await record()).toEqual({ holder: 'one', count: 1 });
    await pass(7_500);
    expect(await record()).toEqual({ holder: 'one', count: 11 });
    expect(one.lease.isHeld).toBe(true);
    expect(one.told).toEqual([true]);
  });

  test('has one holder of several claimants', async () => {
    const { claim, pass } = world();
    const claims = ['one', 'two', 'three'].map(claim);
    await Promise.all(claims.map(({ lease }) => lease.start()));
    await pass(20_000);
    expect(claims.map(({ told }) => told)).toEqual([[true], [], []]);
    expect(claims[1]?.lease.holder).toBe('one');
  });

  test('passes on after 3 s without a renewal, and the holder has given it up before', async () => {
    const { claim, time, pass } = world();
    const one = claim('one');
    const two = claim('two');
    await one.lease.start();
    await pass(10);
    await two.lease.start();
    await pass(10_000);
    one.link.isCut = true;
    const cutMs = time.monotonicMs();
    while (one.told.length < 2) await pass(10);
    const givenUpMs = time.monotonicMs() - cutMs;
    expect(two.told).toEqual([]);
    while (two.told.length === 0) await pass(10);
    const takenMs = time.monotonicMs() - cutMs;
    expect(givenUpMs).toBeGreaterThan(1_740);
    expect(givenUpMs).toBeLessThanOrEqual(2_510);
    expect(takenMs).toBeGreaterThan(givenUpMs);
    expect(takenMs).toBeLessThanOrEqual(3_600);
    one.link.isCut = false;
    await pass(10_000);
    expect([one.told, two.told]).toEqual([[true, false], [true]]);
  });

  test('passes on at the next look when its holder stops in order', async () => {
    const { claim, record, pass } = world();
    const one = claim('one');
    const two = claim('two');
    await one.lease.start();
    await pass(10);
    await two.lease.start();
    await pass(2_000);
    await one.lease.stop();
    expect(await record()).toMatchObject({ holder: null });
    expect(one.told).toEqual([true, false]);
    await pass(400);
    expect(two.told).toEqual([true]);
  });

  test('is lost at once when another wrote the record', async () => {
    const { claim, records, pass } = world();
    const one = claim('one');
    await one.lease.start();
    await pass(10);
    await records.write(SUBJECT, JSON.stringify({ holder: 'two', count: 1 }), null);
    await pass(760);
    expect(one.told).toEqual([true, false]);
  });

  test('stays held when the answer to a renewal is lost', async () => {
    const { claim, records, pass } = world();
    const one = claim('one');
    await one.lease.start();
    await pass(10);
    records.losesNextAnswer = true;
    await pass(10_000);
    expect(one.told).toEqual([true]);
    expect(one.lease.isHeld).toBe(true);
  });

  test('is taken when the answer to the taking is lost', async () => {
    const { claim, records, pass } = world();
    const one = claim('one');
    records.losesNextAnswer = true;
    await one.lease.start();
    await pass(500);
    expect(one.told).toEqual([true]);
  });

  test('is given up while no broker answers, and held again after', async () => {
    const { claim, records, pass } = world();
    const one = claim('one');
    await one.lease.start();
    await pass(10);
    records.isAway = true;
    await pass(60_000);
    expect(one.told).toEqual([true, false]);
    records.isAway = false;
    await pass(400);
    expect(one.told).toEqual([true, false, true]);
  });

  test('is held by one process again soon after its stream was made anew', async () => {
    const { claim, records, pass } = world();
    const claims = [claim('one'), claim('two')];
    for (const { lease } of claims) await lease.start();
    await pass(5_000);
    records.clear();
    await pass(1_500);
    expect(claims.filter(({ lease }) => lease.isHeld)).toHaveLength(1);
  });

  test.each(['rubbish', '[]', '{"holder":7,"count":"many"}'])(
    'counts the record %s as held until it has stood for 3 s',
    async (text) => {
      const { claim, records, pass } = world();
      await records.write(SUBJECT, text, null);
      const one = claim('one');
      await one.lease.start();
      await pass(2_900);
      expect(one.told).toEqual([]);
      await pass(200);
      expect(one.told).toEqual([true]);
    },
  );

  test('is not believed by a holder that was frozen for longer than it may be without a renewal', async () => {
    const { claim, time, pass } = world();
    const one = claim('one');
    await one.lease.start();
    await pass(10);
    expect(one.lease.isHeld).toBe(true);
    // The clock goes on, and no timer has run yet: the process has just been woken.
    const frozen = time.monotonicMs();
    time.jump(30_000);
    expect(time.monotonicMs() - frozen).toBe(30_000);
    expect(one.lease.isHeld).toBe(false);
  });
});
