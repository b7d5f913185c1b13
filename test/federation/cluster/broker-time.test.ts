import { describe, expect, it } from 'vitest';
import { BrokerTime } from '../../../src/federation/cluster/broker-time.ts';
import type { StoredRecord } from '../../../src/io/record-stream.ts';
import { ManualTime } from '../../support/manual-time.ts';

/** Brokers whose clock is ahead of this machine's, with a lease that is renewed every 750 ms unless it is left alone. */
async function world(aheadMs: number) {
  const time = new ManualTime();
  const state = { aheadMs, isRenewed: true, isSilent: false, reads: 0 };
  let record: StoredRecord = { seq: 1, text: '', atMs: 0 };
  time.every(750, () => {
    if (state.isRenewed) record = { seq: record.seq + 1, text: '', atMs: time.nowMs() + state.aheadMs };
  });
  const brokerTime = new BrokerTime({
    records: () => ({
      read: () => {
        state.reads++;
        return state.isSilent ? Promise.reject(new Error('timeout')) : Promise.resolve(record);
      },
      write: () => Promise.reject(new Error('it writes nothing')),
    }),
    clock: time,
    timers: time,
  });
  const pass = (ms: number) =>
    time.advance(ms, async () => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    });
  await brokerTime.start();
  return { time, state, brokerTime, pass };
}

describe('time of the brokers', () => {
  it.each([
    [0, null],
    [1_500, null],
    [-1_900, null],
    [300_000, /300 s behind the one of the brokers/],
    [-60_000, /60 s ahead of the one of the brokers/],
  ])('time of the brokers - %i ms ahead of this machine', async (aheadMs, warning) => {
    const { brokerTime, pass, time } = await world(aheadMs);
    await pass(1_500);
    const difference = brokerTime.nowMs() - time.nowMs();
    if (warning === null) {
      expect([difference, brokerTime.warning]).toEqual([0, null]);
    } else {
      expect(Math.abs(difference - aheadMs)).toBeLessThanOrEqual(200);
      expect(brokerTime.warning).toMatch(warning);
    }
    await brokerTime.stop();
  });

  it('time of the brokers - a lease that nobody renews says nothing, and a clock that was set is noticed', async () => {
    const { brokerTime, pass, state, time } = await world(120_000);
    state.isRenewed = false;
    await pass(30_000);
    expect(brokerTime.warning).toBeNull();
    state.isRenewed = true;
    await pass(5_000);
    expect(brokerTime.warning).toMatch(/120 s behind/);
    state.isSilent = true;
    await pass(120_000);
    expect(brokerTime.warning).toMatch(/120 s behind/);
    state.isSilent = false;
    state.aheadMs = 0;
    await pass(61_000);
    expect([brokerTime.warning, brokerTime.nowMs() - time.nowMs()]).toEqual([null, 0]);
    const { reads } = state;
    await brokerTime.stop();
    await pass(600_000);
    expect(state.reads).toBe(reads);
  });
});
