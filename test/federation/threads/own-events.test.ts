// Which events the main thread notices, and when: with the clocks and the reports of a test.

import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../../src/federation/domain/api-keys.ts';
import type { ToldEvent } from '../../../src/federation/domain/events.ts';
import { NONE_MISSING, withFound } from '../../../src/federation/domain/missing.ts';
import type { LastRun } from '../../../src/federation/store/last-run.ts';
import type { IngestNews } from '../../../src/federation/threads/known.ts';
import {
  HOLD_MS,
  OwnEvents,
  type Present,
  START_MAX_MS,
} from '../../../src/federation/threads/own-events.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const READY: Present = { isReady: true, reason: '', isBrokerThere: true };
const AWAY: Present = { isReady: false, reason: 'broker: not connected to the broker', isBrokerThere: false };
const NONE: LastRun = { end: 'none', aliveMs: null, restoredMs: null };
const KEY: ApiKey = {
  keyId: '0123456789abcdef',
  keyHash: '',
  name: 'monitor 3',
  nodeId: null,
  permissions: ['publish'],
  ratePerMinute: 60,
  createdAtMs: 0,
  revokedAtMs: null,
  createdEventMs: 0,
  revokedEventMs: null,
};

class Trial {
  readonly told: ToldEvent[] = [];
  present = READY;
  #atMs = 0;
  #look = (): void => {};
  readonly events = new OwnEvents({
    clock: { nowMs: () => NOW_MS + this.#atMs, monotonicMs: () => this.#atMs },
    timers: {
      every: (_intervalMs, run) => {
        this.#look = run;
        return { cancel: () => (this.#look = () => {}) };
      },
      after: () => ({ cancel() {} }),
    },
    present: () => this.present,
    tell: (event) => this.told.push(event),
  });

  constructor(lastRun = NONE, keys: readonly ApiKey[] = [], missing = NONE_MISSING) {
    this.events.learn({
      type: 'opened',
      aggregatorId: '',
      identity: { salt: '', statisticsKey: { x: '', d: '' } },
      keys,
      missing,
      observedMs: 0,
      membership: null,
      hasRows: false,
      lastRun,
    });
    void this.events.start();
  }

  /** Lets the time pass, with a look each second. */
  pass(ms: number, present = this.present): void {
    this.present = present;
    for (const endMs = this.#atMs + ms; this.#atMs < endMs; this.#look()) this.#atMs += 1_000;
  }

  lost(total: number): void {
    const missing = { ...NONE_MISSING, lost: withFound(NONE_MISSING.lost, total, NOW_MS) };
    // Of a snapshot only the record of missing messages counts here.
    const snapshot: Partial<IngestNews> = { type: 'snapshot', missing };
    this.events.learn(snapshot as IngestNews);
  }

  /** The kinds told, without the start. */
  get kinds(): readonly string[] {
    return this.told.slice(1).map(({ kind }) => kind);
  }
}

describe('own events - the start', () => {
  it.each<[LastRun, readonly Partial<ToldEvent>[]]>([
    [NONE, [{ kind: 'started', detail: 'first', count: null }]],
    [
      { end: 'in_order', aliveMs: NOW_MS - 60_000, restoredMs: null },
      [{ kind: 'started', detail: 'in_order', count: 60_000 }],
    ],
    [
      { end: 'not_in_order', aliveMs: NOW_MS + 60_000, restoredMs: null },
      [{ kind: 'started', detail: 'not_in_order', count: 0 }],
    ],
    [{ end: 'unknown', aliveMs: null, restoredMs: null }, [{ kind: 'started', detail: null, count: null }]],
    [
      { end: 'unknown', aliveMs: null, restoredMs: NOW_MS - 5_000 },
      [
        { kind: 'restored', at: new Date(NOW_MS - 5_000).toISOString() },
        { kind: 'started', detail: null },
      ],
    ],
  ])('after %o', (lastRun, expected) => {
    expect(new Trial(lastRun).told).toMatchObject(expected);
  });
});

describe('own events - readiness and the broker', () => {
  it('are told when they have changed for as long as the hold, once each, and not of a blip', () => {
    const trial = new Trial();
    trial.pass(10_000);
    trial.pass(HOLD_MS - 1_000, AWAY);
    trial.pass(60_000, READY);
    expect(trial.kinds).toEqual([]);
    trial.pass(600_000, AWAY);
    expect(trial.kinds).toEqual(['broker_away', 'not_ready']);
    expect(trial.told[2]).toMatchObject({ detail: AWAY.reason, count: null });
    trial.pass(600_000, READY);
    expect(trial.kinds.slice(2)).toEqual(['broker_back', 'ready']);
  });

  it('are not told of a start, but of one that takes too long', () => {
    const trial = new Trial();
    trial.pass(START_MAX_MS - 1_000, AWAY);
    trial.pass(600_000, READY);
    expect(trial.kinds).toEqual([]);
    const stuck = new Trial();
    stuck.pass(START_MAX_MS + HOLD_MS, AWAY);
    expect(stuck.kinds).toEqual(['broker_away', 'not_ready']);
  });

  it('a long reason is cut', () => {
    const trial = new Trial();
    trial.pass(1_000, READY);
    trial.pass(20_000, { ...AWAY, isBrokerThere: null, reason: 'x'.repeat(10_000) });
    expect(trial.kinds).toEqual(['not_ready']);
    expect(trial.told[1]?.detail).toHaveLength(500);
  });
});

describe('own events - others', () => {
  it('missing messages are told at once, then once a minute with their sum, and at the end', () => {
    const trial = new Trial();
    trial.lost(3);
    trial.pass(10_000);
    trial.lost(5);
    trial.lost(9);
    expect(trial.told.slice(1)).toMatchObject([{ kind: 'lost', count: 3 }]);
    trial.pass(50_000);
    trial.lost(9);
    trial.lost(10);
    expect(trial.told.slice(2)).toMatchObject([{ kind: 'lost', count: 6 }]);
    trial.events.ended();
    expect(trial.told.slice(3)).toMatchObject([{ kind: 'lost', count: 1 }, { kind: 'stopped' }]);
  });

  it('what was missing before the start is no event', () => {
    const trial = new Trial(NONE, [], { ...NONE_MISSING, lost: withFound(NONE_MISSING.lost, 7, 1) });
    trial.lost(7);
    expect(trial.kinds).toEqual([]);
  });

  it('a key that is revoked is told once, and one that was revoked before never', () => {
    const trial = new Trial(NONE, [KEY, { ...KEY, keyId: 'f'.repeat(16), revokedAtMs: 1 }]);
    const revoked = { ...KEY, revokedAtMs: NOW_MS };
    for (const keys of [[KEY], [revoked], [revoked]]) trial.events.learn({ type: 'keys', keys });
    expect(trial.told.slice(1)).toMatchObject([
      { kind: 'key_revoked', detail: 'monitor 3 (0123456789abcdef)' },
    ]);
  });

  it('drift is told if it is another one than the last audit found', () => {
    const trial = new Trial();
    for (const drift of [0, 3, 3, 4, 0, 4]) trial.events.audited(drift);
    expect(trial.told.slice(1).map(({ count }) => count)).toEqual([3, 4, 4]);
  });

  it('a run that failed does not say that it stopped in order', () => {
    const trial = new Trial();
    trial.events.failed();
    trial.events.ended();
    expect(trial.kinds).toEqual([]);
  });
});
