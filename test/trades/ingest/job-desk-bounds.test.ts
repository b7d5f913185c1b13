// Every bound of the job desk, and what it does while workers, disk or outbox take nothing.

import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import { UNSTORED_BYTES_MAX, UNSTORED_SUMMARIES_MAX } from '../../../src/trades/ingest/seal-line.ts';
import { until } from '../../support/until.ts';
import {
  type JobDeskBench,
  call,
  delivered,
  flush,
  jobDeskBench,
  tradeOf,
  TTL_MS,
} from './job-desk-bench.ts';

const BUSY = new CodedError('worker_timeout', 'not in time');
const DEFECT = new CodedError('internal', 'a defect');

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof CodedError ? error.code : 'another';
  }
}

/** Ends the first seal that waits. */
async function endSeal({ seals }: JobDeskBench, failure?: unknown): Promise<void> {
  const seal = seals.shift();
  if (seal === undefined) throw new Error('no seal waits');
  await seal.end(failure);
  await flush();
}

/** A desk whose actors throw at some signals. */
function broken(throwsAt: (type: string) => boolean) {
  return jobDeskBench({}, (parts) => ({
    ...parts,
    actors: {
      takeIn(hash, start, failed) {
        const judge = parts.actors.takeIn(hash, start, failed);
        const tell: typeof judge.tell = (signal) => {
          const type = () => {
            if (throwsAt(signal.type)) throw new RangeError('this signal cannot be read');
            return signal.type;
          };
          return judge.tell(Object.defineProperty({ ...signal }, 'type', { get: type, enumerable: true }));
        };
        return {
          get state() {
            return judge.state;
          },
          get node() {
            return judge.node;
          },
          tell,
        };
      },
      letGo: (hash) => parts.actors.letGo(hash),
    },
  }));
}

