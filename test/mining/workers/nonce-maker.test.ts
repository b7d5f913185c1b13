// Every WebAssembly back end against every vector, and lanes that are filled from several proofs against single ones.

import { describe, expect, it } from 'vitest';
import { qualityOfScoop, noncesOf, scoopNumberOf, scoopsOf } from '../../../src/mining/domain/proof.ts';
import type { ProofClaim } from '../../../src/mining/domain/proof-check.ts';
import { makeNonce, plainScoop, plainShabal256 } from '../../../src/mining/simulator/plain-proof.ts';
import {
  BACK_ENDS,
  type BackEndName,
  backEndFor,
  hasSimd,
  lanesAtOnce,
  makeShabal256,
  NonceMaker,
  type NonceSource,
} from '../../../src/mining/workers/nonce-maker.ts';
import {
  hashOfNonces,
  NONCES_VECTOR,
  PROOF_VECTORS,
  SCOOP_NUMBER_VECTORS,
  SCOOP_QUALITY_VECTORS,
  SHABAL_VECTORS,
} from '../vectors.ts';

const shabal256 = makeShabal256();
const names = Object.keys(BACK_ENDS) as BackEndName[];
const makers = new Map(names.map((name) => [name, new NonceMaker(BACK_ENDS[name])]));

function makerOf(name: BackEndName): NonceMaker {
  const maker = makers.get(name);
  if (maker === undefined) throw new Error(name);
  return maker;
}

interface Read {
  readonly claim: ProofClaim;
  readonly source: NonceSource;
  readonly scoop: number;
}

function readsOf(claim: ProofClaim): readonly Read[] {
  const scoop = scoopNumberOf(shabal256, claim);
  return scoopsOf(claim, scoop, 0, noncesOf(claim)).map(({ nonce, scoop }) => ({
    claim,
    scoop,
    source: { account: Buffer.from(claim.accountId, 'hex'), seed: Buffer.from(claim.seed, 'hex'), nonce },
  }));
}

/** The raw qualities of these proofs, whose nonces fill the lanes one after the other. */
function qualitiesOf(maker: NonceMaker, claims: readonly ProofClaim[]): readonly bigint[] {
  const mixed = new Map(claims.map((claim) => [claim, new Int32Array(16)]));
  const reads = claims.flatMap(readsOf);
  for (let from = 0; from < reads.length; from += maker.lanes) {
    const part = reads.slice(from, from + maker.lanes);
    maker.make(part.map(({ source }) => source));
    for (const [lane, { claim, scoop }] of part.entries()) {
      maker.mixScoop(lane, scoop, mixed.get(claim) ?? new Int32Array(16));
    }
  }
  return Array.from(mixed, ([claim, words]) =>
    qualityOfScoop(shabal256, claim, new Uint8Array(words.buffer)),
  );
}

