import { describe, expect, it } from 'vitest';
import { pocTime } from '../../../src/mining/domain/poc-time.ts';
import { account, BASE_TARGET, block, entry } from '../domain/mining-blocks.ts';
import { type DeskBench, deskBench, flush } from './desk-bench.ts';

const accepted = (rawQuality: bigint) => ({
  type: 'accepted',
  pocTime: pocTime(rawQuality, BASE_TARGET, 120),
});
const qualities = (bench: DeskBench) => bench.offered.map(({ submission }) => submission.rawQuality);

/** An answer that has not come yet is null. */
async function now<Value>(promise: Promise<Value>): Promise<Value | null> {
  await flush();
  return Promise.race([promise, Promise.resolve(null)]);
}

describe('desk', () => {
  it('desk - a true submission is stored, checked, answered and offered to its upstream', async () => {
    const bench = deskBench();
    expect(await bench.submit({ rawQuality: 400_000n })).toEqual(accepted(400_000n));
    expect(bench.offered).toMatchObject([
      { upstream: 'first', blockHash: 'h1', state: 'waiting', address: '10.0.0.1' },
    ]);
    expect(bench.verdicts()).toEqual(['400000 checking', '400000 waiting']);
    expect(bench.stored()).toMatchObject([{ id: 1, state: 'waiting' }]);
    expect(bench.desk.snapshot()).toMatchObject({
      submissions: 1,
      forwarded: 1,
      entries: 1,
      visits: 0,
      answers: { accepted: 1, unverified: 0, refused: 0, none: 0 },
    });
  });

  it('desk - S6: a false quality of 0 displaces nothing, and the liar is told', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    const lie = bench.submit({ nonce: 1n, rawQuality: 0n }, 'liar');
    const one = bench.submit({ nonce: 2n, rawQuality: 400n });
    const other = bench.submit({ nonce: 4n, rawQuality: 300n });
    await flush();
    expect(bench.checks.length).toBe(3);
    await bench.checks[1]?.end({ type: 'holds' });
    await bench.checks[0]?.end({ type: 'fails', computed: 999n });
    await bench.checks[2]?.end({ type: 'holds' });
    expect(await one).toEqual(accepted(400n));
    expect(await other).toEqual(accepted(300n));
    expect(await lie).toMatchObject({ type: 'refused', code: -32001 });
    expect(qualities(bench)).toEqual([400n, 300n]);
    expect(bench.verdicts()).toContain('0 false');
    expect(bench.desk.snapshot().falseProofs).toBe(1);
  });

  it('desk - S13: the text of a false proof names the claimed and the computed quality', async () => {
    const answer = await deskBench().submit({ nonce: 1n, rawQuality: 5n });
    expect(answer).toMatchObject({ code: -32001 });
    expect('message' in answer && answer.message).toContain('claimed raw_quality 5, computed 999');
  });

  it('desk - a nonce with a false claim is refused without a further check, whatever is claimed; the truth is taken', async () => {
    const bench = deskBench();
    await bench.submit({ nonce: 1n, rawQuality: 5n });
    for (const rawQuality of [5n, 4n]) {
      expect(await bench.submit({ nonce: 1n, rawQuality })).toMatchObject({ type: 'refused', code: -32001 });
    }
    expect(bench.checks.length).toBe(1);
    expect(await bench.submit({ nonce: 1n, rawQuality: 999n })).toEqual(accepted(999n));
    expect(qualities(bench)).toEqual([999n]);
    expect(bench.checks.length).toBe(1);
    expect(bench.desk.snapshot().arrivals.false).toBe(2);
  });

  it('desk - each machine that sent a claim is told every verdict of it', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.2']) {
      void bench.submit({ nonce: 2n, rawQuality: 400n }, address);
      void bench.submit({ nonce: 3n, rawQuality: 5n }, address);
    }
    await flush();
    await bench.checks[0]?.end({ type: 'holds' });
    await bench.checks[1]?.end({ type: 'fails', computed: 999n });
    bench.desk.settled(bench.offered[0] ?? entry(), { type: 'delivered', rawQuality: 400n });
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) {
      const judged = bench.facts.flatMap((fact) =>
        fact.type === 'judged' && fact.machineId === address ? [`${fact.rawQuality} ${fact.verdict}`] : [],
      );
      expect(judged).toEqual(['400 waiting', '5 false', '400 accepted']);
    }
  });

  it('desk - all addresses of an IPv6 network of 64 bits are one for turns and budgets', async () => {
    const bench = deskBench();
    bench.state.overBudget = ['2001:db8:0:1::/64'];
    bench.state.checksAtOnce = false;
    for (const [at, host] of ['1', '2'].entries()) {
      const answer = bench.submit({ nonce: BigInt(2 + at) }, `2001:db8:0:1::${host}`);
      expect(await answer).toMatchObject({ type: 'accepted' });
    }
    expect(bench.checks.map(({ origin }) => origin.address)).toEqual([
      '2001:db8:0:1::/64',
      '2001:db8:0:1::/64',
    ]);
    expect(bench.desk.snapshot().answers.unverified).toBe(2);
  });

  it('desk - S3: the same submission ten times within 100 ms and again later is one check, one forward, ten successes', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    const answers = Array.from({ length: 10 }, (_unused, index) =>
      bench.submit({ accountId: account(index % 2 === 0 ? 'a' : 'A') }, `10.0.0.${index % 3}`),
    );
    await flush();
    expect(bench.checks.length).toBe(1);
    await bench.checks[0]?.end({ type: 'holds' });
    expect(await Promise.all(answers)).toEqual(answers.map(() => accepted(400_000n)));
    await bench.pass(3000);
    expect(await bench.submit()).toEqual(accepted(400_000n));
    expect(bench.checks.length).toBe(1);
    expect(bench.offered.length).toBe(1);
    expect(bench.desk.snapshot().arrivals).toMatchObject({ better: 1, repeated: 10 });
  });

  it('desk - a check that is not finished within 3 s is answered with success, and finished before forwarding', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    const answer = bench.submit();
    await bench.pass(2799);
    expect(await now(answer)).toBeNull();
    await bench.pass(1);
    expect(await answer).toEqual(accepted(400_000n));
    expect(bench.offered).toEqual([]);
    await bench.checks[0]?.end({ type: 'holds' });
    expect(bench.offered.length).toBe(1);
    expect(bench.desk.snapshot().answeredUnverified).toBe(1);
  });

  it('desk - a check that a better true one makes needless ends, and its miner is answered with success', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    const worse = bench.submit({ nonce: 1n, rawQuality: 500_000n });
    const better = bench.submit({ nonce: 2n, rawQuality: 300_000n });
    await bench.checks[1]?.end({ type: 'holds' });
    expect(await better).toEqual(accepted(300_000n));
    expect(await worse).toEqual(accepted(500_000n));
    expect(bench.offered.map(({ submission }) => submission.rawQuality)).toEqual([300_000n]);
    await bench.pass(5_000);
    expect(bench.checks.length).toBe(2);
  });

  it('desk - S17: without a commit within 3 s the connection is closed, and the submission goes on', async () => {
    const bench = deskBench();
    bench.state.commitsAtOnce = false;
    const answer = bench.submit();
    await bench.pass(2799);
    expect(await now(answer)).toBeNull();
    await bench.pass(1);
    expect(await answer).toEqual({ type: 'none' });
    expect(bench.offered.length).toBe(1);
    const again = bench.submit();
    expect(await now(again)).toBeNull();
    await bench.commitAll();
    expect(await again).toEqual(accepted(400_000n));
    expect(bench.checks.length).toBe(1);
  });

  it('desk - what the journal refused is stored again when it is repeated, and no success is answered before', async () => {
    const bench = deskBench();
    bench.state.refusesCommits = true;
    const answer = bench.submit();
    await bench.pass(3000);
    expect(await answer).toEqual({ type: 'none' });
    bench.state.refusesCommits = false;
    bench.state.commitsAtOnce = false;
    const again = bench.submit();
    expect(await now(again)).toBeNull();
    await bench.commitAll();
    expect(await again).toEqual(accepted(400_000n));
    expect(bench.stored()).toMatchObject([{ state: 'waiting' }]);
  });

  it('desk - S5: an address over its budget is answered before the check, and only what is true is forwarded', async () => {
    const bench = deskBench();
    bench.state.overBudget = ['nat'];
    bench.state.checksAtOnce = false;
    const bad = bench.submit({ nonce: 1n, rawQuality: 0n, accountId: account('b') }, 'nat');
    const good = bench.submit({ nonce: 2n, rawQuality: 400n }, 'nat');
    expect(await bad).toMatchObject({ type: 'accepted' });
    expect(await good).toEqual(accepted(400n));
    await bench.checks[0]?.end({ type: 'fails', computed: 7n });
    await bench.checks[1]?.end({ type: 'holds' });
    expect(qualities(bench)).toEqual([400n]);
    expect(bench.facts).toContainEqual(
      expect.objectContaining({ type: 'judged', accountId: account('b'), verdict: 'false' }),
    );
    expect(bench.desk.snapshot().refusedByCode.size).toBe(0);
  });

  it('desk - a full queue of proofs is asked again until the check ends', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    const answer = bench.submit();
    await flush();
    await bench.checks[0]?.end({ type: 'full' });
    expect(await answer).toEqual(accepted(400_000n));
    await bench.pass(1000);
    await bench.checks[1]?.end({ type: 'full' });
    await bench.pass(1000);
    await bench.checks[2]?.end({ type: 'holds' });
    expect(bench.offered.length).toBe(1);
    expect(bench.desk.snapshot().postponed).toBe(2);
  });

  it('desk - S26: a block that passes ends its checks, and those of the new block go on', async () => {
    const bench = deskBench();
    bench.state.checksAtOnce = false;
    const old = bench.submit();
    await flush();
    const next = block({ of: { blockHash: 'h2', height: 101n, generationSignature: '6b'.repeat(32) } });
    await bench.blocksAre(next);
    const fresh = bench.submit({
      blockHash: 'h2',
      height: 101n,
      generationSignature: '6b'.repeat(32),
      nonce: 4n,
    });
    await flush();
    await bench.checks[0]?.end({ type: 'dropped' });
    await bench.checks[1]?.end({ type: 'holds' });
    expect(await old).toMatchObject({ type: 'accepted' });
    expect(await fresh).toMatchObject({ type: 'accepted' });
    expect(bench.offered).toMatchObject([{ blockHash: 'h2' }]);
    expect(bench.verdicts()).toContain('400000 expired');
  });

  it('desk - an unknown hash causes one refresh, and is stale if its block is still unknown', async () => {
    const bench = deskBench();
    expect(await bench.submit({ blockHash: 'h0', height: 99n })).toMatchObject({
      code: -32003,
      message: 'Stale: height 100 is current, the submission is for height 99',
    });
    expect(bench.state.refreshes).toBe(1);
    bench.state.onRefresh = async () => {
      bench.state.blocks = [block({ of: { blockHash: 'h2', height: 101n } })];
      bench.desk.blocksChanged();
    };
    expect(await bench.submit({ blockHash: 'h2', height: 101n })).toMatchObject({ type: 'accepted' });
    expect(bench.checks.length).toBe(1);
  });

  it('desk - a refresh is waited for 2 s at most', async () => {
    const bench = deskBench();
    bench.state.onRefresh = () => new Promise(() => undefined);
    const answer = bench.submit({ blockHash: 'h0', height: 99n });
    await bench.pass(1999);
    expect(await now(answer)).toBeNull();
    await bench.pass(1);
    expect(await answer).toMatchObject({ code: -32003 });
  });

  it('desk - before the first information a submission waits for it, and is then judged', async () => {
    const bench = deskBench({ blocks: [] });
    const good = bench.submit();
    const wrong = bench.submit({ height: 99n, nonce: 4n });
    const stale = bench.submit({ blockHash: 'h0', nonce: 6n });
    await bench.pass(1000);
    expect(await now(good)).toBeNull();
    expect(bench.stored()).toMatchObject([{ upstream: '' }, { upstream: '' }, { upstream: '' }]);
    await bench.blocksAre(block());
    expect(await good).toEqual(accepted(400_000n));
    expect(await wrong).toMatchObject({ code: -32002, data: { expected: 100n, submitted: 99n } });
    expect(await stale).toMatchObject({ code: -32003 });
    expect(bench.offered.length).toBe(1);
    expect(bench.stored()).toMatchObject([{ upstream: 'first', state: 'waiting' }]);
  });

  it('desk - after a restart a block that is not known is not stale before the first information', async () => {
    const bench = deskBench();
    bench.state.isConfirmed = false;
    expect(await bench.submit()).toEqual(accepted(400_000n));
    const answer = bench.submit({ blockHash: 'h2', height: 101n, nonce: 4n });
    const stale = bench.submit({ blockHash: 'h0', nonce: 6n });
    await bench.pass(3000);
    expect(await answer).toEqual(accepted(400_000n));
    expect(await stale).toEqual(accepted(400_000n));
    const restarted = deskBench({ stored: bench.stored() });
    expect(restarted.offered.map(({ blockHash }) => blockHash)).toEqual(['h1']);
    bench.state.isConfirmed = true;
    await bench.blocksAre(block({ of: { blockHash: 'h2', height: 101n } }));
    expect(bench.offered.map(({ blockHash }) => blockHash)).toEqual(['h1', 'h2']);
    expect(bench.stored().filter(({ upstream }) => upstream === '')).toEqual([]);
    expect(await bench.submit({ blockHash: 'h0', nonce: 8n })).toMatchObject({ code: -32003 });
  });

  it('desk - without information for 3 s a submission is accepted, and judged when the information comes', async () => {
    const bench = deskBench({ blocks: [] });
    const answer = bench.submit();
    await bench.pass(3000);
    expect(await answer).toEqual(accepted(400_000n));
    expect(bench.offered).toEqual([]);
    await bench.pass(60_000);
    const restarted = deskBench({ blocks: [], stored: bench.stored() });
    await restarted.blocksAre(block());
    expect(restarted.offered.length).toBe(1);
    await bench.blocksAre(block());
    expect(bench.offered.length).toBe(1);
  });

  it('desk - a base target of 0 is refused at once, and nothing is stored', async () => {
    const bench = deskBench({ blocks: [] });
    expect(await bench.submit({ baseTarget: 0n })).toMatchObject({ code: -32001 });
    expect(bench.facts).toEqual([]);
  });

  it('desk - S15: a quality of 0 with the largest base target is forwarded', async () => {
    const baseTarget = 2n ** 64n - 1n;
    const bench = deskBench({ blocks: [block({ of: { baseTarget } })] });
    expect(await bench.submit({ baseTarget, rawQuality: 5n })).toEqual({
      type: 'accepted',
      pocTime: pocTime(5n, baseTarget, 120),
    });
    expect(qualities(bench)).toEqual([5n]);
  });

  it('desk - verify off checks nothing, and forwards what is better', async () => {
    const bench = deskBench({ verify: 'off' });
    await bench.submit({ nonce: 1n, rawQuality: 400n });
    await bench.submit({ nonce: 3n, rawQuality: 500n });
    await bench.submit({ nonce: 5n, rawQuality: 300n });
    expect(bench.checks).toEqual([]);
    expect(qualities(bench)).toEqual([400n, 300n]);
    bench.desk.setVerify('best');
    expect(await bench.submit({ nonce: 7n, rawQuality: 200n })).toMatchObject({ code: -32001 });
  });

  it('desk - verify all checks also what is not better', async () => {
    const bench = deskBench({ verify: 'all' });
    await bench.submit({ nonce: 2n, rawQuality: 400n });
    expect(await bench.submit({ nonce: 3n, rawQuality: 500n })).toMatchObject({ code: -32001 });
    expect(await bench.submit({ nonce: 4n, rawQuality: 600n })).toEqual(accepted(600n));
    expect(qualities(bench)).toEqual([400n]);
    expect(bench.checks.length).toBe(3);
  });

  it('desk - verify best checks what is not better only when it is wanted', async () => {
    const bench = deskBench();
    await bench.submit({ nonce: 2n, rawQuality: 400n });
    expect(await bench.submit({ nonce: 3n, rawQuality: 500n })).toEqual(accepted(500n));
    expect(await bench.submit({ nonce: 4n, rawQuality: 600n })).toEqual(accepted(600n));
    expect(bench.checks.length).toBe(1);
    const [best] = bench.offered;
    if (best !== undefined)
      bench.desk.settled(best, { type: 'refused', about: 'submission', code: -32001, text: 'no' });
    await flush();
    await flush();
    expect(qualities(bench)).toEqual([400n, 600n]);
    expect(bench.verdicts()).toContain('500 false');
  });

  it('desk - S22: the text of a refused account is given once, and nothing of it follows in this block', async () => {
    const bench = deskBench();
    await bench.submit({ rawQuality: 400n });
    await bench.submit({ rawQuality: 400n, accountId: account('b') });
    const [first, second] = bench.offered;
    if (first === undefined || second === undefined) throw new Error('nothing was offered');
    bench.desk.settled(first, { type: 'refused', about: 'account', code: -32007, text: 'not ours <b>' });
    bench.desk.settled(second, { type: 'delivered', rawQuality: 400n });
    expect(bench.desk.notices()).toEqual(new Map([[account('a'), 'not ours <b>']]));
    expect(await bench.submit({ rawQuality: 300n, nonce: 4n })).toEqual({
      type: 'refused',
      code: -32007,
      message: 'not ours <b>',
    });
    expect(await bench.submit({ rawQuality: 200n, nonce: 6n })).toEqual(accepted(200n));
    expect(bench.verdicts().filter((verdict) => verdict.endsWith('not_assigned')).length).toBe(3);
    expect(await bench.submit({ rawQuality: 100n, nonce: 8n, accountId: account('b') })).toEqual(
      accepted(100n),
    );
    expect(qualities(bench)).toEqual([400n, 400n, 100n]);
    await bench.blocksAre(block({ of: { blockHash: 'h2' } }));
    await bench.submit({ blockHash: 'h2', rawQuality: 300n, nonce: 4n });
    const last = bench.offered.at(-1);
    expect(last?.blockHash).toBe('h2');
    if (last !== undefined) bench.desk.settled(last, { type: 'delivered', rawQuality: 300n });
    expect(bench.desk.notices().size).toBe(0);
  });

  it('desk - S2: a submission for the block of one upstream is never offered to another', async () => {
    const other = block({ upstream: 'second', of: { blockHash: 'g1', height: 7n } });
    const bench = deskBench({ blocks: [block(), other] });
    await bench.submit();
    bench.state.active = 'second';
    await bench.blocksAre(block(), other);
    expect(bench.offered).toMatchObject([{ upstream: 'first', blockHash: 'h1' }]);
    await bench.submit({ nonce: 4n, rawQuality: 1n });
    await bench.submit({ nonce: 6n, blockHash: 'g1', height: 7n });
    expect(bench.offered.map(({ upstream, blockHash }) => `${upstream} ${blockHash}`)).toEqual([
      'first h1',
      'first h1',
      'second g1',
    ]);
  });

  it('desk - S1: the bests of the running block are offered once to an upstream that takes over with the same block', async () => {
    const both = [block(), block({ upstream: 'second' })];
    const bench = deskBench({ blocks: both });
    await bench.submit({ rawQuality: 400n });
    await bench.submit({ rawQuality: 500n, accountId: account('b') });
    const [delivered] = bench.offered;
    if (delivered !== undefined) bench.desk.settled(delivered, { type: 'delivered', rawQuality: 400n });
    bench.state.checksAtOnce = false;
    void bench.submit({ rawQuality: 300n, nonce: 4n });
    await flush();
    bench.state.active = 'second';
    await bench.blocksAre(...both);
    const taken = () =>
      bench.offered
        .filter(({ upstream }) => upstream === 'second')
        .map(({ submission }) => submission.rawQuality);
    expect(taken()).toEqual([400n, 500n]);
    // Its check runs while the upstream changes.
    await bench.checks[2]?.end({ type: 'holds' });
    expect(taken()).toEqual([400n, 500n, 300n]);
    bench.state.active = 'first';
    await bench.blocksAre(...both);
    bench.state.active = 'second';
    await bench.blocksAre(...both);
    expect(taken()).toEqual([400n, 500n, 300n]);
    expect(bench.desk.snapshot().takenOver).toBe(3);
  });

  it('desk - a submission of the previous block is delivered under the current hash if the same forger made it anew', async () => {
    const bench = deskBench();
    await bench.submit({ rawQuality: 400n });
    await bench.blocksAre(block({ of: { blockHash: 'h2' } }), block({ age: 'previous' }));
    // What was not delivered yet goes along.
    expect(bench.offered.map(({ blockHash }) => blockHash)).toEqual(['h1', 'h2']);
    await bench.submit({ rawQuality: 300n, nonce: 4n });
    expect(bench.offered.at(-1)).toMatchObject({
      blockHash: 'h2',
      submission: { blockHash: 'h1', rawQuality: 300n },
    });
  });

  it('desk - a restart goes on with what was stored', async () => {
    const bench = deskBench();
    await bench.submit({ rawQuality: 400n });
    await bench.submit({ rawQuality: 500n, nonce: 4n });
    await bench.submit({ rawQuality: 450n, nonce: 6n, accountId: account('b') });
    const delivered = bench.offered[1];
    if (delivered !== undefined) bench.desk.settled(delivered, { type: 'delivered', rawQuality: 450n });
    bench.state.checksAtOnce = false;
    void bench.submit({ rawQuality: 100n, nonce: 8n });
    await flush();
    expect(bench.stored().map(({ state }) => state)).toEqual(['waiting', 'held', 'delivered', 'checking']);
    const restarted = deskBench({ stored: bench.stored() });
    await flush();
    expect(qualities(restarted)).toEqual([400n, 100n]);
    expect(restarted.remembered.map(({ submission }) => submission.rawQuality)).toEqual([450n]);
    await restarted.submit({ rawQuality: 450n, nonce: 10n, accountId: account('b') });
    await restarted.submit({ rawQuality: 120n, nonce: 12n });
    expect(qualities(restarted)).toEqual([400n, 100n]);
    const ids = restarted.stored().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.min(...ids.slice(4))).toBeGreaterThan(Math.max(...ids.slice(0, 4)));
    const best = restarted.offered[1];
    if (best !== undefined)
      restarted.desk.settled(best, { type: 'refused', about: 'submission', code: -8, text: '' });
    await flush();
    expect(qualities(restarted)).toEqual([400n, 100n, 120n]);
  });

  it('desk - a held-back one without a best is checked and offered after a restart', async () => {
    const held = entry({ id: 3, state: 'held', of: { nonce: 2n } });
    const foreign = entry({ id: 4, state: 'waiting', upstream: 'gone', of: { nonce: 4n } });
    const bench = deskBench({ stored: [held, foreign] });
    await flush();
    expect(bench.offered).toMatchObject([{ id: 3 }]);
    expect(bench.stored().map(({ id }) => id)).toEqual([3]);
  });

  it('desk - an upstream that is configured anew gets what was in delivery; one that is not any longer loses its books', async () => {
    const bench = deskBench();
    await bench.submit();
    await bench.submit({ accountId: account('b') });
    const [first] = bench.offered;
    if (first !== undefined) bench.desk.settled(first, { type: 'delivered', rawQuality: 400_000n });
    bench.state.told = [];
    bench.state.delivery = bench.newDelivery();
    bench.desk.blocksChanged();
    expect(bench.offered.map(({ id }) => id)).toEqual([1, 2, 2]);
    expect(bench.remembered.map(({ id }) => id)).toEqual([1]);
    expect(bench.state.told).toEqual(['h1']);
    bench.desk.blocksChanged();
    expect(bench.offered.length).toBe(3);
    bench.state.delivery = undefined;
    await bench.blocksAre();
    expect(bench.stored()).toEqual([]);
    expect(bench.desk.snapshot().entries).toBe(0);
  });

  it('desk - an upstream that changed its mode begins new books', async () => {
    const bench = deskBench();
    await bench.submit();
    await bench.blocksAre(block({ mode: 'wallet' }));
    await bench.submit({ accountId: account('b'), rawQuality: 500_000n, nonce: 4n });
    expect(bench.stored()).toMatchObject([{ mode: 'wallet', submission: { rawQuality: 500_000n } }]);
  });

  it('desk - a stop closes the connections that wait', async () => {
    const bench = deskBench();
    bench.state.commitsAtOnce = false;
    const answer = bench.submit();
    await bench.desk.stop();
    expect(await answer).toEqual({ type: 'none' });
    expect(bench.time.timers).toBe(0);
  });

  it('desk - a wrong submission is refused with its reason, and counted by its code', async () => {
    const bench = deskBench();
    await bench.submit({ height: 99n });
    await bench.submit({ compression: 9 });
    const { refusedByCode, arrivals } = bench.desk.snapshot();
    expect(refusedByCode).toEqual(
      new Map([
        [-32002, 1],
        [-32001, 1],
      ]),
    );
    expect(arrivals.invalid).toBe(2);
    expect(bench.facts).toEqual([]);
  });
});
