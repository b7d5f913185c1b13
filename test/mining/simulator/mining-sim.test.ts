import { describe, expect, it, onTestFinished } from 'vitest';
import { MinerPlan, type MinerPlanOptions } from '../../../src/mining/simulator/miner-plan.ts';
import { MiningSim, type MiningSimOptions } from '../../../src/mining/simulator/mining-sim.ts';
import { keyOf } from '../../../src/mining/simulator/oracle.ts';
import { UpstreamSim, type UpstreamSimOptions } from '../../../src/mining/simulator/upstream-sim.ts';
import { until } from '../../support/until.ts';
import { HashedPlot } from './hashed-plot.ts';
import { ManualTimers } from './manual-timers.ts';

const SHARES = { liars: 0, repeaters: 0, stale: 0, nat: 0 };

const planOf = (more: Partial<MinerPlanOptions> = {}) =>
  new MinerPlan({
    seed: 5,
    miners: 10,
    nonces: 6,
    ...SHARES,
    createPlot: (place) => new HashedPlot(place),
    ...more,
  });

async function launch(
  plan: MinerPlan,
  { upstream = {}, more = {} }: { upstream?: UpstreamSimOptions; more?: Partial<MiningSimOptions> } = {},
) {
  const sim = new UpstreamSim({ prover: null, ...upstream });
  onTestFinished(() => sim.stop());
  const { url } = await sim.start();
  const timers = new ManualTimers();
  const miners = new MiningSim({ url, plan, timers, scanMs: 800, lateMs: 800, ...more });
  onTestFinished(() => miners.stop());
  await miners.start();
  /** Lets the simulated time pass until the condition holds. */
  const pass = (what: string, holds: () => boolean) =>
    until(
      what,
      () => {
        timers.pass(50);
        return holds();
      },
      20_000,
    );
  return { sim, timers, miners, pass };
}

const isSettled = ({ report }: MiningSim) =>
  Object.values(report.work).every((count) => {
    const refused = [...count.refused.values()].reduce((sum, each) => sum + each, 0);
    return count.sent === count.accepted + count.unanswered + refused;
  });

describe('miner plan', () => {
  it('follows from the seed, with the shares that were asked for', () => {
    const shares = { miners: 400, liars: 0.2, repeaters: 0.1, stale: 0.1, nat: 0.5 };
    const plan = planOf(shares);
    expect(plan.miners).toEqual(planOf(shares).miners);
    expect(plan.miners).not.toEqual(planOf({ ...shares, seed: 6 }).miners);
    const count = (kind: string) => plan.miners.filter((miner) => miner.kind === kind).length;
    expect(count('liar')).toBeGreaterThan(50);
    expect(count('repeater')).toBeGreaterThan(20);
    expect(count('stale')).toBeGreaterThan(20);
    expect(count('honest')).toBeGreaterThan(200);
    expect(plan.miners.filter(({ nat, name }) => nat !== null && name !== null).length).toBeGreaterThan(150);
    expect(plan.plots).toHaveLength(20);
  });

  it('has each miner submit what improves, and its lies and late ones beside', () => {
    const plan = planOf({ miners: 60, liars: 0.3, stale: 0.3, repeaters: 0.2 });
    const { block } = new UpstreamSim();
    for (const miner of plan.miners) {
      const work = plan.workOf(miner, block);
      const truths = work.filter(({ kind }) => kind !== 'lie').map(({ submission }) => submission.rawQuality);
      expect(truths).toEqual(truths.toSorted((one, other) => (one > other ? -1 : 1)));
      expect(truths.length).toBeGreaterThan(0);
      expect(work.filter(({ kind }) => kind === 'lie')).toHaveLength(miner.kind === 'liar' ? 3 : 0);
      expect(work.filter(({ kind }) => kind === 'late')).toHaveLength(miner.kind === 'stale' ? 1 : 0);
      expect(work.every(({ times }) => times === (miner.kind === 'repeater' ? 10 : 1))).toBe(true);
    }
  });
});

