import { describe, expect, it, onTestFinished } from 'vitest';
import { BlockPlan } from '../../../src/mining/simulator/block-plan.ts';
import { FAULT_NAMES, type FaultName } from '../../../src/mining/simulator/fault-names.ts';
import { readFaults } from '../../../src/mining/simulator/option-values.ts';
import { PlannedUpstream } from '../../../src/mining/simulator/planned-upstream.ts';
import { ManualTimers } from './manual-timers.ts';

const planOf = (seed: number, faults: readonly FaultName[] = FAULT_NAMES) =>
  new BlockPlan({ seed, blockMs: 30_000, faults });
const first = (plan: BlockPlan, count: number) => Array.from({ length: count }, (_none, i) => plan.at(i));

describe('block plan', () => {
  it('follows from the seed alone, in whatever order it is asked', () => {
    const other = planOf(1);
    other.at(59);
    expect(first(planOf(1), 60)).toEqual(first(other, 60));
    expect(planOf(2).at(1)).not.toEqual(planOf(1).at(1));
  });

  it('plays every fault once before any a second time, and none in every fourth block', () => {
    const names = first(planOf(3), 26).map(({ fault }) => fault?.name ?? null);
    expect(names.filter((_name, index) => index % 4 === 0)).toEqual(Array.from({ length: 7 }, () => null));
    expect(names.filter((name) => name !== null).toSorted()).toEqual([...FAULT_NAMES].toSorted());
  });

  it('ends every fault in the first two fifths of its block', () => {
    for (const { fault } of first(planOf(4), 200)) {
      if (fault === null) continue;
      expect(fault.fromMs).toBeGreaterThanOrEqual(0);
      expect(fault.toMs).toBeLessThanOrEqual(12_000);
      expect(fault.toMs - fault.fromMs).toBeGreaterThanOrEqual(4_500);
    }
  });

  it('reorganises to the same height, to a lower one, and to the same work; no hash occurs twice', () => {
    const blocks = first(planOf(5, ['reorganise']), 100).map(({ block }) => block);
    const steps = blocks.slice(1).map((block, index) => {
      const before = blocks[index];
      const isSameWork = block.generationSignature === before?.generationSignature;
      return `${block.height - (before?.height ?? 0n)}${isSameWork ? ', same work' : ''}`;
    });
    expect([...new Set(steps)].toSorted()).toEqual(['-1', '0', '0, same work', '1']);
    expect(new Set(blocks.map(({ blockHash }) => blockHash)).size).toBe(100);
  });

  it('refuses the same share again: by submission, by account, or everything', () => {
    const accounts = Array.from({ length: 200 }, (_none, i) => i.toString(16).padStart(40, '0'));
    const refused = (name: FaultName) => {
      const plan = planOf(6, [name]);
      const chosen = (nonce: bigint) =>
        accounts.filter((accountId) => plan.refuses(plan.at(1), { accountId, nonce }));
      expect(chosen(1n)).toEqual(chosen(1n));
      return [chosen(1n), chosen(2n)] as const;
    };
    const [one, two] = refused('refuse-account');
    expect(one).toEqual(two);
    expect(one.length).toBeGreaterThan(30);
    expect(one.length).toBeLessThan(90);
    const [three, four] = refused('refuse-submission');
    expect(three).not.toEqual(four);
    expect(refused('refuse-block')[0]).toEqual(accounts);
    expect(refused('die')[0]).toEqual([]);
  });

  it('names its faults on the command line', () => {
    expect(readFaults('none', false)).toEqual([]);
    expect(readFaults('all', true)).toEqual(FAULT_NAMES);
    expect(readFaults('all', false)).not.toContain('cookie');
    expect(readFaults('die, html', false)).toEqual(['die', 'html']);
    expect(() => readFaults('dye', false)).toThrow('--faults: none, all, or some of die,');
    expect(() => readFaults('cookie', false)).toThrow('--faults cookie needs --auth cookie:FILE.');
  });
});

async function play(faults: readonly FaultName[]) {
  const timers = new ManualTimers();
  const plan = new BlockPlan({ seed: 9, blockMs: 10_000, faults });
  const upstream = new PlannedUpstream(plan, { prover: null, timers });
  onTestFinished(() => upstream.stop());
  const { url } = await upstream.start();
  const poll = async () => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"jsonrpc":"2.0","id":1,"method":"get_mining_info"}',
      });
      return `${response.status} ${await response.text()}`;
    } catch {
      return 'nothing';
    }
  };
  return { timers, plan, upstream, poll };
}

describe('planned upstream', () => {
  it('changes its block by the clock', async () => {
    const { timers, plan, upstream, poll } = await play([]);
    expect(upstream.sim.block).toEqual(plan.at(0).block);
    expect(await poll()).toContain('"minimum_fee":0.00001,"warnings":["a simulated node"],"served":1');
    timers.pass(25_000);
    expect(upstream.sim.block).toEqual(plan.at(2).block);
  });

  it.each([
    ['die', /^nothing$/],
    ['reset', /^nothing$/],
    ['html', /^200 <!doctype html>/],
    ['rate-limit', /^429 /],
    ['busy', /"code":-32006/],
    ['truncated', /[^}]$/],
    ['oversize', /x{70000}/],
  ] as const)('plays %s for its time', async (name, shown) => {
    const { timers, plan, poll } = await play([name]);
    const { fault } = plan.at(1);
    expect(fault?.name).toBe(name);
    timers.pass(10_000 + (fault?.fromMs ?? 0));
    expect(await poll()).toMatch(shown);
    timers.pass((fault?.toMs ?? 0) - (fault?.fromMs ?? 0));
    await expect.poll(poll).toContain(plan.at(1).block.blockHash);
  });

  it('alternates between two blocks', async () => {
    const { timers, plan, poll } = await play(['alternate']);
    timers.pass(10_000);
    const shown = [await poll(), await poll()].map((text) => /"block_hash":"(\w+)"/.exec(text)?.[1]);
    expect(new Set(shown)).toEqual(new Set([plan.at(0), plan.at(1)].map(({ block }) => block.blockHash)));
  });
});
