// The running program and upstreams in trouble: stories of people whose pool died, hung, changed its password or
// answered with something else.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  flatFile,
  miningFolder,
  miningPlace,
  startMining,
  startUpstream,
  TestMiner,
  trueSubmission,
} from '../../support/mining.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';
import { namedBlock } from '../../../src/mining/simulator/block.ts';

const heightOf = async (miner: TestMiner) => (await miner.information()).result?.['height'];
const hashOf = async (miner: TestMiner) => (await miner.information()).result?.['block_hash'];

describe('mining upstream', () => {
  it('mining upstream - S1, S2: a fallback takes over within 3 s, gets the bests of the same block once, and nothing of another', async () => {
    const [first, second] = [await startUpstream(), await startUpstream()];
    const place = await miningPlace('fallback');
    const file = flatFile(place, first.port, {
      upstream: {
        name: 'first',
        url: `http://127.0.0.1:${first.port}/`,
        submission_mode: 'pool',
        fallbacks: [{ name: 'second', url: `http://127.0.0.1:${second.port}/`, submission_mode: 'pool' }],
      },
    });
    const program = await startMining(place, file);
    const miner = new TestMiner(program.miners);
    await until('an information', async () => (await hashOf(miner)) === first.block.blockHash);
    const best = trueSubmission('S1', first.block);
    await miner.submit(best);
    await until('the delivery', () => first.accepted.length === 1);
    await first.refuse();
    const startedMs = performance.now();
    await until('the bests of the same block at the second', () => second.accepted.length === 1);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    second.setBlock({ height: second.block.height + 5n });
    await until('the block of the second', async () => (await hashOf(miner)) === second.block.blockHash);
    const own = trueSubmission('S2', second.block);
    await miner.submit(own);
    await until('the delivery to the second', () => second.accepted.length === 2);
    expect(second.received.length).toBe(2);
    expect(first.received.length).toBe(1);
  });

  it('mining upstream - S7: what waited while the upstream was away is delivered when it is back', async () => {
    const upstream = await startUpstream({ prover: null });
    const place = await miningPlace('away');
    const program = await startMining(place, flatFile(place, upstream.port));
    const miner = new TestMiner(program.miners);
    await until('an information', async () => (await heightOf(miner)) !== undefined);
    await upstream.refuse();
    const accounts = Array.from({ length: 20 }, (_none, index) => `S7 ${index}`);
    const waiting = accounts.map((name) => trueSubmission(name, upstream.block));
    const replies = await Promise.all(waiting.map((submission) => miner.submit(submission)));
    expect(replies.every(({ result }) => result !== undefined)).toBe(true);
    await upstream.comeBack();
    await until('all of them', () => upstream.accepted.length === accounts.length);
    expect(upstream.received.length).toBe(accounts.length);
  });

  it('mining upstream - S11: an HTML page with status 200 is an outage, and nothing counts as accepted', async () => {
    const upstream = await startUpstream();
    const place = await miningPlace('html');
    const program = await startMining(place, flatFile(place, upstream.port));
    const miner = new TestMiner(program.miners);
    await until('an information', async () => (await heightOf(miner)) !== undefined);
    const html = upstream.answerHtml();
    expect((await miner.submit(trueSubmission('S11', upstream.block))).result).toBeDefined();
    await until('an attempt', () => upstream.received.some(({ verdict }) => verdict === 'unserved'));
    expect(await program.metric('aggregator_mining_deliveries_total', 'outcome="delivered"')).toBe(0);
    html.clear();
    await until('the delivery', () => upstream.accepted.length === 1);
  });

  it('mining upstream - S16: without an upstream the program listens, /stats is complete, and miners are told at once', async () => {
    const place = await miningPlace('alone');
    const program = await startMining(place, flatFile(place, await freePort()));
    const miner = new TestMiner(program.miners);
    const { error, tookMs } = await miner.information();
    expect(error).toMatchObject({ code: -32000n, message: 'Failed to get mining info' });
    expect(tookMs).toBeLessThan(3_000);
    const stats = await program.stats();
    expect(stats).toMatchObject({ networkCapacity: 'N/A', machines: expect.anything() });
    expect((await fetch(`${program.miners}/readyz`)).status).toBe(503);
  });

  it('mining upstream - S18: a new cookie is read without a restart', async () => {
    const cookiePath = join(miningFolder('cookie'), '.cookie');
    writeFileSync(cookiePath, '__cookie__:stale\n');
    const upstream = await startUpstream({ auth: { type: 'cookie', path: cookiePath } });
    const place = await miningPlace('cookie');
    const program = await startMining(place, {
      server: { listen_address: `127.0.0.1:${place.port}` },
      upstream: {
        name: 'node',
        rpc_host: '127.0.0.1',
        rpc_port: upstream.port,
        rpc_auth: { type: 'cookie', cookie_path: cookiePath },
        submission_mode: 'wallet',
      },
      database: { path: 'aggregator.db' },
      logging: { level: 'debug' },
    });
    const miner = new TestMiner(program.miners);
    await until('an information', async () => (await heightOf(miner)) !== undefined);
    const writeIt = upstream.rotateCookie();
    const polls = upstream.polls;
    await until('a refused refresh', () => program.log.some(({ msg }) => msg.includes('node')));
    upstream.nextBlock();
    writeIt();
    await until('the next block', async () => (await hashOf(miner)) === upstream.block.blockHash);
    expect(upstream.polls).toBeGreaterThan(polls);
  });

  it('mining upstream - S19: while half of the calls are answered 503, no block is missed and bests are delivered', async () => {
    const upstream = await startUpstream();
    const place = await miningPlace('busy');
    const program = await startMining(place, flatFile(place, upstream.port));
    const miner = new TestMiner(program.miners);
    upstream.inject({ type: 'status', status: 503, text: 'Work queue depth exceeded' }, { every: 2 });
    for (let block = 0; block < 3; block++) {
      upstream.nextBlock();
      await until('the block', async () => (await hashOf(miner)) === upstream.block.blockHash);
      expect((await miner.submit(trueSubmission('S19', upstream.block))).result).toBeDefined();
      await until('the delivery', () => upstream.accepted.length === block + 1);
    }
  });

  it('mining upstream - S27: a miner has its answer within 3 s while the upstream takes long', async () => {
    const upstream = await startUpstream();
    const place = await miningPlace('slow');
    const program = await startMining(place, flatFile(place, upstream.port));
    const miner = new TestMiner(program.miners);
    await until('an information', async () => (await heightOf(miner)) !== undefined);
    upstream.inject({ type: 'slow', delayMs: 25_000 }, { method: 'submit_nonce' });
    const { result, tookMs } = await miner.submit(trueSubmission('S27', upstream.block));
    expect(result).toBeDefined();
    expect(tookMs).toBeLessThan(4_000);
  });

  it('mining upstream - S8: of two nodes that answer in turn miners see one change', async () => {
    const upstream = await startUpstream();
    const place = await miningPlace('alternating');
    const program = await startMining(place, flatFile(place, upstream.port));
    const miner = new TestMiner(program.miners);
    const a = upstream.block;
    const b = namedBlock('S8', a.height + 1n);
    await until('the first block', async () => (await hashOf(miner)) === a.blockHash);
    upstream.alternateWith(b);
    await until('the second block', async () => (await hashOf(miner)) === b.blockHash);
    const seen = new Set<unknown>();
    const polls = upstream.polls;
    await until('some refreshes', async () => {
      seen.add(await hashOf(miner));
      return upstream.polls > polls + 4;
    });
    expect([...seen]).toEqual([b.blockHash]);
  });

  it('mining upstream - S9: each reorganisation reaches the miners, and submissions for the block before are stale', async () => {
    const upstream = await startUpstream();
    const place = await miningPlace('reorganised');
    const program = await startMining(place, flatFile(place, upstream.port));
    const miner = new TestMiner(program.miners);
    const a = upstream.block;
    await until('the first block', async () => (await hashOf(miner)) === a.blockHash);
    for (const block of [namedBlock('S9 b', a.height), namedBlock('S9 c', a.height - 1n)]) {
      upstream.setBlock(block);
      const startedMs = performance.now();
      await until('the other block', async () => (await hashOf(miner)) === block.blockHash);
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    }
    const late = trueSubmission('S9', a);
    await until('stale', async () => (await miner.submit(late)).error?.code === -32003n);
  });
});
