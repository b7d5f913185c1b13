import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readRecord } from '../../../src/mining/simulator/received.ts';
import { namedPlace, SimPlot } from '../../../src/mining/simulator/sim-plot.ts';
import { paramsOf, type SimSubmission } from '../../../src/mining/simulator/sim-submission.ts';
import { UpstreamSim, type UpstreamSimOptions } from '../../../src/mining/simulator/upstream-sim.ts';
import { parseWire, printWire } from '../../../src/mining/simulator/wire-json.ts';

async function launch(options: UpstreamSimOptions = {}) {
  const sim = new UpstreamSim(options);
  onTestFinished(() => sim.stop());
  const { url } = await sim.start();
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const call = async (method: string, params: unknown = {}, headers: Record<string, string> = {}) => {
    const response = await post(printWire({ jsonrpc: '2.0', id: 'x', method, params }), headers);
    return parseWire(await response.text()) as {
      id: unknown;
      result?: Record<string, unknown>;
      error?: { code: bigint; message: string; data?: unknown };
    };
  };
  const submit = (submission: SimSubmission) => call('submit_nonce', paramsOf(submission));
  return { sim, url, post, call, submit };
}

const plot = new SimPlot(namedPlace('a test', 2));
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'upstream-sim-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** A claim that is true for an upstream that takes every claim. */
function claimFor(sim: UpstreamSim, change: Partial<SimSubmission> = {}): SimSubmission {
  const { height, blockHash, generationSignature, baseTarget } = sim.block;
  const { accountId, seed, firstNonce } = plot.place;
  const claim = { height, blockHash, generationSignature, baseTarget, accountId, seed, nonce: firstNonce };
  return { ...claim, compression: 1, rawQuality: 2n ** 60n, ...change };
}

describe('upstream-sim', () => {
  it('answers like a node: mining information with numbers above 2^53', async () => {
    const { sim, post } = await launch();
    const response = await post('{"jsonrpc":"2.0","id":7,"method":"get_mining_info"}');
    expect(await response.text()).toBe(
      `{"jsonrpc":"2.0","result":{"generation_signature":"${sim.block.generationSignature}","base_target":18014398509481984,"height":1000,"block_hash":"${sim.block.blockHash}","target_quality":18446744073709551615,"minimum_compression_level":1,"target_compression_level":1},"id":7}`,
    );
    expect(sim.polls).toBe(1);
  });

  describe('a submission', () => {
    const proofs: SimSubmission[] = [];
    let started: UpstreamSim;
    beforeAll(() => {
      started = new UpstreamSim();
      proofs.push(...plot.scan(started.block));
    });

    it('that is true is accepted, and one with another raw quality is -32001', async () => {
      const { sim, submit } = await launch();
      const [first = claimFor(sim)] = proofs;
      expect((await submit(first)).result).toEqual({
        raw_quality: first.rawQuality,
        poc_time: expect.any(BigInt) as bigint,
      });
      expect((await submit({ ...first, rawQuality: first.rawQuality - 1n })).error?.code).toBe(-32001n);
      expect((await submit({ ...first, nonce: first.nonce + 1n })).error?.code).toBe(-32001n);
      expect(sim.received.map(({ verdict, code }) => [verdict, code])).toEqual([
        ['accepted', null],
        ['refused', -32001],
        ['refused', -32001],
      ]);
      expect(sim.accepted).toEqual([first]);
    });
  });

  it('has exactly the nine members in their order', async () => {
    const { sim, call } = await launch({ prover: null });
    const right = paramsOf(claimFor(sim));
    const { seed, nonce, ...others } = right;
    const codes = [];
    for (const params of [
      right,
      { ...right, machine: 'x' },
      others,
      { ...others, nonce, seed },
      { ...right, nonce: String(nonce) },
      { ...right, nonce: 2n ** 64n },
      { ...right, nonce: -1n },
      { ...right, account_id: 'ab' },
      { ...right, compression: 256n },
      { ...right, block_hash: '' },
      Object.values(right),
    ])
      codes.push((await call('submit_nonce', params)).error?.code ?? 0n);
    expect(codes.map(Number)).toEqual([0, -8, ...Array.from({ length: 9 }, () => -32602)]);
    expect(sim.received.map(({ submission }) => submission !== null)).toEqual([
      true,
      ...Array.from({ length: 10 }, () => false),
    ]);
    expect(sim.received[5]?.paramsText).toContain('"nonce":18446744073709551616');
  });

  it('must be for the current block', async () => {
    const { sim, submit } = await launch({ prover: null });
    const old = claimFor(sim);
    sim.setBlock({ blockHash: 'another', targetQuality: 5n, minimumCompression: 2, targetCompression: 3 });
    const now = { ...claimFor(sim), compression: 2, rawQuality: sim.block.baseTarget * 6n - 1n };
    const code = async (change: Partial<SimSubmission>) =>
      Number((await submit({ ...now, ...change })).error?.code ?? 0n);
    expect(await code({})).toBe(0);
    expect(await code({ height: 999n })).toBe(-32002);
    expect(await code({ blockHash: old.blockHash })).toBe(-32003);
    expect(await code({ generationSignature: old.seed })).toBe(-32001);
    expect(await code({ generationSignature: now.generationSignature.toUpperCase() })).toBe(0);
    expect(await code({ baseTarget: 1n })).toBe(-32001);
    expect(await code({ compression: 1 })).toBe(-32001);
    expect(await code({ compression: 4 })).toBe(-32001);
    expect(await code({ rawQuality: sim.block.baseTarget * 6n })).toBe(-32001);
  });
});

