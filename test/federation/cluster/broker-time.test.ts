import { describe, expect, it } from 'vitest';
import { BrokerTime } from '../../../src/federation/cluster/broker-time.ts';
import { ManualTime } from '../../support/manual-time.ts';

function world() {
  const time = new ManualTime();
  const brokerTime = new BrokerTime(time);
  /** A record is written, which takes some time, by brokers whose clock is ahead of this machine's. */
  const write = (aheadMs: number, tookMs = 20) => {
    const sentMs = time.nowMs();
    time.jump(tookMs);
    brokerTime.compare(sentMs, sentMs + tookMs / 2 + aheadMs);
  };
  return { time, brokerTime, write };
}

describe('time of the brokers', () => {
  it.each([
    [0, null],
    [1_500, null],
    [-1_900, null],
    [300_000, "The clock of this machine is 300 s behind the brokers': set it."],
    [-60_000, "The clock of this machine is 60 s ahead of the brokers': set it."],
  ])('time of the brokers - %i ms ahead of this machine', (aheadMs, warning) => {
    const { brokerTime, time, write } = world();
    write(aheadMs);
    expect(brokerTime.warning).toBe(warning);
    const difference = brokerTime.nowMs() - time.nowMs();
    if (warning === null) expect(difference).toBe(0);
    else expect(Math.abs(difference - aheadMs)).toBeLessThanOrEqual(10);
  });

  it('time of the brokers - a slow answer says nothing, and a clock that was set is noticed', () => {
    const { brokerTime, write } = world();
    write(120_000, 2_001);
    expect(brokerTime.warning).toBeNull();
    write(120_000);
    expect(brokerTime.warning).not.toBeNull();
    write(0, 2_001);
    expect(brokerTime.warning).not.toBeNull();
    write(0);
    expect(brokerTime.warning).toBeNull();
  });

  it('time of the brokers - a clock that is set back while the broker answers does not count', () => {
    const { brokerTime, time } = world();
    brokerTime.compare(time.nowMs() + 60_000, time.nowMs());
    expect(brokerTime.warning).toBeNull();
  });
});
