// Entry of every proof thread: it makes the nonces of several proofs at once, and answers with the XOR of their scoops.
// It decides nothing, and reads neither files nor the database.

import { workerData } from 'node:worker_threads';
import { answeringAlone } from '../../workers/answering.ts';
import type { WorkerRequest } from '../../workers/questions.ts';
import { lowerThreadPriority } from '../../workers/thread-priority.ts';
import { scoopNumberOf, scoopsOf } from '../domain/proof.ts';
import {
  BACK_ENDS,
  type BackEndName,
  backEndFor,
  lanesAtOnce,
  makeShabal256,
  NonceMaker,
  type NonceSource,
} from './nonce-maker.ts';
import type { NoncesToMix, ProofQuestions, ProofThreadData } from './proof-questions.ts';

/**
 * A miner waits for its information or its answer, and a proof takes a fifth of a second anyway: the threads that answer
 * and store go first (bench/mining-latency.ts).
 */
const PRIORITY_STEPS = 5;

lowerThreadPriority(PRIORITY_STEPS);
const { isSimd } = workerData as ProofThreadData;
const shabal256 = makeShabal256();
const makers = new Map<BackEndName, NonceMaker>();

/** A scoop to be made, and the words into which it is mixed. */
interface ScoopToMix {
  readonly source: NonceSource;
  readonly scoop: number;
  readonly into: Int32Array;
}

/** Answers one request; piscina calls it. It never throws. */
export default answeringAlone(({ parts }: WorkerRequest<ProofQuestions>) => {
  const mixed = parts.map(() => new Int32Array(16));
  const scoops = parts.flatMap((part, index) => scoopsIn(part, mixed[index] ?? new Int32Array(16)));
  const atOnce = lanesAtOnce(isSimd);
  for (let from = 0; from < scoops.length; from += atOnce) mix(scoops.slice(from, from + atOnce));
  return mixed.map(({ buffer }) => new Uint8Array(buffer));
});

function scoopsIn({ claim, from, count }: NoncesToMix, into: Int32Array): readonly ScoopToMix[] {
  const account = Buffer.from(claim.accountId, 'hex');
  const seed = Buffer.from(claim.seed, 'hex');
  const read = scoopsOf(claim, scoopNumberOf(shabal256, claim), from, count);
  return read.map(({ nonce, scoop }) => ({ source: { account, seed, nonce }, scoop, into }));
}

function mix(scoops: readonly ScoopToMix[]): void {
  const name = backEndFor(scoops.length, isSimd);
  const maker = makers.get(name) ?? new NonceMaker(BACK_ENDS[name]);
  makers.set(name, maker);
  maker.make(scoops.map(({ source }) => source));
  for (const [lane, { scoop, into }] of scoops.entries()) maker.mixScoop(lane, scoop, into);
}
