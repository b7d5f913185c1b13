import { describe, expect, it } from 'vitest';
import type { IngestStatus } from '../../../src/federation/domain/accounting.ts';
import { listMissing, NONE_MISSING, withFound } from '../../../src/federation/domain/missing.ts';
import { judgeReadiness, type ReadinessInputs } from '../../../src/federation/http/readiness.ts';
import { CLUSTER } from './cluster.ts';

const well: IngestStatus = {
  mode: 'jetstream',
  connected: true,
  consuming: true,
  catchingUp: false,
  problem: null,
  reconnects: 0,
  pending: 0,
  lagMs: 0,
  refusals: 0,
  unreadAgeMs: 0,
  clockOffsetMs: 0,
  backlogBytes: 0,
  databaseProblem: null,
  diskFreeBytes: 50,
  diskSizeBytes: 100,
  databaseSizeBytes: 0,
};

const START = 1_000_000;
const INTERVAL = 30_000;

function judge(inputs: Partial<ReadinessInputs>) {
  return judgeReadiness({
    status: well,
    workersUp: true,
    readProblem: null,
    missing: [],
    lastTickAtMs: null,
    startedAtMs: START,
    caughtUpAtMs: null,
    publishIntervalMs: INTERVAL,
    publishProblem: null,
    joinProblem: null,
    nowMs: START,
    logLoss: { lines: 0, problem: null },
    descriptorProblem: null,
    cluster: null,
    ...inputs,
  });
}

describe('readiness - cluster', () => {
  it('has no such component for a process on its own', () => {
    expect(judge({}).components).not.toHaveProperty('cluster');
  });

  it('is not ready with a problem, and ready with a warning', () => {
    const problem = { ...CLUSTER, problem: 'the database of this replica differs' };
    expect(judge({ cluster: problem })).toMatchObject({
      status: 'not_ready',
      components: { cluster: { ok: false, reason: 'the database of this replica differs' } },
    });
    expect(judge({ cluster: { ...CLUSTER, warnings: ['One.', 'Two.'] } })).toMatchObject({
      status: 'ready',
      components: { cluster: { ok: true, reason: 'One. Two.' } },
    });
  });
});

describe('readiness - components', () => {
  it('is ready when every component works', () => {
    expect(judge({})).toEqual({
      status: 'ready',
      mode: 'jetstream',
      catchingUp: false,
      components: {
        database: { ok: true },
        broker: { ok: true },
        ingest: { ok: true },
        workers: { ok: true },
        tick: { ok: true },
        messages: { ok: true },
        process: { ok: true },
      },
    });
  });

  it.each<[string, Partial<ReadinessInputs>, string[], RegExp]>([
    ['no report', { status: null }, ['database', 'broker', 'ingest'], /not reported/],
    [
      'database',
      { status: { ...well, databaseProblem: 'the disk is full' } },
      ['database'],
      /the disk is full/,
    ],
    ['database that cannot be read', { readProblem: 'damaged' }, ['database'], /^damaged$/],
    ['broker', { status: { ...well, connected: false } }, ['broker'], /not connected/],
    ['ingest', { status: { ...well, consuming: false } }, ['ingest'], /not reading/],
    ['ingest, told why', { status: { ...well, consuming: false, problem: 'why' } }, ['ingest'], /^why$/],
    ['descriptors', { descriptorProblem: 'no file descriptor' }, ['process'], /^no file descriptor$/],
    ['workers', { workersUp: false }, ['workers'], /worker pool/],
    ['tick', { nowMs: START + 3 * INTERVAL }, ['tick'], /no statistics yet, 90 s/],
    ['statistics that are refused', { publishProblem: 'not published' }, ['tick'], /^not published$/],
  ])('is not ready with %s, and gives the reason', (_name, inputs, broken, reason) => {
    const { status, components } = judge(inputs);
    expect(status).toBe('not_ready');
    const notOk = Object.entries(components).filter(([, component]) => !component.ok);
    expect(notOk.map(([name]) => name)).toEqual(broken);
    for (const [, component] of notOk) expect(component.reason).toMatch(reason);
  });

  it('is ready with a warning while missing messages are not acknowledged', () => {
    const missing = listMissing({ ...NONE_MISSING, lost: withFound(NONE_MISSING.lost, 400, START) });
    const { status, components } = judge({ missing });
    expect(status).toBe('ready');
    expect(components.messages).toEqual({
      ok: true,
      reason: expect.stringMatching(/^400 messages lost, found at .*: \.\/aggregator status --acknowledge$/),
    });
  });

  it.each([
    ['ENOSPC', 'the log is not whole: it cannot be written (ENOSPC), 3 lines were dropped'],
    ['EAGAIN', 'the log is not whole: its reader is too slow, 3 lines were dropped'],
  ])('is ready while the log cannot be written (%s), with a warning', (problem, reason) => {
    const { status, components } = judge({ logLoss: { lines: 3, problem } });
    expect({ status, process: components.process }).toEqual({
      status: 'ready',
      process: { ok: true, reason },
    });
    expect(judge({ logLoss: { lines: 3, problem: null } }).components.process).toEqual({ ok: true });
  });

  it('is ready while no monitor can join, with a warning', () => {
    const { status, components } = judge({ joinProblem: 'no node can join' });
    expect(status).toBe('ready');
    expect(components.broker).toEqual({ ok: true, reason: 'no node can join' });
  });

  it('is ready while there is a problem with the stream, with a warning', () => {
    const { status, mode, components } = judge({
      status: { ...well, mode: 'core', problem: 'foreign stream' },
    });
    expect(status).toBe('ready');
    expect(mode).toBe('core');
    expect(components.ingest).toEqual({ ok: true, reason: 'foreign stream' });
  });
});

describe('readiness - tick', () => {
  const rows: readonly [string, Partial<ReadinessInputs>, boolean][] = [
    ['just before three intervals from the start', { nowMs: START + 3 * INTERVAL - 1 }, true],
    ['at three intervals from the start', { nowMs: START + 3 * INTERVAL }, false],
    ['counted from the last tick', { lastTickAtMs: START + INTERVAL, nowMs: START + 4 * INTERVAL - 1 }, true],
    [
      'at three intervals from the last tick',
      { lastTickAtMs: START + INTERVAL, nowMs: START + 4 * INTERVAL },
      false,
    ],
    [
      'counted from the end of catching up',
      { caughtUpAtMs: START + INTERVAL, nowMs: START + 4 * INTERVAL - 1 },
      true,
    ],
    ['at three intervals from it', { caughtUpAtMs: START + INTERVAL, nowMs: START + 4 * INTERVAL }, false],
    [
      'the latest of all counts',
      { caughtUpAtMs: START + 9 * INTERVAL, lastTickAtMs: START + INTERVAL, nowMs: START + 11 * INTERVAL },
      true,
    ],
    ['catching up for hours', { status: { ...well, catchingUp: true }, nowMs: START + 999 * INTERVAL }, true],
    ['a clock that was set back', { lastTickAtMs: START + 9 * INTERVAL, nowMs: START }, true],
  ];
  it.each(rows)('%s', (_name, inputs, ok) => {
    const readiness = judge(inputs);
    expect(readiness.components.tick.ok).toBe(ok);
    expect(readiness.status).toBe(ok ? 'ready' : 'not_ready');
  });

  it('shows catching up, which alone does not make it unready', () => {
    expect(judge({ status: { ...well, catchingUp: true } })).toMatchObject({
      status: 'ready',
      catchingUp: true,
    });
  });
});
