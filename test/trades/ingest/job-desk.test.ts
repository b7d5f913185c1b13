import { describe, expect, it } from 'vitest';
import { verifySummary } from '../../../src/trades/domain/verify-summary.ts';
import { call, delivered, flush, jobDeskBench, KEY, refused, tradeOf, TTL_MS } from './job-desk-bench.ts';

describe('job desk', () => {
  it('job desk - five trades go in, and a signed summary comes out once', async () => {
    const { desk, open, sealed, entries } = jobDeskBench({ firstEntryId: 7 });
    const { jobId, door } = open('test-client-1');
    expect(jobId).toMatch(/^[0-9a-f]{32}$/);
    const hour = Date.UTC(2025, 0, 1, 10);
    for (const [price, amount, atMs] of [
      ['100', '0.5', hour],
      ['101', '0.4', hour + 1],
      ['102', '0.3', hour + 2],
      ['103', '0.6', hour + 3_600_000],
      ['104', '0.7', hour + 3_600_001],
    ] as const) {
      expect(door.take(tradeOf({ price, amount, timestampMs: atMs }))).toBe('taken');
    }
    expect(desk.view(jobId)).toEqual({ status: 'collecting', trades: 5, result: null });
    const first = call(desk, jobId);
    const second = call(desk, jobId);
    await flush();
    expect(desk.view(jobId)).toEqual({ status: 'processing', trades: 5, result: null });
    expect(door.take(tradeOf())).toBe('not_collecting');
    const [fact] = sealed();
    if (fact === undefined) throw new Error('nothing is sealed');
    expect(fact.entry).toMatchObject({ id: 7, clientId: 'test-client-1', seq: null, trades: 5 });
    expect(fact.entry.bodyBytes).toBe(Buffer.byteLength(fact.body));
    expect(entries).toEqual([fact.entry]);
    expect(
      verifySummary(fact.body, new Map([[KEY.kid, { x: KEY.x, provenance: 'client_reported' }]])),
    ).toMatchObject({
      kind: 'ok',
      digest: fact.entry.digest,
    });
    desk.settled(7, { type: 'delivered', attempt: delivered() });
    await flush();
    const result = {
      digest: fact.entry.digest,
      backend_response: { ok: true },
      buckets_count: 2,
      trades_processed: 5,
    };
    expect(first.outcome).toEqual({ type: 'delivered', result });
    expect(second.outcome).toEqual(first.outcome);
    expect(await desk.process(jobId)).toEqual(first.outcome);
    expect(desk.view(jobId)).toEqual({ status: 'completed', trades: 5, result });
    expect(sealed()).toHaveLength(1);
  });

  it('job desk - a job without trades is legal: its period is the time of the call', async () => {
    const { desk, open, sealed, time } = jobDeskBench();
    const { jobId } = open();
    void desk.process(jobId);
    const askedAtMs = time.nowMs();
    await flush();
    expect(sealed()[0]).toMatchObject({
      entry: { trades: 0, periodStartMs: askedAtMs, periodEndMs: askedAtMs },
      buckets: [],
    });
  });

  it('job desk - a call waits 30 s over failed attempts, and the delivery goes on', async () => {
    const { desk, open, pass, sealed } = jobDeskBench();
    const { jobId } = open();
    const late = call(desk, jobId);
    await pass(10_000);
    desk.failing(1, { status: 503, reason: 'The backend answered 503.', response: 'their text' });
    await pass(19_999);
    expect(late.outcome).toBeNull();
    await pass(1);
    const digest = sealed()[0]?.entry.digest;
    expect(late.outcome).toEqual({
      type: 'undelivered',
      digest,
      backendError: 'The backend answered 503.',
    });
    expect(desk.view(jobId)?.status).toBe('processing');
    expect(desk.nodes).toEqual({ online: 0, stale: 1, offline: 0 });
    const next = call(desk, jobId);
    desk.settled(1, { type: 'delivered', attempt: delivered('plain') });
    await flush();
    expect(next.outcome).toMatchObject({ type: 'delivered', result: { digest, backend_response: 'plain' } });
    expect(desk.nodes).toEqual({ online: 1, stale: 0, offline: 0 });
  });

  it('job desk - without any answer the words are the desk’s own', async () => {
    const { desk, open, pass } = jobDeskBench();
    const late = call(desk, open().jobId);
    await pass(30_000);
    expect(late.outcome).toMatchObject({
      backendError: 'The backend has not answered yet; the summary is sent until it does.',
    });
  });

  it('job desk - a dead letter answers at once, fails the job, and may be replayed', async () => {
    const { desk, open } = jobDeskBench();
    const { jobId } = open();
    const first = call(desk, jobId);
    await flush();
    desk.settled(1, { type: 'dead', attempt: refused });
    await flush();
    expect(first.outcome).toMatchObject({ type: 'undelivered', backendError: refused.reason });
    expect(desk.view(jobId)).toEqual({ status: 'failed', trades: 0, result: null });
    expect(await desk.process(jobId)).toEqual(first.outcome);
    desk.replayed(1);
    expect(desk.view(jobId)?.status).toBe('processing');
    const second = call(desk, jobId);
    await flush();
    expect(second.outcome).toBeNull();
    desk.settled(1, { type: 'delivered', attempt: delivered() });
    await flush();
    expect(second.outcome).toMatchObject({ type: 'delivered' });
    expect(desk.view(jobId)?.status).toBe('completed');
    expect(desk.counts.transitions).toEqual({ online: 1, stale: 1, offline: 0 });
  });

  it('job desk - an id that nobody gave out is unknown', () => {
    const { desk, open } = jobDeskBench();
    const { jobId } = open();
    for (const id of ['', 'x'.repeat(32), jobId.toUpperCase(), `${jobId}0`, '0'.repeat(32)]) {
      expect(desk.view(id)).toBeNull();
      expect(desk.process(id)).toBe('unknown');
      expect(desk.enter(id, null)).toBe('unknown');
      expect(desk.mayUse(id, null)).toBe('unknown');
    }
  });

  it('job desk - with tokens a job is for those who have its token', async () => {
    const { desk, sealed } = jobDeskBench({ hasTokens: true });
    const one = desk.open({ clientId: 'a', exchange: 'mock' });
    const other = desk.open({ clientId: 'a', exchange: 'mock' });
    expect(one.token).toMatch(/^[0-9a-f]{64}$/);
    for (const token of [null, '', 'x', other.token]) {
      expect(desk.mayUse(one.jobId, token)).toBe('unauthenticated');
      expect(desk.enter(one.jobId, token)).toBe('unauthenticated');
    }
    expect(desk.mayUse(one.jobId, one.token)).toBe('yes');
    expect(typeof desk.enter(one.jobId, one.token)).toBe('object');
    void desk.process(one.jobId);
    await flush();
    const text = JSON.stringify([sealed(), desk.rows(10), desk.counts]);
    expect(text).not.toContain(one.jobId);
    expect(text).not.toContain(one.token);
  });

  it('job desk - an expired job is unknown, and its connections are told once', async () => {
    const { desk, open, pass, facts, time } = jobDeskBench();
    const { jobId, door } = open();
    let told = 0;
    door.onEnd(() => told++);
    door.onEnd(() => told++)();
    door.take(tradeOf());
    await pass(TTL_MS - 1);
    expect(desk.view(jobId)).not.toBeNull();
    expect(desk.counts.heldBytes).toBeGreaterThan(0);
    await pass(1);
    expect(desk.view(jobId)).toBeNull();
    expect(desk.process(jobId)).toBe('unknown');
    expect(door.take(tradeOf())).toBe('expired');
    expect(told).toBe(1);
    expect(desk.counts).toMatchObject({ expired: 1, heldBytes: 0, notTaken: { not_collecting: 1 } });
    expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
    expect(facts).toEqual([]);
    // The sweep alone.
    expect(time.timers).toBe(1);
  });

  it('job desk - a call that waits when its job expires still gets its outcome', async () => {
    const { desk, open, pass, facts } = jobDeskBench();
    const { jobId } = open();
    await pass(TTL_MS - 10_000);
    const waiting = call(desk, jobId);
    await pass(10_000);
    expect(desk.process(jobId)).toBe('unknown');
    expect(facts.at(-1)).toMatchObject({ type: 'jobExpired' });
    expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 1 });
    desk.settled(1, { type: 'delivered', attempt: delivered() });
    await flush();
    expect(waiting.outcome).toMatchObject({ type: 'delivered' });
    expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
  });

  it('job desk - a job that expires before its summary is stored is sealed and delivered all the same', async () => {
    const { desk, open, pass, state, entries, facts, commitAll } = jobDeskBench();
    const { jobId, door } = open();
    door.take(tradeOf());
    await pass(TTL_MS - 1_000);
    state.commitsAtOnce = false;
    const waiting = call(desk, jobId);
    await pass(29_999);
    expect(desk.view(jobId)).toBeNull();
    expect(desk.counts).toMatchObject({ byStatus: { processing: 0 }, sealing: 1, expired: 1 });
    await pass(1);
    expect(waiting.outcome).toEqual({
      type: 'unsealed',
      reason: 'The database does not take the summary yet.',
    });
    await commitAll();
    expect(entries).toHaveLength(1);
    expect(facts.map(({ type }) => type)).toEqual(['sealed', 'jobExpired']);
    expect(desk.counts).toMatchObject({ sealing: 0, heldBytes: 0 });
    expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
  });
});