describe('bounds', () => {
  it('job desk - MAX_JOBS: one more is refused and counted, and an expired job makes room', async () => {
    const { desk, open, pass } = jobDeskBench({ jobsMax: 2 });
    open();
    open();
    expect(codeOf(() => open())).toBe('too_many');
    expect(desk.counts).toMatchObject({ opened: 2, refused: 1, byStatus: { collecting: 2 } });
    await pass(TTL_MS);
    open();
    expect(desk.counts).toMatchObject({ opened: 3, expired: 2, byStatus: { collecting: 1 } });
  });

  it('job desk - MAX_JOBS counts expired jobs whose summary is still to be stored', async () => {
    const { desk, open, pass, state, commitAll } = jobDeskBench({ jobsMax: 1 });
    state.commitsAtOnce = false;
    void desk.process(open().jobId);
    await pass(TTL_MS);
    expect(codeOf(() => open())).toBe('too_many');
    await commitAll();
    open();
  });

  it('job desk - JOB_MAX_TRADES: one more is too many, and a known one is still repeated', () => {
    const { desk, open } = jobDeskBench({ jobTradesMax: 2 });
    const { jobId, door } = open();
    const ids = ['1', '2', '3', '2', '1'];
    expect(ids.map((id) => door.take(tradeOf({ id })))).toEqual([
      'taken',
      'taken',
      'too_many',
      'repeated',
      'repeated',
    ]);
    expect(desk.view(jobId)?.trades).toBe(2);
    expect(desk.counts).toMatchObject({ taken: 2, repeated: 2, notTaken: { too_many: 1 } });
  });

  it('job desk - JOBS_MEMORY_MAX_MIB: over it trades of all jobs are too many, and the log says so once', async () => {
    const { desk, open, lines, pass } = jobDeskBench({ heldBytesMax: 100_000 });
    const doors = [open().door, open().door];
    const fill = () => {
      let taken = 0;
      for (let nth = 0; nth < 20_000; nth++) {
        for (const door of doors) if (door.take(tradeOf({ id: `${nth}` })) === 'taken') taken++;
      }
      return taken;
    };
    expect(fill()).toBeGreaterThan(1_000);
    const { heldBytes, notTaken, heldBytesMax } = desk.counts;
    expect(heldBytesMax).toBe(100_000);
    expect(heldBytes).toBeGreaterThanOrEqual(100_000);
    // What one log grows by at a time.
    expect(heldBytes).toBeLessThan(150_000);
    expect(notTaken.too_many).toBeGreaterThan(10_000);
    expect(lines.filter((line) => line.includes('JOBS_MEMORY_MAX_MIB'))).toHaveLength(1);
    await pass(TTL_MS);
    expect(desk.counts.heldBytes).toBe(0);
    doors.splice(0, 2, open().door);
    expect(fill()).toBeGreaterThan(1_000);
    expect(lines.filter((line) => line.includes('JOBS_MEMORY_MAX_MIB'))).toHaveLength(2);
  });

  it('job desk - two seals are under way, and the others come in the order of the calls', async () => {
    const bench = jobDeskBench();
    const { desk, open, state, seals } = bench;
    state.sealsAtOnce = false;
    for (const name of ['a', 'b', 'c', 'd', 'e']) void desk.process(open(name).jobId);
    const seen: string[] = [];
    for (let nth = 0; nth < 5; nth++) {
      await flush();
      expect(seals.length).toBe(Math.min(2, 5 - nth));
      expect(desk.counts.sealing).toBe(5 - nth);
      seen.push(seals[0]?.request.clientId ?? '');
      await endSeal(bench);
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect([state.sealsAtOnceMost, desk.counts.sealing]).toEqual([2, 0]);
  });

  it('job desk - every other seal is of the shortest job that waits, so that long ones hold up no short one', async () => {
    const bench = jobDeskBench();
    const { desk, open, state, seals } = bench;
    state.sealsAtOnce = false;
    const lengths = { long1: 5, long2: 5, long3: 5, long4: 5, short1: 1, shorter: 0, short2: 1 };
    for (const [name, trades] of Object.entries(lengths)) {
      const { jobId, door } = open(name);
      for (let nth = 0; nth < trades; nth++) door.take(tradeOf());
      void desk.process(jobId);
    }
    const seen: string[] = [];
    while (desk.counts.sealing > 0) {
      await flush();
      seen.push(seals[0]?.request.clientId ?? '');
      await endSeal(bench);
    }
    expect(seen).toEqual(['long1', 'long2', 'long3', 'shorter', 'long4', 'short1', 'short2']);
  });

  it('job desk - while the disk takes nothing, only so many jobs are folded', async () => {
    const { desk, open, state, commitAll, entries } = jobDeskBench();
    state.commitsAtOnce = false;
    for (let nth = 0; nth < 100; nth++) void desk.process(open().jobId);
    await flush();
    await flush();
    // 64 that are signed; two that began together may end together.
    expect(state.sealsAsked).toBeLessThanOrEqual(65);
    expect(entries).toEqual([]);
    state.commitsAtOnce = true;
    await commitAll();
    for (let round = 0; round < 20; round++) await flush();
    expect(entries).toHaveLength(100);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(100);
  });

  it('job desk - UNSTORED_BYTES_MAX: with so long summaries that wait for the disk, no further job is folded', async () => {
    const { desk, open, state, commitAll, entries } = jobDeskBench({}, (parts) => ({
      ...parts,
      async seal(request) {
        const summary = await parts.seal(request);
        const long = 'x'.repeat(UNSTORED_BYTES_MAX / 4);
        return { ...summary, canonicalText: summary.canonicalText.replace('"mock"', `"${long}"`) };
      },
    }));
    state.commitsAtOnce = false;
    for (let nth = 0; nth < 10; nth++) void desk.process(open().jobId);
    await until('four are signed', () => state.sealsAsked >= 4);
    for (let round = 0; round < 20; round++) await flush();
    // Two that began together may end together.
    expect(state.sealsAsked).toBeLessThanOrEqual(5);
    state.commitsAtOnce = true;
    await commitAll();
    await until('all are stored', () => entries.length === 10);
  });

  it('job desk - calls beyond the bound are answered at once', async () => {
    const { desk, open, pass } = jobDeskBench();
    const { jobId } = open();
    const { waitingCallsMax } = desk.counts;
    const calls = Array.from({ length: waitingCallsMax }, () => call(desk, jobId));
    await flush();
    expect(desk.counts.waitingCalls).toBe(waitingCallsMax);
    const further = call(desk, jobId);
    await flush();
    expect(further.outcome).toMatchObject({ type: 'undelivered' });
    expect(calls.every(({ outcome }) => outcome === null)).toBe(true);
    await pass(30_000);
    expect(desk.counts.waitingCalls).toBe(0);
    expect(calls.every(({ outcome }) => outcome?.type === 'undelivered')).toBe(true);
  });

  it('job desk - a thousand jobs at once are folded, stored, delivered and forgotten', async () => {
    const { desk, open, pass, entries, time, supervisor } = jobDeskBench();
    const jobs = Array.from({ length: 1_000 }, (_, nth) => open(`client-${nth % 7}`));
    for (const [nth, { door }] of jobs.entries()) {
      for (let trade = 0; trade < 5; trade++) {
        expect(door.take(tradeOf({ id: `${trade}`, price: `${100 + nth}` }))).toBe('taken');
      }
    }
    expect(time.timers).toBe(1);
    expect(codeOf(() => open())).toBe('too_many');
    const calls = jobs.map(({ jobId }) => call(desk, jobId));
    while (entries.length < 1_000) await flush();
    expect(desk.counts).toMatchObject({ heldBytes: 0, folded: 5_000, sealing: 0, waitingCalls: 1_000 });
    for (const { id } of entries) desk.settled(id, { type: 'delivered', attempt: delivered() });
    await flush();
    const digests = calls.map(({ outcome }) => (outcome?.type === 'delivered' ? outcome.result.digest : ''));
    expect(new Set(digests)).toEqual(new Set(entries.map(({ digest }) => digest)));
    expect(desk.rows(20)).toHaveLength(20);
    expect(desk.rows(0)).toEqual([]);
    await pass(TTL_MS);
    expect(desk.counts.byStatus).toEqual({ collecting: 0, processing: 0, completed: 0, failed: 0 });
    expect(desk.counts.transitions).toEqual({ online: 0, stale: 0, offline: 1_000 });
    expect(time.timers).toBe(1);
    supervisor.stop();
  });
});

describe('failures', () => {
  it('job desk - a failed seal is made again with the same bytes, after a wait that grows', async () => {
    const bench = jobDeskBench();
    const { desk, open, state, pass, seals, sealed, lines } = bench;
    state.sealsAtOnce = false;
    const { jobId, door } = open();
    door.take(tradeOf({ price: '123.25' }));
    const waiting = call(desk, jobId);
    await flush();
    const first = seals[0]?.request;
    for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
      await endSeal(bench, BUSY);
      await pass(waitMs - 1_000);
      expect(seals).toEqual([]);
      await pass(1_000);
      expect(seals[0]?.request).toEqual(first);
    }
    expect(desk.counts).toMatchObject({ sealRetries: 4, sealing: 1 });
    expect(desk.counts.heldBytes).toBeGreaterThan(0);
    await pass(15_000);
    expect(waiting.outcome).toEqual({ type: 'unsealed', reason: 'The summary is being made.' });
    const again = call(desk, jobId);
    await endSeal(bench);
    desk.settled(1, { type: 'delivered', attempt: delivered() });
    await flush();
    expect(again.outcome).toMatchObject({ type: 'delivered', result: { trades_processed: 1 } });
    expect(sealed()).toHaveLength(1);
    expect(desk.counts.heldBytes).toBe(0);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
  });

  it('job desk - a job of which no summary can be made fails, holds up no other, and lets go of its trades', async () => {
    const bench = jobDeskBench();
    const { desk, open, state, pass, lines } = bench;
    state.sealsAtOnce = false;
    const { jobId, door } = open();
    door.take(tradeOf());
    const waiting = call(desk, jobId);
    await flush();
    for (const waitMs of [1_000, 2_000, 0]) {
      await endSeal(bench, DEFECT);
      await pass(waitMs);
    }
    expect(waiting.outcome).toEqual({
      type: 'unsealable',
      reason: 'No summary can be made of these trades. Open another job.',
    });
    expect(desk.view(jobId)).toEqual({ status: 'failed', trades: 1, result: null });
    expect(await desk.process(jobId)).toEqual(waiting.outcome);
    expect(desk.counts).toMatchObject({ unsealable: 1, sealing: 0, heldBytes: 0 });
    state.sealsAtOnce = true;
    void desk.process(open().jobId);
    await flush();
    expect(bench.entries).toHaveLength(1);
    expect(lines).toHaveLength(3);
    await pass(TTL_MS);
    expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
  });

  it('job desk - the trades of an expired job that never can be sealed are given up after ten attempts', async () => {
    const bench = jobDeskBench({ jobTtlMs: 1_000 });
    const { desk, open, state, pass, seals } = bench;
    state.sealsAtOnce = false;
    const { jobId, door } = open();
    door.take(tradeOf());
    void desk.process(jobId);
    let attempts = 0;
    for (; desk.counts.sealing > 0; attempts++) {
      while (seals.length === 0) await pass(1_000);
      await endSeal(bench, BUSY);
    }
    expect(attempts).toBe(10);
    expect(desk.counts).toMatchObject({ unsealable: 1, heldBytes: 0, expired: 1 });
    expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
  });

  it('job desk - a signature that fails, and a key that changes meanwhile, only delay the summary', async () => {
    const bench = jobDeskBench();
    const { desk, open, state, pass, sealed } = bench;
    state.refusesSignatures = true;
    void desk.process(open().jobId);
    await pass(10_000);
    expect(desk.counts.unsealable).toBe(0);
    state.refusesSignatures = false;
    state.sealsAtOnce = false;
    await pass(20_000);
    state.keyId = 'another-key';
    await endSeal(bench);
    expect(sealed()).toEqual([]);
    state.sealsAtOnce = true;
    await pass(40_000);
    expect(sealed()[0]?.body).toContain('"key_id":"another-key"');
  });

  it('job desk - a journal that takes nothing delays the summary, whose digest stays', async () => {
    const { desk, open, state, pass, sealed, entries } = jobDeskBench();
    state.refusesCommits = true;
    const { jobId, door } = open();
    door.take(tradeOf());
    const waiting = call(desk, jobId);
    await pass(30_000);
    expect(waiting.outcome).toEqual({
      type: 'unsealed',
      reason: 'The database does not take the summary yet.',
    });
    expect([desk.counts.unsealable, entries.length]).toEqual([0, 0]);
    state.refusesCommits = false;
    await pass(31_000);
    expect(sealed()).toHaveLength(1);
    expect(entries).toHaveLength(1);
    expect(desk.view(jobId)?.status).toBe('processing');
  });

  it('job desk - a full outbox holds jobs back until there is room, in order', async () => {
    const { desk, open, state, pass, entries } = jobDeskBench();
    void desk.process(open('first').jobId);
    await flush();
    const [{ bodyBytes } = { bodyBytes: 0 }] = entries;
    state.outboxBytesMax = bodyBytes + 10;
    const waiting = call(desk, open('second').jobId);
    void desk.process(open('third').jobId);
    await pass(30_000);
    expect(waiting.outcome).toEqual({
      type: 'unsealed',
      reason: 'The outbox is full, because the backend does not take summaries.',
    });
    expect(entries.map(({ clientId }) => clientId)).toEqual(['first']);
    entries.splice(0);
    desk.settled(1, { type: 'delivered', attempt: delivered() });
    await flush();
    expect(entries.map(({ clientId }) => clientId)).toEqual(['second']);
    entries.splice(0);
    await pass(1_000);
    expect(entries.map(({ clientId }) => clientId)).toEqual(['third']);
  });

  it('job desk - behind a full outbox also a job that is not folded yet says so', async () => {
    const { desk, open, state, pass, entries } = jobDeskBench();
    void desk.process(open().jobId);
    await flush();
    state.outboxBytesMax = (entries[0]?.bodyBytes ?? 0) + 10;
    for (let count = 0; count < UNSTORED_SUMMARIES_MAX; count += 1) {
      void desk.process(open().jobId);
      await flush();
    }
    const last = call(desk, open().jobId);
    await pass(30_000);
    expect(last.outcome).toEqual({
      type: 'unsealed',
      reason: 'The outbox is full, because the backend does not take summaries.',
    });
  });

  it('job desk - a summary that the whole outbox cannot hold fails its job', async () => {
    const { desk, open, state, entries } = jobDeskBench();
    state.outboxBytesMax = 100;
    const waiting = call(desk, open().jobId);
    await flush();
    expect(waiting.outcome).toEqual({
      type: 'unsealable',
      reason: 'The summary is longer than OUTBOX_MAX_MIB of the service allows.',
    });
    expect([entries.length, desk.counts.unsealable]).toEqual([0, 1]);
  });

  it('job desk - a stop waits for jobs under way, and answers the calls that wait', async () => {
    const { desk, open, state, commitAll, entries, time } = jobDeskBench();
    state.commitsAtOnce = false;
    const { jobId } = open();
    const waiting = call(desk, jobId);
    await flush();
    const stopped = desk.stop();
    await commitAll();
    await stopped;
    expect(entries).toHaveLength(1);
    await flush();
    expect(waiting.outcome).toMatchObject({ type: 'undelivered' });
    const later = call(desk, jobId);
    await flush();
    expect(later.outcome).toEqual(waiting.outcome);
    expect(time.timers).toBe(0);
  });

  it('job desk - a stop does not wait for a disk that takes nothing', async () => {
    const { desk, open, state, pass, time } = jobDeskBench();
    state.commitsAtOnce = false;
    const waiting = call(desk, open().jobId);
    await flush();
    const stopped = desk.stop();
    await pass(5_000);
    await stopped;
    await flush();
    expect(waiting.outcome).toMatchObject({ type: 'unsealed' });
    expect(time.timers).toBe(0);
  });
});