describe('nonce maker', () => {
  it.each(SHABAL_VECTORS)('hashes to $digest', ({ message, digest }) => {
    expect(shabal256(message).toString('hex')).toBe(digest);
  });

  it('hashes messages of every length around a block as the plain version does', () => {
    for (let length = 0; length < 200; length++) {
      const message = Buffer.from(Array.from({ length }, (_, at) => (at * 7 + length) & 0xff));
      expect(shabal256(message).toString('hex')).toBe(plainShabal256(message).toString('hex'));
    }
  });

  it.each(SCOOP_NUMBER_VECTORS)('height $height reads scoop $scoop', (vector) => {
    expect(scoopNumberOf(shabal256, vector)).toBe(vector.scoop);
  });

  it.each(SCOOP_QUALITY_VECTORS)('a scoop has quality $rawQuality', (vector) => {
    expect(qualityOfScoop(shabal256, vector, vector.scoop)).toBe(vector.rawQuality);
  });

  it('this machine has SIMD, as the back ends below need', () => {
    expect(hasSimd()).toBe(true);
  });

  it.each(names)('%s, its lanes filled from different proofs, computes every raw quality', (name) => {
    // One lane makes the 41 nonces of all vectors in two seconds; the others are quicker.
    const claims = names.indexOf(name) < 3 ? PROOF_VECTORS : PROOF_VECTORS.filter(isSmall);
    expect(qualitiesOf(makerOf(name), claims)).toEqual(claims.map(({ rawQuality }) => rawQuality));
  });

  it('simd-2 makes whole nonces, and the plain version makes the same', () => {
    const { accountId, seed, first, count, sha256 } = NONCES_VECTOR;
    const maker = makerOf('simd-2');
    const scoops: Buffer[][] = [];
    for (let from = 0; from < count; from += maker.lanes) {
      maker.make(
        Array.from({ length: maker.lanes }, (_, lane) => ({
          account: Buffer.from(accountId, 'hex'),
          seed: Buffer.from(seed, 'hex'),
          nonce: first + BigInt(from + lane),
        })),
      );
      for (let lane = 0; lane < maker.lanes; lane++) scoops.push(allScoops(maker, lane));
    }
    expect(hashOfNonces((index, scoop) => scoops[index]?.[scoop] ?? Buffer.alloc(0))).toBe(sha256);
    for (const index of [0, 31]) {
      const plain = makeNonce(accountId, seed, first + BigInt(index));
      const plainScoops = Array.from({ length: 4096 }, (_, scoop) => plainScoop(plain, scoop));
      expect(Buffer.concat(plainScoops).equals(Buffer.concat(scoops[index] ?? []))).toBe(true);
    }
  });

  it.each(names)('%s makes all lanes of the greatest nonces as the plain version does', (name) => {
    const maker = makerOf(name);
    const [account, seed] = ['ff'.repeat(20), '01'.repeat(32)];
    // One plain nonce is compared with one lane per back end, each time another lane.
    const nonce = 2n ** 64n - 1n;
    const lane = maker.lanes - 1;
    maker.make(
      Array.from({ length: maker.lanes }, (_, index) => ({
        account: Buffer.from(account, 'hex'),
        seed: Buffer.from(seed, 'hex'),
        nonce: index === lane ? nonce : BigInt(index),
      })),
    );
    greatest ??= makeNonce(account, seed, nonce);
    for (const scoop of [0, 1, 2047, 4095]) {
      const words = new Int32Array(16);
      maker.mixScoop(lane, scoop, words);
      expect(Buffer.from(words.buffer).equals(plainScoop(greatest, scoop))).toBe(true);
    }
  });

  it('takes at least one nonce and at most one per lane', () => {
    const source = { account: new Uint8Array(20), seed: new Uint8Array(32), nonce: 0n };
    expect(() => makerOf('scalar-1').make([])).toThrow('lanes');
    expect(() => makerOf('scalar-1').make([source, source])).toThrow('lanes');
  });

  it.each([
    [1, 'scalar-1', 'scalar-1'],
    [2, 'simd-1', 'scalar-2'],
    [3, 'simd-1', 'scalar-2'],
    [4, 'simd-1', 'scalar-2'],
    [5, 'simd-2', 'scalar-2'],
    [8, 'simd-2', 'scalar-2'],
    [9, 'simd-3', 'scalar-2'],
    [128, 'simd-3', 'scalar-2'],
  ])('%i nonces are made by %s, without SIMD by %s', (nonces, withSimd, without) => {
    expect(backEndFor(nonces, true)).toBe(withSimd);
    expect(backEndFor(nonces, false)).toBe(without);
  });

  it('at once a thread makes as many nonces as its best back end has lanes', () => {
    expect([lanesAtOnce(true), lanesAtOnce(false)]).toEqual([12, 2]);
  });
});

let greatest: Buffer | null = null;

const isSmall = ({ compression }: ProofClaim) => compression <= 1;

function allScoops(maker: NonceMaker, lane: number): Buffer[] {
  return Array.from({ length: 4096 }, (_, scoop) => {
    const words = new Int32Array(16);
    maker.mixScoop(lane, scoop, words);
    return Buffer.from(words.buffer);
  });
}
