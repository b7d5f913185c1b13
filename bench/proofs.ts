// Nonces a second and core: every WebAssembly back end and the plain version take turns, one go each per round. Measured
// in processor time, so that other work on the machine changes little. Then proofs through the queue and one thread.

import { systemClock } from '../src/lib/clock.ts';
import { makeNonce } from '../src/mining/simulator/plain-proof.ts';
import { BACK_ENDS, NonceMaker } from '../src/mining/workers/nonce-maker.ts';
import { ProofQueue } from '../src/mining/workers/proof-queue.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';

const ACCOUNT = '11'.repeat(20);
const SEED = '22'.repeat(32);
const BEST = 'simd-3';
const QUEUED_PROOFS = 120;

/** Processor seconds that the work takes in this process. */
function processorSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Proofs of level 1 a second through the queue and one thread, in time on the clock. */
async function queuedNoncesPerSecond(proofs: number): Promise<number> {
  const workerUrl = new URL('../src/mining/workers/proof-thread.ts', import.meta.url);
  const queue = new ProofQueue({ threads: 1, clock: systemClock, workerUrl });
  await queue.start();
  const check = (nonce: number) =>
    queue.check(
      {
        accountId: ACCOUNT,
        seed: SEED,
        nonce: BigInt(nonce),
        compression: 1,
        height: 1n,
        generationSignature: '33'.repeat(32),
        rawQuality: 0n,
      },
      { address: `address ${nonce}`, blockHash: 'block', pocTime: BigInt(nonce) },
    );
  // The first go compiles the functions.
  await Promise.all(Array.from({ length: 12 }, (_, nonce) => check(nonce)));
  const startMs = performance.now();
  await Promise.all(Array.from({ length: proofs }, (_, nonce) => check(100 + nonce)));
  const seconds = (performance.now() - startMs) / 1000;
  await queue.stop();
  return (proofs * 2) / seconds;
}

export async function benchProofs({ rounds, isQuick }: BenchOptions): Promise<readonly Figure[]> {
  const source = { account: Buffer.from(ACCOUNT, 'hex'), seed: Buffer.from(SEED, 'hex'), nonce: 1n };
  const contestants = [
    ...Object.entries(BACK_ENDS).map(([name, shape]) => {
      const maker = new NonceMaker(shape);
      return { name, nonces: maker.lanes, go: () => maker.make([source]) };
    }),
    { name: 'plain', nonces: 1, go: () => void makeNonce(ACCOUNT, SEED, 1n) },
  ].map((contestant) => ({ ...contestant, perSecond: [] as number[] }));
  // Once before, for the compilers.
  for (const { go } of contestants) go();
  for (let round = 0; round < rounds; round++) {
    for (const { nonces, go, perSecond } of contestants) perSecond.push(nonces / processorSeconds(go));
  }
  const medians = new Map(contestants.map(({ name, perSecond }) => [name, median(perSecond)]));
  const ratio = (medians.get(BEST) ?? Number.NaN) / (medians.get('plain') ?? Number.NaN);
  return [
    ...contestants.map(({ name, nonces, perSecond }) => ({
      name: `${name}: nonces a second and core`,
      value: median(perSecond),
      unit: '/s',
      aim: name === BEST ? { atLeast: 40 } : null,
      note: `${((nonces * 1000) / median(perSecond)).toFixed(0)} ms a go; ${perSecond.map((value) => value.toFixed(0)).join(' ')}`,
    })),
    { name: `${BEST} ÷ plain`, value: ratio, unit: '', aim: { atLeast: 3 } },
    {
      name: 'through the queue and one thread, level 1',
      value: await queuedNoncesPerSecond(isQuick ? 12 : QUEUED_PROOFS),
      unit: '/s',
      aim: null,
      note: 'on the clock',
    },
  ];
}
