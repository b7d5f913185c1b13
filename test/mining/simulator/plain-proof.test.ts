// The plain version of the proof against every vector. It is the oracle of the other tests, so it is checked here first.

import { describe, expect, it } from 'vitest';
import type { ProofClaim } from '../../../src/mining/domain/proof-check.ts';
import {
  makeNonce,
  PLAIN_NONCE_BYTES,
  plainQualityOfScoop,
  PlainPlot,
  rawQualityOf,
  plainScoopNumber,
  plainShabal256,
} from '../../../src/mining/simulator/plain-proof.ts';
import {
  NONCES_VECTOR,
  PROOF_VECTORS,
  SCOOP_NUMBER_VECTORS,
  SCOOP_QUALITY_VECTORS,
  SHABAL_VECTORS,
} from '../vectors.ts';

describe('plain proof', () => {
  it.each(SHABAL_VECTORS)('hashes to $digest', ({ message, digest }) => {
    expect(plainShabal256(message).toString('hex')).toBe(digest);
  });

  it.each(SCOOP_NUMBER_VECTORS)('height $height reads scoop $scoop', (vector) => {
    expect(plainScoopNumber(vector.generationSignature, vector.height)).toBe(vector.scoop);
  });

  it.each(SCOOP_QUALITY_VECTORS)('a scoop has quality $rawQuality', (vector) => {
    expect(plainQualityOfScoop(vector.generationSignature, vector.scoop)).toBe(vector.rawQuality);
  });

  it('makes a nonce of 262,144 bytes', () => {
    // The bytes are compared in test/mining/workers/nonce-maker.test.ts.
    expect(makeNonce(NONCES_VECTOR.accountId, NONCES_VECTOR.seed, 0n)).toHaveLength(PLAIN_NONCE_BYTES);
  });

  it('computes raw qualities', () => {
    const plots = new Map<string, PlainPlot>();
    // A plain nonce takes long, so there is one proof of level 2; the program's own proofs are checked with all.
    const isSmall = ({ compression, nonce }: ProofClaim) =>
      compression < 2 || (compression === 2 && nonce === 42n);
    for (const claim of PROOF_VECTORS.filter(isSmall)) {
      const plot = plots.get(claim.seed) ?? new PlainPlot(claim.accountId, claim.seed);
      plots.set(claim.seed, plot);
      expect(
        plot.rawQualityOf(claim),
        JSON.stringify(claim, (_, value: unknown) => String(value)),
      ).toBe(claim.rawQuality);
    }
  });

  it('counts nonces modulo 2^64', () => {
    const claim = PROOF_VECTORS.find(({ compression }) => compression === 1);
    if (claim === undefined) throw new Error('no vector of level 1');
    // Warp 2^51 of level 1 begins at nonce 2 · 2^51 · 4096 = 2^64, which is nonce 0.
    expect(rawQualityOf({ ...claim, nonce: claim.nonce + 2n ** 63n })).toBe(claim.rawQuality);
  });

  it('takes hex digits in either case', () => {
    const [claim] = PROOF_VECTORS;
    if (claim === undefined) throw new Error('no vector');
    const upper = {
      accountId: claim.accountId.toUpperCase(),
      seed: claim.seed.toUpperCase(),
      generationSignature: claim.generationSignature.toUpperCase(),
    };
    expect(rawQualityOf({ ...claim, ...upper })).toBe(claim.rawQuality);
  });
});
