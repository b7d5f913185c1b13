// True raw qualities in WebAssembly, for tests in which proofs must hold but are not the point: a plain nonce takes five
// times as long. Each is computed once in a process.

import { noncesOf, qualityOfScoop, scoopNumberOf, scoopsOf } from '../../src/mining/domain/proof.ts';
import type { ProofClaim } from '../../src/mining/domain/proof-check.ts';
import { BACK_ENDS, makeShabal256, NonceMaker } from '../../src/mining/workers/nonce-maker.ts';

const shabal256 = makeShabal256();
const maker = new NonceMaker(BACK_ENDS['simd-1']);
const computed = new Map<string, bigint>();

/** The raw quality of the proof that a claim names. */
export function quickRawQuality(claim: Omit<ProofClaim, 'rawQuality'>): bigint {
  const { accountId, seed, nonce, compression, height, generationSignature } = claim;
  const key = [accountId, seed, nonce, compression, height, generationSignature].join().toLowerCase();
  const quality = computed.get(key) ?? compute(claim);
  computed.set(key, quality);
  return quality;
}

function compute(claim: Omit<ProofClaim, 'rawQuality'>): bigint {
  const [account, seed] = [Buffer.from(claim.accountId, 'hex'), Buffer.from(claim.seed, 'hex')];
  const reads = scoopsOf(claim, scoopNumberOf(shabal256, claim), 0, noncesOf(claim));
  const words = new Int32Array(16);
  for (let from = 0; from < reads.length; from += maker.lanes) {
    const part = reads.slice(from, from + maker.lanes);
    maker.make(part.map(({ nonce }) => ({ account, seed, nonce })));
    for (const [lane, { scoop }] of part.entries()) maker.mixScoop(lane, scoop, words);
  }
  return qualityOfScoop(shabal256, claim, new Uint8Array(words.buffer));
}
