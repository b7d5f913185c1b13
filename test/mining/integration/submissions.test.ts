// What becomes of submissions in the running program, over real sockets: stories of people whose proxies sent too much,
// too little, or the wrong thing.

import { describe, expect, it } from 'vitest';
import { GREATEST_U64, namedBlock } from '../../../src/mining/simulator/block.ts';
import { createPlainProver } from '../../../src/mining/simulator/plain-prover.ts';
import {
  flatFile,
  improving,
  type MiningFile,
  miningPlace,
  startMining,
  startUpstream,
  TestMiner,
  trueSubmission,
} from '../../support/mining.ts';
import { until } from '../../support/until.ts';
import type { UpstreamSimOptions } from '../../../src/mining/simulator/upstream-sim.ts';

async function setUp(options: UpstreamSimOptions = {}, more: MiningFile = {}) {
  const upstream = await startUpstream(options);
  const place = await miningPlace('submissions');
  const file = flatFile(place, upstream.port, more);
  const program = await startMining(place, file);
  const miner = new TestMiner(program.miners);
  await until('an information', async () => (await miner.information()).result !== undefined);
  return { upstream, place, file, program, miner };
}

describe('mining submissions', () => {
  it('mining submissions - S3: one that is sent ten times, and again later, is checked once and forwarded once', async () => {
    // The upstream checks it with the plain arithmetic, which is independent of the program's.
    const { upstream, program, miner } = await setUp({ prover: createPlainProver() });
    const submission = trueSubmission('S3', upstream.block);
    const replies = await Promise.all(Array.from({ length: 10 }, () => miner.submit(submission)));
    replies.push(await miner.submit(submission));
    for (const { result } of replies) expect(result?.['raw_quality']).toBe(submission.rawQuality);
    await until('the delivery', () => upstream.accepted.length === 1);
    replies.push(await miner.submit(submission));
    expect(upstream.received.length).toBe(1);
    expect(await program.metric('aggregator_mining_proof_checks_total')).toBe(1);
  });

  it('mining submissions - S6: a claim of zero displaces nothing; true ones of the block go on', async () => {
    const { upstream, miner } = await setUp();
    const [worse, better] = improving('S6', upstream.block, 2);
    if (worse === undefined || better === undefined) throw new Error('no submissions');
    const lie = { ...worse, nonce: worse.nonce + 7n, rawQuality: 0n };
    const [first] = await Promise.all([miner.submit(worse), miner.submit(lie)]);
    expect(first.result?.['raw_quality']).toBe(worse.rawQuality);
    // A check that takes longer than 3 s on a busy machine is answered before it ends.
    await until('the lie is refused', async () => (await miner.submit(lie)).error?.code === -32001n);
    expect((await miner.submit(better)).result?.['raw_quality']).toBe(better.rawQuality);
    await until('both true ones', () => upstream.accepted.length === 2);
    expect(upstream.received.map(({ submission }) => submission?.rawQuality)).toEqual([
      worse.rawQuality,
      better.rawQuality,
    ]);
  });

  it('mining submissions - a flood of unknown hashes of 128 characters refreshes at most once a second and delays nothing', async () => {
    const { upstream, miner, program } = await setUp();
    const honest = trueSubmission('unknown', upstream.block);
    const polls = upstream.polls;
    const startedMs = performance.now();
    const flood = Array.from({ length: 300 }, (_none, index) =>
      new TestMiner(program.miners).submit({ ...honest, blockHash: String(index).padStart(128, 'f') }),
    );
    const reply = miner.submit(honest);
    // On a busy machine one may have no answer.
    for (const { status, error } of await Promise.all(flood))
      if (status !== null) expect(error?.code).toBe(-32003n);
    expect((await reply).result?.['raw_quality']).toBe(honest.rawQuality);
    // The background asks once a second too.
    expect(upstream.polls - polls).toBeLessThanOrEqual(2 * ((performance.now() - startedMs) / 1000) + 3);
    await until('the delivery', () => upstream.accepted.length === 1);
    expect(upstream.received.length).toBe(1);
  });

  it('mining submissions - S10: one of the previous block is stale, and the text says which height is current', async () => {
    const { upstream, miner } = await setUp();
    const late = trueSubmission('S10', upstream.block);
    upstream.nextBlock();
    await until('the new block', async () => {
      const { result } = await miner.information();
      return result?.['block_hash'] === upstream.block.blockHash;
    });
    await until('the end of the grace', async () => (await miner.submit(late)).error?.code === -32003n);
    const { error } = await miner.submit(late);
    expect(error?.message).toContain(String(upstream.block.height));
  });

  it('mining submissions - S13: a proof for another height is refused with the claimed and the computed quality', async () => {
    const { upstream, miner } = await setUp();
    const { block } = upstream;
    const other = trueSubmission('S13', namedBlock('another', block.height));
    const wrong = { ...other, ...pick(block) };
    const { error } = await miner.submit(wrong);
    expect(error?.code).toBe(-32001n);
    expect(error?.message).toContain(String(wrong.rawQuality));
    expect(error?.message).toContain(String(trueSubmission('S13', block).rawQuality));
    expect(upstream.received).toEqual([]);
  });

  it('mining submissions - S14: the digits of 64-bit numbers stay, upstream, in the answer, in /stats and after a restart', async () => {
    const block = { ...namedBlock('S14', GREATEST_U64), targetQuality: GREATEST_U64, baseTarget: 1n };
    const { upstream, place, file, program, miner } = await setUp({ block, prover: null }, { verify: 'off' });
    const information = await miner.information();
    expect(information.text).toContain('"target_quality":18446744073709551615');
    expect(information.text).toContain('"height":18446744073709551615');
    const submission = { ...trueSubmission('S14', block), nonce: GREATEST_U64, rawQuality: 2n ** 63n };
    const reply = await miner.submit(submission);
    expect(reply.text).toContain('"raw_quality":9223372036854775808');
    await until('the delivery', () => upstream.received.length === 1);
    expect(upstream.received[0]?.paramsText).toContain('"nonce":18446744073709551615');
    expect(upstream.received[0]?.paramsText).toContain('"raw_quality":9223372036854775808');
    const shows = async (url: string) =>
      (await (await fetch(`${url}/stats`)).text()).includes('"bestRawQuality":9223372036854775808');
    await until('the best in /stats', () => shows(program.miners));
    expect(await program.stop()).toBe(0);
    const again = await startMining(place, file);
    await until('the best after the restart', () => shows(again.miners));
  });

  it('mining submissions - S15: a true proof with adjusted quality 0 is forwarded', async () => {
    const block = { ...namedBlock('S15', 7n), baseTarget: GREATEST_U64 };
    const { upstream, miner } = await setUp({ block });
    const reply = await miner.submit(trueSubmission('S15', block));
    expect(reply.result?.['poc_time']).toBeDefined();
    await until('the delivery', () => upstream.accepted.length === 1);
  });

  it('mining submissions - S20: a new block has no best before its first submission', async () => {
    const { upstream, program, miner } = await setUp();
    await miner.submit(trueSubmission('S20', upstream.block));
    const best = async () => (await program.stats())['currentBlockBest'] as Readonly<Record<string, unknown>>;
    await until('a best', async () => (await best())['bestRawQuality'] !== null);
    upstream.nextBlock();
    await until('the next height', async () => (await best())['height'] === upstream.block.height);
    expect(await best()).toEqual({
      height: upstream.block.height,
      bestPocTime: null,
      bestRawQuality: null,
      bestAccountId: null,
      bestMachineId: null,
    });
  });

  it('mining submissions - S22: an account that is not assigned is told once, and others go on', async () => {
    const { upstream, miner } = await setUp();
    const [first, second] = improving('S22', upstream.block, 2);
    if (first === undefined || second === undefined) throw new Error('no submissions');
    upstream.rejectWith(-32007, 'Not assigned: join at the pool first.', {
      submission: ({ accountId }) => accountId === first.accountId,
    });
    expect((await miner.submit(first)).result?.['raw_quality']).toBe(first.rawQuality);
    await until('the refusal', () => upstream.received.length === 1);
    const told = await until('the text', async () => (await miner.submit(second)).error);
    expect(told.code).toBe(-32007n);
    expect(told.message).toContain('Not assigned: join at the pool first.');
    const other = trueSubmission('S22 other', upstream.block);
    expect((await miner.submit(other)).result?.['raw_quality']).toBe(other.rawQuality);
    await until('the other account', () => upstream.accepted.length === 1);
    expect(upstream.received.length).toBe(2);
  });

  it('mining submissions - S28: three names behind one address are three machines, and markup stays text', async () => {
    const { program } = await setUp();
    for (const name of ['one', 'two', '<img src=x onerror=alert(1)>'])
      await new TestMiner(program.miners, { 'x-miner': name }).information();
    const machines = await until('the machines', async () => {
      const ids = (await program.stats()).machines.map(({ machineId }) => machineId);
      return ids.length >= 4 && ids;
    });
    expect(machines).toEqual(expect.arrayContaining(['127.0.0.1', 'one@127.0.0.1', 'two@127.0.0.1']));
  });
});

function pick({ blockHash, height, generationSignature, baseTarget }: ReturnType<typeof namedBlock>) {
  return { blockHash, height, generationSignature, baseTarget };
}
