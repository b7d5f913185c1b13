// The arithmetic of a proof of capacity: which scoops of which nonces it consists of, and its raw quality. It makes no
// nonces, and is handed the hash.

import type { ProofClaim } from './proof-check.ts';

/** Scoops of a nonce, and nonces of a warp. */
const SCOOPS = 4096n;
/** Bytes of a scoop. */
export const SCOOP_BYTES = 64;

/** Shabal-256 of a message: 32 bytes. */
export type Shabal256 = (message: Uint8Array) => Buffer;

/** A scoop (0 to 4095) of a nonce (0 to 2^64 − 1). */
export interface ScoopOfNonce {
  readonly nonce: bigint;
  readonly scoop: number;
}

/** The number of nonces that a proof of this compression level (0 to 7) needs. */
export function noncesOf({ compression }: Pick<ProofClaim, 'compression'>): number {
  return 2 ** compression;
}

/** The scoop (0 to 4095) that every miner reads for a block. */
export function scoopNumberOf(
  hash: Shabal256,
  { generationSignature, height }: Pick<ProofClaim, 'generationSignature' | 'height'>,
): number {
  const message = Buffer.alloc(40);
  message.write(generationSignature, 'hex');
  message.writeBigUInt64BE(height, 32);
  return hash(message).readUInt16BE(30) % Number(SCOOPS);
}

/**
 * `count` of the scoops whose XOR is the proof's scoop, from number `from` on. Numbers go from 0 to
 * {@link noncesOf} − 1. Odd ones change the places of scoop and nonce; nonces are counted modulo 2^64.
 */
export function scoopsOf(
  { nonce, compression }: Pick<ProofClaim, 'nonce' | 'compression'>,
  scoop: number,
  from: number,
  count: number,
): readonly ScoopOfNonce[] {
  const inWarp = nonce % SCOOPS;
  const firstWarp = (nonce / SCOOPS) << BigInt(compression);
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const warp = firstWarp + BigInt(number);
    const [place, read] = number % 2 === 0 ? [inWarp, scoop] : [BigInt(scoop), Number(inWarp)];
    return { nonce: BigInt.asUintN(64, warp * SCOOPS + place), scoop: read };
  });
}

/** The raw quality of a proof's scoop of 64 bytes. */
export function qualityOfScoop(
  hash: Shabal256,
  { generationSignature }: Pick<ProofClaim, 'generationSignature'>,
  scoop: Uint8Array,
): bigint {
  return hash(Buffer.concat([Buffer.from(generationSignature, 'hex'), scoop])).readBigUInt64LE(0);
}
