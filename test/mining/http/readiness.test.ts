import { describe, expect, it } from 'vitest';
import type { MiningView } from '../../../src/mining/domain/view.ts';
import { judgeReadiness } from '../../../src/mining/http/readiness.ts';
import { UPSTREAM, VIEW } from './view.ts';

const judge = (view: Partial<MiningView>) => judgeReadiness({ ...VIEW, ...view });
const aged = (...ages: readonly (number | null)[]) => ({
  upstreams: ages.map((informationAgeMs, index) => ({ ...UPSTREAM, name: `u${index}`, informationAgeMs })),
});

describe('mining readiness', () => {
  it('is ready when every component works', () => {
    expect(judge({})).toEqual({
      status: 'ready',
      components: {
        database: { ok: true },
        workers: { ok: true },
        upstream: { ok: true },
        process: { ok: true },
      },
    });
  });

  it.each<[string, Partial<MiningView>, string, RegExp]>([
    [
      'the database',
      { store: { ...VIEW.store, problem: 'the disk is full' } },
      'database',
      /^the disk is full$/,
    ],
    ['the pool', { pool: { isUp: false, waitingQuestions: 0 } }, 'workers', /thread that answers questions/],
    ['a proof worker', { proofs: { ...VIEW.proofs, workers: 0 } }, 'workers', /thread that checks proofs/],
    ['a first information', aged(null, null), 'upstream', /since the start, 90 s ago$/],
    ['a new information', aged(null, 30_000, 31_500), 'upstream', /information for 30 s$/],
    [
      'a descriptor',
      { descriptors: { problem: 'no file descriptor', seconds: 1, limit: 9 } },
      'process',
      /^no file descriptor$/,
    ],
  ])('is not ready without %s, and gives the reason', (_name, view, broken, reason) => {
    const { status, components } = judge(view);
    expect(status).toBe('not_ready');
    const notOk = Object.entries(components).filter(([, { ok }]) => !ok);
    expect(notOk.map(([name]) => name)).toEqual([broken]);
    expect(notOk[0]?.[1].reason).toMatch(reason);
  });

  it.each<[string, Partial<MiningView>]>([
    ['one upstream gives informations', aged(null, 29_999, 60_000)],
    ['proofs are not checked', { proofs: { ...VIEW.proofs, workers: 0, isOff: true } }],
  ])('is ready while %s', (_name, view) => {
    expect(judge(view).status).toBe('ready');
  });

  it.each<[string, Partial<MiningView>, 'upstream' | 'process', RegExp]>([
    [
      'an upstream needs its operator',
      { upstreams: [{ ...UPSTREAM, alarms: ['<b>password</b>'] }] },
      'upstream',
      /^an operator must look after the upstream "primary-pool": the dashboard says why$/,
    ],
    [
      'connections are near the limit of open files',
      { door: { ...VIEW.door, connections: 922 } },
      'process',
      /922 connections, and the limit of open files is 1024: raise it/,
    ],
    [
      'the log is not whole',
      { logLoss: { lines: 3, problem: 'ENOSPC' } },
      'process',
      /^the log is not whole: it cannot be written \(ENOSPC\), 3 lines were dropped$/,
    ],
  ])('is ready with a warning while %s', (_name, view, component, reason) => {
    const { status, components } = judge(view);
    expect(status).toBe('ready');
    expect(components[component]).toEqual({ ok: true, reason: expect.stringMatching(reason) });
  });
});