describe('actors', () => {
  it('job desk - an actor that throws is started again, and its job goes on', async () => {
    let left = 2;
    const { desk, open, lines } = broken((type) => type === 'delivered' && left-- === 2);
    const { jobId } = open();
    const waiting = call(desk, jobId);
    await flush();
    desk.settled(1, { type: 'delivered', attempt: delivered() });
    await flush();
    expect(waiting.outcome).toMatchObject({ type: 'delivered' });
    expect(desk.counts.actorFailures).toEqual({ restarted: 1, given_up: 0 });
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  it.each(['asked', 'sealed', 'delivered', 'expired'])(
    'job desk - a job whose actor is given up at %s loses no summary, and is gone when it expires',
    async (at) => {
      const { desk, open, pass, entries, facts } = broken((type) => type === at);
      const { jobId, door } = open();
      door.take(tradeOf());
      // Three restarts, then it is given up.
      for (let nth = 0; nth < 3; nth++) void desk.process(jobId);
      await flush();
      for (let nth = 0; nth < 3; nth++) desk.settled(1, { type: 'delivered', attempt: delivered() });
      expect(entries).toHaveLength(at === 'asked' ? 0 : 1);
      let told = 0;
      door.onEnd(() => told++);
      await pass(TTL_MS);
      expect(desk.process(jobId)).toBe('unknown');
      expect(told).toBe(1);
      expect(desk.counts).toMatchObject({ heldBytes: 0, expired: 1 });
      expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
      expect(facts.map(({ type }) => type)).toEqual(at === 'asked' ? [] : ['sealed', 'jobExpired']);
    },
  );
});
