// A set of upstreams for tests: real actors under a real supervisor, real sockets, and time that is moved by hand.

import { Supervisor } from '../../../src/actors/supervisor.ts';
import { UpstreamActor } from '../../../src/mining/actors/upstream-actor.ts';
import type { MiningInformation } from '../../../src/mining/domain/information.ts';
import type { UpstreamOptions } from '../../../src/mining/sinks/upstream-client.ts';
import { UpstreamSet, type UpstreamSetOptions } from '../../../src/mining/sinks/upstream-set.ts';
import { ManualTime } from '../../support/manual-time.ts';

export interface SetUp extends Partial<UpstreamSetOptions> {
  readonly isMinerActive?: boolean;
  readonly restored?: { readonly information: MiningInformation; readonly agoMs: number };
}

export const upstreamOf = (
  name: string,
  url: string,
  more: Partial<UpstreamOptions> = {},
): UpstreamOptions => ({ name, url, auth: { type: 'none' }, mode: 'pool', blockTimeSeconds: 120, ...more });

export function setOf(upstreams: readonly UpstreamOptions[], options: SetUp = {}) {
  const time = new ManualTime();
  const events: string[] = [];
  const refreshes: string[] = [];
  const supervisor = new Supervisor(
    { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 },
    { facts: () => undefined, failed: () => undefined },
  );
  const startMs = time.monotonicMs();
  const at = () => (time.monotonicMs() - startMs) / 1000;
  const activity = { isMinerActive: options.isMinerActive ?? true };
  const { restored } = options;
  const set = new UpstreamSet(
    upstreams,
    { ttlMs: 5_000, timeoutMs: 30_000, choose: 'order', ...options },
    {
      clock: time,
      timers: time,
      isMinerActive: () => activity.isMinerActive,
      judge: (name) => {
        const actor = new UpstreamActor(name, time.monotonicMs(), {
          failed: (outcome) => void events.push(outcome),
        });
        supervisor.takeIn(actor);
        return actor;
      },
      dismissed: (name) => supervisor.letGo(UpstreamActor.idOf(name)),
      restored: () =>
        restored === undefined
          ? null
          : { information: restored.information, atMs: time.nowMs() - restored.agoMs },
      informationChanged: (name, { height, blockHash }, isNewBlock, isActive) =>
        void events.push(
          `${name} ${height}:${blockHash}${isNewBlock ? ' new' : ''}${isActive ? ' active' : ''}`,
        ),
      stateChanged: (name, from, to, reason) => void events.push(`${name} ${from}>${to} ${reason ?? 'well'}`),
      operatorNeeded: (name, reason) => void events.push(`${name} operator ${reason}`),
      back: (name, wasAway) => void events.push(`${name} back${wasAway ? ' from away' : ''}`),
      refreshed: (name) => void refreshes.push(name),
      activeChanged: (from, to) => void events.push(`active ${from}>${to} at ${at().toFixed(0)}`),
    },
  );
  const underWay = () =>
    set.statuses
      .flatMap(({ requests }) => Object.values(requests).map((counts) => counts.underWay))
      .reduce((sum, count) => sum + count);
  /** Resolves when at most `hanging` requests are under way. */
  const settled = async (hanging = 0) => {
    const deadlineMs = performance.now() + 20_000;
    do {
      await new Promise((resolve) => setImmediate(resolve));
      if (performance.now() > deadlineMs) throw new Error(`${underWay()} requests do not end`);
    } while (underWay() > hanging);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    set,
    time,
    events,
    refreshes,
    activity,
    supervisor,
    /** Seconds since the start. */
    at,
    settled,
    /** Moves time on by some seconds, while at most `hanging` requests do not end. */
    pass: (seconds: number, hanging = 0) => time.advance(seconds * 1000, () => settled(hanging)),
    /** Takes the events so far. */
    told: () => events.splice(0),
  };
}
