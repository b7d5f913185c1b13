// Laws of the job desk over random sequences of everything that can happen to it, beside a model of each job.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CodedError } from '../../../src/lib/errors.ts';
import type { JobStatus, ProcessOutcome } from '../../../src/trades/domain/job.ts';
import { hashOf } from '../../../src/trades/ingest/tokens.ts';
import { call, delivered, flush, jobDeskBench, refused, tradeOf } from './job-desk-bench.ts';

const TTL_MS = 60_000;
const JOB_TRADES_MAX = 6;

type Step =
  | { readonly type: 'open' | 'commit' | 'refuseCommits' }
  | { readonly type: 'take'; readonly job: number; readonly id: number }
  | { readonly type: 'call' | 'failing' | 'replay' | 'delivered' | 'dead'; readonly job: number }
  | { readonly type: 'endSeal'; readonly seal: number; readonly isFailed: boolean }
  | { readonly type: 'pass'; readonly ms: number };

const job = fc.nat({ max: 7 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Step>({ type: 'open' }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('take' as const), job, id: fc.nat({ max: 9 }) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('call' as const), job }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('endSeal' as const),
      seal: fc.nat({ max: 1 }),
      isFailed: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ type: 'commit' }, { type: 'refuseCommits' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('delivered' as const, 'dead' as const, 'failing' as const, 'replay' as const),
      job,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat({ max: 25_000 }) }),
  },
);

interface Model {
  readonly jobId: string;
  readonly door: ReturnType<ReturnType<typeof jobDeskBench>['open']>['door'];
  readonly ids: Set<number>;
  readonly endsMs: number;
  readonly calls: { readonly seen: { outcome: ProcessOutcome | null }; readonly sinceMs: number }[];
  status: JobStatus;
  isFailing: boolean;
}

