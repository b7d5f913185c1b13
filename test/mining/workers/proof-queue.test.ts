// The proof queue with real threads: outcomes, joins, budgets, a new block, a full queue, and threads that die.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import type { ProofClaim, ProofOrigin } from '../../../src/mining/domain/proof-check.ts';
import { ProofQueue, type ProofQueueOptions } from '../../../src/mining/workers/proof-queue.ts';
import { quickRawQuality } from '../../support/quick-proof.ts';
import { until } from '../../support/until.ts';
import { PROOF_VECTORS } from '../vectors.ts';

const THREAD = new URL('../../../src/mining/workers/proof-thread.ts', import.meta.url);
const DYING_THREAD = new URL('../../support/dying-proof-thread.ts', import.meta.url);

const queues: ProofQueue[] = [];
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop()));
});

function makeQueue(options: Partial<ProofQueueOptions> = {}): ProofQueue {
  const queue = new ProofQueue({ threads: 1, clock: systemClock, workerUrl: THREAD, ...options });
  queues.push(queue);
  return queue;
}

const origin = (address = '10.0.0.1', pocTime = 100n, blockHash = 'now'): ProofOrigin => ({
  address,
  pocTime,
  blockHash,
});

/** The true proofs of level 1. */
const SMALL = PROOF_VECTORS.filter(({ compression }) => compression === 1);
const trueProof = (): ProofClaim => {
  const [claim] = SMALL;
  if (claim === undefined) throw new Error('no vector of level 1');
  return claim;
};
/** A false one; each number another. */
const falseProof = (number: number): ProofClaim => ({ ...trueProof(), rawQuality: BigInt(number) });