describe('mining-sim', () => {
  it('polls, submits the work of the block, and reports', async () => {
    const plan = planOf({ nat: 0.5 });
    const blocks: string[] = [];
    const { sim, miners, pass } = await launch(plan, {
      more: { onBlock: ({ blockHash }) => blocks.push(blockHash) },
    });
    const expected = plan.miners.flatMap((miner) =>
      plan.workOf(miner, sim.block).map(({ submission }) => keyOf(submission)),
    );
    await pass('all work', () => sim.received.length === expected.length && isSettled(miners));
    expect(sim.accepted.map(keyOf).toSorted()).toEqual(expected.toSorted());
    expect(blocks).toEqual([sim.block.blockHash]);
    const names = sim.received.map(({ headers }) => headers['x-miner']).filter((name) => name !== undefined);
    expect(names).toContainEqual(expect.stringMatching(/^rig-\d$/));
    expect(miners.report.work.true).toMatchObject({ sent: expected.length, accepted: expected.length });
    expect(miners.report.lines().join('\n')).toMatch(/^blocks seen +1\npolls +\d+ answered \d+\n/);
    // Each miner keeps one connection for its polls and few for its submissions.
    expect(sim.connections).toBeLessThan(40);
  });

  it('sends lies, repeats, and what is late after the change of the block', async () => {
    const plan = planOf({ miners: 30, liars: 0.3, repeaters: 0.2, stale: 0.3 });
    const { sim, miners, pass } = await launch(plan);
    const isSeen = (blocks: number) => miners.report.blocks === blocks && isSettled(miners);
    const work = plan.miners.flatMap((miner) => plan.workOf(miner, sim.block));
    const timely = work.filter(({ kind }) => kind !== 'late').reduce((sum, { times }) => sum + times, 0);
    await pass('the first block', () => isSeen(1) && sim.received.length === timely);
    const { blockHash } = sim.block;
    sim.nextBlock();
    const late = work.filter(({ kind }) => kind === 'late').length;
    const lateOnes = () =>
      sim.received.filter(({ submission, code }) => submission?.blockHash === blockHash && code === -32002);
    await pass('the late ones', () => lateOnes().length === late && isSettled(miners));
    expect(late).toBeGreaterThan(0);
    expect(miners.report.work.late.refused).toEqual(new Map([[-32002, late]]));
    expect(sim.received.some(({ submission }) => submission?.rawQuality === 0n)).toBe(true);
  });

  it.each([
    ['pool', 1],
    ['wallet', 0],
  ] as const)('a miner of a %s sends again after a failed connection %i times', async (mode, times) => {
    const plan = planOf({ miners: 1, nonces: 1 });
    const { sim, timers, miners, pass } = await launch(plan, { more: { mode } });
    sim.inject({ type: 'reset' }, { method: 'submit_nonce', times: 1 });
    await pass(
      'the first attempt',
      () => miners.report.work.true.retried + miners.report.work.true.unanswered === 1,
    );
    expect(sim.received).toHaveLength(1);
    const fromMs = timers.nowMs;
    if (times === 1) await pass('the second attempt', () => sim.accepted.length === 1 && isSettled(miners));
    expect(miners.report.work.true).toMatchObject({ retried: times, unanswered: 1 - times });
    if (times === 1) expect(timers.nowMs - fromMs).toBeGreaterThanOrEqual(2_900);
  });

  it('gives up after 5 s, takes an error for final, and drops the retry when the block changes', async () => {
    const plan = planOf({ miners: 1, nonces: 1 });
    const { sim, timers, miners, pass } = await launch(plan);
    const { work } = miners.report;
    const hung = sim.hang({ method: 'submit_nonce' });
    await pass('a hung submission', () => hung.met === 1);
    timers.pass(4_900);
    expect(work.true.retried).toBe(0);
    await pass('the end of its patience', () => work.true.retried === 1);
    hung.clear();
    sim.rejectWith(-32001);
    sim.nextBlock();
    await pass(
      'the next block',
      () => miners.report.blocks === 2 && isSettled(miners) && work.true.sent === 2,
    );
    expect(work.true).toMatchObject({ sent: 2, unanswered: 1, refused: new Map([[-32001, 1]]) });
  });

  it('can only poll', async () => {
    const { sim, miners, pass } = await launch(planOf({ miners: 200 }), { more: { isPollsOnly: true } });
    await pass('polls', () => miners.report.pollTimes.count > 400);
    expect(sim.received).toEqual([]);
    expect(sim.connections).toBe(200);
  });
});