describe('upstream-sim, authentication', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  it.each([
    ['basic', { type: 'basic', user: 'u', password: 'p' }, basic('u:p')],
    ['bearer', { type: 'bearer', token: 't' }, { authorization: 'Bearer t' }],
  ] as const)('by %s', async (_name, auth, right) => {
    const { post } = await launch({ auth });
    const body = '{"id":1,"method":"get_mining_info"}';
    const statuses = [];
    for (const headers of [{}, basic('u:q'), right]) statuses.push((await post(body, headers)).status);
    expect(statuses).toEqual([401, 401, 200]);
  });

  it('by JSON-RPC errors with id null', async () => {
    const { call } = await launch({
      auth: { type: 'basic', user: 'u', password: 'p' },
      authFailure: 'rpc',
    });
    expect(await call('get_mining_info')).toMatchObject({ id: null, error: { code: -32004n } });
    expect(await call('get_mining_info', {}, basic('u:q'))).toMatchObject({
      id: null,
      error: { code: -32005n },
    });
  });

  it('by a cookie that rotates', async () => {
    const path = join(folder(), '.cookie');
    const { sim, post } = await launch({ auth: { type: 'cookie', path } });
    const status = async () => {
      const headers = basic(readFileSync(path, 'utf8').trim());
      return (await post('{"id":1,"method":"get_mining_info"}', headers)).status;
    };
    expect(await status()).toBe(200);
    const write = sim.rotateCookie();
    expect(await status()).toBe(401);
    write();
    expect(await status()).toBe(200);
  });
});