function setUp() {
  const bench = jobDeskBench({ jobTtlMs: TTL_MS, jobTradesMax: JOB_TRADES_MAX, jobsMax: 6 });
  bench.state.sealsAtOnce = false;
  bench.state.commitsAtOnce = false;
  const models: Model[] = [];
  const factOf = ({ jobId }: Model) => bench.sealed().find(({ job: of }) => of?.jobHash === hashOf(jobId));
  const isOver = ({ endsMs }: Model) => bench.time.monotonicMs() >= endsMs;

  function settle(model: Model, type: 'delivered' | 'dead' | 'failing' | 'replay'): void {
    const entryId = factOf(model)?.entry.id;
    if (entryId === undefined) return;
    const isWaiting = model.status === 'processing';
    if (type === 'replay') {
      if (model.status !== 'failed') return;
      model.status = 'processing';
      model.isFailing = false;
      bench.desk.replayed(entryId);
    } else if (isWaiting && type === 'failing') {
      model.isFailing = true;
      bench.desk.failing(entryId, refused);
    } else if (isWaiting && type !== 'failing') {
      model.status = type === 'delivered' ? 'completed' : 'failed';
      bench.desk.settled(entryId, { type, attempt: type === 'delivered' ? delivered() : refused });
    }
  }

  function take({ door, ids, ...model }: Model, id: number): void {
    const expected = isOver({ door, ids, ...model })
      ? 'expired'
      : model.status !== 'collecting'
        ? 'not_collecting'
        : ids.has(id)
          ? 'repeated'
          : ids.size === JOB_TRADES_MAX
            ? 'too_many'
            : 'taken';
    expect(door.take(tradeOf({ id: `${id}`, price: `${100 + id}` }))).toBe(expected);
    if (expected === 'taken') ids.add(id);
  }

  async function run(step: Step): Promise<void> {
    const model = 'job' in step ? models[models.length - 1 - step.job] : undefined;
    if (step.type === 'open') {
      try {
        const { jobId, door } = bench.open();
        const endsMs = bench.time.monotonicMs() + TTL_MS;
        models.push({
          jobId,
          door,
          ids: new Set(),
          endsMs,
          calls: [],
          status: 'collecting',
          isFailing: false,
        });
      } catch (error) {
        expect(error).toBeInstanceOf(CodedError);
      }
    } else if (step.type === 'commit') await bench.commitAll();
    else if (step.type === 'refuseCommits') await bench.commitAll(new CodedError('too_many', 'no'));
    else if (step.type === 'pass') await bench.pass(step.ms);
    else if (step.type === 'endSeal') {
      const [seal] = bench.seals.splice(step.seal, 1);
      await seal?.end(step.isFailed ? new CodedError('worker_timeout', 'no') : undefined);
    } else if (model !== undefined) {
      if (step.type === 'take') take(model, step.id);
      else if (step.type !== 'call') settle(model, step.type);
      else if (isOver(model)) expect(bench.desk.process(model.jobId)).toBe('unknown');
      else {
        if (model.status === 'collecting') model.status = 'processing';
        model.calls.push({ seen: call(bench.desk, model.jobId), sinceMs: bench.time.monotonicMs() });
      }
    }
    await flush();
    await flush();
  }

  function check(): void {
    const { desk, time } = bench;
    const byStatus = { collecting: 0, processing: 0, completed: 0, failed: 0 };
    for (const model of models) {
      const view = desk.view(model.jobId);
      if (isOver(model)) expect(view).toBeNull();
      else {
        byStatus[model.status]++;
        expect(view).toMatchObject({ status: model.status, trades: model.ids.size });
        expect(view?.result === null).toBe(model.status !== 'completed');
      }
      const digest = factOf(model)?.entry.digest;
      for (const { seen, sinceMs } of model.calls) {
        if (time.monotonicMs() >= sinceMs + 30_000) expect(seen.outcome).not.toBeNull();
        if (seen.outcome?.type === 'undelivered') expect(seen.outcome.digest).toBe(digest);
        if (seen.outcome?.type === 'delivered') expect(seen.outcome.result.digest).toBe(digest);
      }
      const hasEnded = model.status === 'completed' || model.status === 'failed';
      if (hasEnded) expect(model.calls.every(({ seen }) => seen.outcome !== null)).toBe(true);
    }
    const { counts, nodes } = desk;
    expect(counts.byStatus).toEqual(byStatus);
    expect(counts.taken).toBe(models.reduce((sum, { ids }) => sum + ids.size, 0));
    const stale = models.filter(
      (model) =>
        !isOver(model) && (model.status === 'failed' || (model.status === 'processing' && model.isFailing)),
    );
    expect(nodes.stale).toBe(stale.length);
    expect(nodes.online + nodes.stale).toBe(Object.values(byStatus).reduce((sum, count) => sum + count));
    expect(bench.state.sealsAtOnceMost).toBeLessThanOrEqual(2);
  }

  /** Workers, disk and time go on until nothing is left. */
  async function finish(): Promise<void> {
    bench.state.sealsAtOnce = true;
    bench.state.commitsAtOnce = true;
    for (const seal of bench.seals.splice(0)) await seal.end();
    await bench.commitAll();
    await bench.pass(TTL_MS + 31_000);
  }

  return { ...bench, models, factOf, run, check, finish };
}

it('job desk - whatever happens, each job that was asked for is sealed once, of its own trades, and nothing stays', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { maxLength: 70, size: 'max' }), async (steps) => {
      const { desk, supervisor, time, models, entries, sealed, factOf, run, check, finish } = setUp();
      for (const step of steps) {
        await run(step);
        check();
      }
      await finish();
      const asked = models.filter(({ status }) => status !== 'collecting');
      expect(sealed()).toHaveLength(asked.length);
      expect(entries.map(({ id }) => id).toSorted((one, other) => one - other)).toEqual(
        sealed()
          .map(({ entry }) => entry.id)
          .toSorted((one, other) => one - other),
      );
      for (const model of asked) expect(factOf(model)?.entry.trades).toBe(model.ids.size);
      expect(desk.counts).toMatchObject({ heldBytes: 0, sealing: 0, waitingCalls: 0, unsealable: 0 });
      expect(desk.nodes).toEqual({ online: 0, stale: 0, offline: 0 });
      expect(time.timers).toBe(1);
      await desk.stop();
      supervisor.stop();
    }),
    { numRuns: 150 },
  );
});
