// What the job desk knows again after a restart.

import { describe, expect, it } from 'vitest';
import type { StoredJob } from '../../../src/trades/domain/stored-job.ts';
import { call, delivered, flush, jobDeskBench, refused, tradeOf, TTL_MS } from './job-desk-bench.ts';

/** A desk that sealed one job and was ended; what the database has of the job, with some members changed. */
async function sealedBefore(change: Partial<StoredJob> = {}, hasTokens = false) {
  const { desk, open, stored, entries } = jobDeskBench({ hasTokens, firstEntryId: 41 });
  const { jobId, token } = desk.open({ clientId: 'client', exchange: 'mock' });
  const door = desk.enter(jobId, token);
  if (typeof door === 'string') throw new Error(door);
  door.take(tradeOf());
  door.take(tradeOf());
  const collecting = open().jobId;
  void desk.process(jobId);
  await flush();
  const jobs = stored().map((job) => ({ ...job, ...change }));
  return { jobId, token, collecting, jobs, digest: entries[0]?.digest ?? '' };
}

describe('job desk after a restart', () => {
  it('restart - a summary that waits is delivered, and the job is completed', async () => {
    const before = await sealedBefore();
    const { desk } = jobDeskBench({ stored: before.jobs, firstEntryId: 42 });
    expect(desk.view(before.jobId)).toEqual({ status: 'processing', trades: 2, result: null });
    expect(desk.rows(9)).toMatchObject([{ clientId: 'client', trades: 2, digest: before.digest }]);
    const waiting = call(desk, before.jobId);
    await flush();
    expect(waiting.outcome).toBeNull();
    desk.settled(41, { type: 'delivered', attempt: delivered() });
    await flush();
    expect(waiting.outcome).toEqual({
      type: 'delivered',
      result: {
        digest: before.digest,
        backend_response: { ok: true },
        buckets_count: 1,
        trades_processed: 2,
      },
    });
  });

  it('restart - a delivered job answers as before, whatever the backend answered', async () => {
    for (const [response, shown] of [
      ['{"ok":true,"digest":"x"}', { ok: true, digest: 'x' }],
      ['thank you', 'thank you'],
      ['', ''],
      ['7', 7],
      [`${'['.repeat(60)}1${']'.repeat(60)}`, JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`)],
      ['['.repeat(20_000), '['.repeat(20_000)],
      [`${'['.repeat(9_000)}${']'.repeat(9_000)}`, `${'['.repeat(9_000)}${']'.repeat(9_000)}`],
    ] as const) {
      const before = await sealedBefore({ state: 'delivered', attempt: delivered(response) });
      const { desk } = jobDeskBench({ stored: before.jobs });
      const result = {
        digest: before.digest,
        backend_response: shown,
        buckets_count: 1,
        trades_processed: 2,
      };
      expect(desk.view(before.jobId)).toEqual({ status: 'completed', trades: 2, result });
      expect(await desk.process(before.jobId)).toEqual({ type: 'delivered', result });
      expect(desk.nodes).toEqual({ online: 1, stale: 0, offline: 0 });
    }
  });

  it('restart - a delivered job whose answer is lost is completed all the same', async () => {
    const before = await sealedBefore({ state: 'delivered', attempt: null });
    const { desk } = jobDeskBench({ stored: before.jobs });
    expect(await desk.process(before.jobId)).toMatchObject({
      type: 'delivered',
      result: { digest: before.digest },
    });
  });

  it('restart - a dead letter is failed, and may be replayed', async () => {
    const before = await sealedBefore({ state: 'dead', attempt: refused });
    const { desk } = jobDeskBench({ stored: before.jobs });
    expect(desk.view(before.jobId)?.status).toBe('failed');
    expect(desk.nodes).toEqual({ online: 0, stale: 1, offline: 0 });
    expect(await desk.process(before.jobId)).toEqual({
      type: 'undelivered',
      digest: before.digest,
      backendError: refused.reason,
    });
    desk.replayed(41);
    desk.settled(41, { type: 'delivered', attempt: delivered() });
    expect(desk.view(before.jobId)?.status).toBe('completed');
  });

  it('restart - a failed attempt before it shows as the reason, and as a stale node', async () => {
    const attempt = { status: 503, reason: 'HTTP status 503', response: '' };
    const before = await sealedBefore({ attempt });
    const { desk, pass } = jobDeskBench({ stored: before.jobs });
    expect(desk.nodes).toEqual({ online: 0, stale: 1, offline: 0 });
    const late = call(desk, before.jobId);
    await pass(30_000);
    expect(late.outcome).toMatchObject({ backendError: 'HTTP status 503' });
  });

  it('restart - a token still guards its job, and trades come too late', async () => {
    const before = await sealedBefore({}, true);
    const { desk } = jobDeskBench({ stored: before.jobs });
    expect(desk.mayUse(before.jobId, null)).toBe('unauthenticated');
    expect(desk.mayUse(before.jobId, before.token)).toBe('yes');
    const door = desk.enter(before.jobId, before.token);
    expect(typeof door === 'string' ? door : door.take(tradeOf())).toBe('not_collecting');
  });

  it('restart - a job that was collecting is unknown', async () => {
    const before = await sealedBefore();
    const { desk } = jobDeskBench({ stored: before.jobs });
    expect(desk.view(before.collecting)).toBeNull();
  });

  it('restart - an expired job is unknown, and its row is forgotten', async () => {
    const before = await sealedBefore();
    const late = before.jobs.map((job) => ({ ...job, expiresAtMs: job.createdAtMs - 1 }));
    const { desk, facts } = jobDeskBench({ stored: late });
    expect(desk.process(before.jobId)).toBe('unknown');
    expect(facts).toEqual([{ type: 'jobExpired', jobHash: before.jobs[0]?.jobHash }]);
  });

  it('restart - a clock that was set back makes no job live longer than JOB_TTL_MS', async () => {
    const before = await sealedBefore();
    const early = before.jobs.map((job) => ({ ...job, expiresAtMs: job.expiresAtMs + 86_400_000 }));
    const { desk, pass } = jobDeskBench({ stored: early });
    await pass(TTL_MS - 1);
    expect(desk.view(before.jobId)).not.toBeNull();
    await pass(1);
    expect(desk.view(before.jobId)).toBeNull();
  });

  it('restart - more jobs than MAX_JOBS stay, and no new one is opened', async () => {
    const before = await sealedBefore();
    const another = before.jobs.map((job) => ({ ...job, jobHash: '0'.repeat(64), entryId: 99 }));
    const { desk, open } = jobDeskBench({ stored: [...before.jobs, ...another], jobsMax: 1 });
    expect(desk.counts.byStatus.processing).toBe(2);
    expect(() => open()).toThrow('MAX_JOBS');
  });
});