describe('proof queue', () => {
  it('computes every vector, its lanes filled from all of them', async () => {
    const queue = makeQueue();
    const outcomes = PROOF_VECTORS.map((claim) => queue.check(claim, origin()));
    await queue.start();
    expect(await Promise.all(outcomes)).toEqual(PROOF_VECTORS.map(() => ({ type: 'holds' })));
    const { nonces, workerSeconds, outcomes: told, waiting } = queue.counts;
    expect({ nonces, told, waiting }).toEqual({
      nonces: PROOF_VECTORS.reduce((sum, { compression }) => sum + 2 ** compression, 0),
      told: { holds: PROOF_VECTORS.length, fails: 0, dropped: 0, full: 0 },
      waiting: 0,
    });
    expect(workerSeconds).toBeGreaterThan(0);
  });

  it('lets its threads stand back behind the others of the process', async () => {
    const before = getPriority();
    const queue = makeQueue();
    await queue.start();
    await queue.check(trueProof(), origin());
    // The kernel's file has the nice value as the 19th member.
    const priorities = readdirSync('/proc/self/task').map((task) =>
      Number(readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]),
    );
    expect(priorities.filter((priority) => priority > before)).toHaveLength(1);
    expect(getPriority()).toBe(before);
  });

  it('does so without SIMD', async () => {
    const queue = makeQueue({ isSimd: false });
    await queue.start();
    const claims = SMALL.slice(0, 2);
    const outcomes = await Promise.all(claims.map((claim) => queue.check(claim, origin())));
    expect(outcomes).toEqual(claims.map(() => ({ type: 'holds' })));
  });

  it('a lie fails with the true quality, and a proof for the height before fails too (S6, S13)', async () => {
    const queue = makeQueue();
    await queue.start();
    const claim = trueProof();
    const [lie, late, honest] = await Promise.all([
      queue.check({ ...claim, rawQuality: 0n }, origin('liar', 0n)),
      queue.check({ ...claim, height: claim.height + 1n }, origin()),
      queue.check(claim, origin('honest')),
    ]);
    expect(lie).toEqual({ type: 'fails', computed: claim.rawQuality });
    expect(late.type).toBe('fails');
    expect(honest).toEqual({ type: 'holds' });
  });

  it('a large proof is made in goes, and a small one does not wait for the last of them', async () => {
    const claim = { ...trueProof(), compression: 5, rawQuality: 1n };
    const computed = quickRawQuality(claim);
    const queue = makeQueue();
    await queue.start();
    const order: string[] = [];
    const large = queue.check(claim, origin('large', 1n)).finally(() => order.push('large'));
    await until('the first go', () => queue.counts.running === 1);
    const small = queue.check(trueProof(), origin('small', 9n)).finally(() => order.push('small'));
    expect(await Promise.all([large, small])).toEqual([{ type: 'fails', computed }, { type: 'holds' }]);
    expect(order).toEqual(['small', 'large']);
  });

  it('ten equal claims are one check (S3)', async () => {
    const queue = makeQueue();
    const claim = trueProof();
    const asked = Array.from({ length: 10 }, () => queue.check(claim, origin()));
    await queue.start();
    expect(await Promise.all(asked)).toEqual(asked.map(() => ({ type: 'holds' })));
    const { joined, nonces, outcomes } = queue.counts;
    expect({ joined, nonces, holds: outcomes.holds }).toEqual({ joined: 9, nonces: 2, holds: 1 });
  });

  it('behind one address with a liar every true proof holds, and others go first (S5)', async () => {
    const queue = makeQueue();
    const order: string[] = [];
    const lies = Array.from({ length: 14 }, (_, n) => queue.check(falseProof(n), origin('farm', 1n)));
    await queue.start();
    await Promise.all(lies);
    expect(queue.isOverBudget('farm')).toBe(true);
    expect(queue.counts.overBudget).toBe(1);
    expect(queue.isOverBudget('other')).toBe(false);
    const [mine, theirs] = SMALL;
    if (mine === undefined || theirs === undefined) throw new Error('two vectors of level 1');
    await Promise.all([
      queue.check(mine, origin('farm', 5n)).then(({ type }) => order.push(`farm ${type}`)),
      queue.check(theirs, origin('other', 900n)).then(({ type }) => order.push(`other ${type}`)),
    ]);
    expect(order).toEqual(['other holds', 'farm holds']);
  });

  it('a new block drops what waits for the old one, and checks the new (S26)', async () => {
    const queue = makeQueue();
    const old = Array.from({ length: 20 }, (_, n) => queue.check(falseProof(n), origin('a', 1n, 'old')));
    const fresh = SMALL.slice(0, 3).map((claim) => queue.check(claim, origin('b', 2n, 'new')));
    queue.keepBlocks(['new']);
    await queue.start();
    expect(await Promise.all(old)).toEqual(old.map(() => ({ type: 'dropped' })));
    expect(await Promise.all(fresh)).toEqual(fresh.map(() => ({ type: 'holds' })));
    expect(queue.counts.outcomes).toEqual({ holds: 3, fails: 0, dropped: 20, full: 0 });
  });

  it('a full queue turns away the worst of the address that has most', async () => {
    const queue = makeQueue({ waitingMax: 3 });
    const greedy = Array.from({ length: 5 }, (_, n) =>
      queue.check(falseProof(n), origin('greedy', BigInt(n))),
    );
    const honest = queue.check(trueProof(), origin('honest', 900n));
    await queue.start();
    expect(await honest).toEqual({ type: 'holds' });
    const types = (await Promise.all(greedy)).map(({ type }) => type);
    expect(types).toEqual(['fails', 'fails', 'full', 'full', 'full']);
  });

  it('a thread that dies is replaced, and its proofs are made again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aggregator-proofs-'));
    try {
      const file = join(folder, 'deaths');
      writeFileSync(file, '1');
      process.env['PROOF_DEATHS'] = file;
      const changes: string[] = [];
      const queue = makeQueue({
        workerUrl: DYING_THREAD,
        threadsFail: () => changes.push('fail'),
        threadsAnswer: () => changes.push('answer'),
      });
      await queue.start();
      expect(await queue.check(trueProof(), origin())).toEqual({ type: 'holds' });
      const { lostGoes, givenUp, nonces } = queue.counts;
      expect({ lostGoes, givenUp, nonces }).toEqual({ lostGoes: 1, givenUp: 0, nonces: 2 });
      expect(changes).toEqual(['fail', 'answer']);
      // The third death in a row is one too many.
      writeFileSync(file, '3');
      expect(await queue.check(falseProof(1), origin())).toEqual({ type: 'full' });
      expect(queue.counts.givenUp).toBe(1);
      expect(await queue.check(falseProof(2), origin())).toMatchObject({ type: 'fails' });
    } finally {
      delete process.env['PROOF_DEATHS'];
      rmSync(folder, { recursive: true });
    }
  });

  it('what waits or is under way at the stop is dropped, and so is what comes after', async () => {
    const queue = makeQueue();
    await queue.start();
    const asked = Array.from({ length: 30 }, (_, n) => queue.check(falseProof(n), origin()));
    await until('a thread at work', () => queue.counts.running === 1);
    await queue.stop();
    expect(await Promise.all(asked)).toEqual(asked.map(() => ({ type: 'dropped' })));
    expect(await queue.check(trueProof(), origin())).toEqual({ type: 'dropped' });
    expect(queue.isUp).toBe(false);
  });
});