describe('upstream-sim, faults', () => {
  it('refuses connections and comes back on its port', async () => {
    const { sim, call } = await launch();
    await sim.refuse();
    await expect(call('get_mining_info')).rejects.toThrow('fetch failed');
    await sim.comeBack();
    expect((await call('get_mining_info')).result).toBeDefined();
  });

  it('answers HTML, another status, an error, in its scope and as often as it is told', async () => {
    const { sim, post, submit } = await launch({ prover: null });
    const poll = () => post('{"id":1,"method":"get_mining_info"}');
    const html = sim.answerHtml({ method: 'get_mining_info' });
    expect(await (await poll()).text()).toContain('<html>');
    expect((await submit(claimFor(sim))).result).toBeDefined();
    html.clear();
    expect(html.met).toBe(1);
    sim.inject({ type: 'status', status: 503 }, { every: 2 });
    expect([(await poll()).status, (await poll()).status, (await poll()).status]).toEqual([503, 200, 503]);
    sim.clearFaults();
    sim.rateLimit('7', { times: 1 });
    const limited = await poll();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await poll()).status).toBe(200);
    const other = '00'.repeat(20);
    sim.rejectWith(-32007, 'not yours', { submission: ({ accountId }) => accountId === other });
    expect((await submit(claimFor(sim))).result).toBeDefined();
    expect((await submit(claimFor(sim, { accountId: other }))).error).toEqual({
      code: -32007n,
      message: 'not yours',
    });
    expect(sim.received.at(-1)).toMatchObject({ verdict: 'refused', code: -32007, fault: 'error' });
  });

  it('hangs until it is cleared, loses answers, cuts them, resets', async () => {
    const { sim, call, submit } = await launch({ prover: null });
    const hung = sim.hang();
    const question = call('get_mining_info');
    await expect.poll(() => hung.met).toBe(1);
    hung.clear();
    await expect(question).rejects.toThrow('fetch failed');
    sim.loseAnswers({ times: 1 });
    await expect(submit(claimFor(sim))).rejects.toThrow('fetch failed');
    expect(sim.received).toMatchObject([{ verdict: 'accepted', isAnswered: false, fault: 'lost' }]);
    sim.inject({ type: 'truncated' }, { times: 1 });
    await expect(call('get_mining_info')).rejects.toThrow(SyntaxError);
    sim.inject({ type: 'reset' }, { times: 1 });
    await expect(submit(claimFor(sim))).rejects.toThrow('fetch failed');
    expect(sim.received.at(-1)).toMatchObject({ verdict: 'unserved', fault: 'reset' });
    sim.inject({ type: 'result', json: '{"raw_quality":1}' }, { times: 1 });
    expect((await submit(claimFor(sim))).result).toEqual({ raw_quality: 1n });
    sim.inject({ type: 'slow', delayMs: 30 }, { times: 1 });
    expect((await submit(claimFor(sim))).result).toBeDefined();
  });

  it('alternates between two blocks, changes an information, answers oddly', async () => {
    const { sim, call } = await launch();
    const [old, now] = [sim.block, sim.nextBlock()];
    expect(now.height).toBe(old.height + 1n);
    sim.alternateWith(old);
    const hashes = [];
    for (let poll = 0; poll < 4; poll += 1)
      hashes.push((await call('get_mining_info')).result?.['block_hash']);
    expect(hashes).toEqual([now.blockHash, old.blockHash, now.blockHash, old.blockHash]);
    sim.alternateWith(null);
    sim.changeInformation((members) => ({ ...members, warnings: [] }));
    sim.answerOddly();
    expect(await call('get_mining_info')).toMatchObject({ id: null, result: { warnings: [] } });
  });
});

it('upstream-sim - the record survives a killed writer, and keeps digits', async () => {
  const recordPath = join(folder(), 'record.jsonl');
  const { sim, submit } = await launch({ prover: null, recordPath, seed: 3 });
  const claim = claimFor(sim, { nonce: 2n ** 64n - 1n, rawQuality: 2n ** 63n });
  await submit(claim);
  expect(readFileSync(recordPath, 'utf8')).toContain('"nonce":18446744073709551615');
  await sim.stop();
  appendFileSync(recordPath, '{"type":"submission","at');
  const { sim: next } = await launch({ prover: null, recordPath, seed: 3 });
  const { blockHash, height } = next.block;
  expect(readRecord(recordPath).map(({ type }) => type)).toEqual([
    'start',
    'block',
    'submission',
    'start',
    'block',
  ]);
  expect(readRecord(recordPath)[2]).toEqual({
    type: 'submission',
    atMs: expect.any(Number) as number,
    submission: claim,
    blockHash,
    height,
    verdict: 'accepted',
    code: null,
    fault: null,
    isAnswered: true,
  });
});
