import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import { MACHINE_LIFE } from '../../../src/mining/domain/machine-life.ts';
import { NO_STATISTICS } from '../../../src/mining/domain/statistics.ts';
import { statsDocument } from '../../../src/mining/domain/stats-document.ts';

const START_MS = Date.UTC(2026, 0, 15);

/** What `/stats` says of a machine that was last heard at the start. */
function shownAfter(silenceMs: number) {
  const machines = [{ machineId: 'rig@10.0.0.7', seenAtMs: START_MS }];
  const document = statsDocument(
    { ...NO_STATISTICS, machines, accounts: [], pairs: [] },
    {
      nowMs: START_MS + silenceMs,
      uptimeSecs: 1,
      blockTimeSecs: 120,
      information: null,
      upstreams: [],
    },
  );
  return document.machines.map(({ isActive }) => (isActive ? 'active' : 'inactive')).join();
}

describe('machine life', () => {
  it('machine life - S23: one that stops is stale after 60 s, offline after 300 s, listed for 24 h, then gone', () => {
    const moves: string[] = [];
    const supervisor = new Supervisor(MACHINE_LIFE, {
      facts: (facts) => moves.push(...facts.map(({ from, to }) => `${from ?? 'new'} > ${to}`)),
      failed: () => moves.push('failed'),
    });
    const after = (silenceMs: number) => {
      supervisor.sweep({ nowMs: START_MS + silenceMs, observedMs: silenceMs });
      return [moves.splice(0).join(), supervisor.counts, shownAfter(silenceMs)];
    };
    const sign = { number: 1, nodeId: 'rig@10.0.0.7', lifeAtMs: START_MS, leftAtMs: 0, heardObservedMs: 0 };
    supervisor.heard([{ ...sign, state: null }], { nowMs: START_MS, observedMs: 0 });
    const online = { online: 1, stale: 0, offline: 0 };
    const stale = { online: 0, stale: 1, offline: 0 };
    const offline = { online: 0, stale: 0, offline: 1 };
    expect(after(59_999)).toEqual(['new > online', online, 'active']);
    expect(after(60_000)).toEqual(['online > stale', stale, 'active']);
    expect(after(299_999)).toEqual(['', stale, 'active']);
    expect(after(300_000)).toEqual(['stale > offline', offline, 'inactive']);
    expect(after(86_399_999)).toEqual(['', offline, 'inactive']);
    expect(after(86_400_000)).toEqual(['', { online: 0, stale: 0, offline: 0 }, '']);
  });
});
