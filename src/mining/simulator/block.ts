// A block as a simulated upstream announces it, and the mining information that tells of it.

import { createHash } from 'node:crypto';

/** One block on which miners work. */
export interface SimBlock {
  readonly height: bigint;
  readonly blockHash: string;
  /** 64 hex digits. */
  readonly generationSignature: string;
  readonly baseTarget: bigint;
  /** Greatest adjusted quality that is taken; null: the information names none. */
  readonly targetQuality: bigint | null;
  /** Least and greatest compression level; null: the information names none, and 1 is meant. */
  readonly minimumCompression: number | null;
  readonly targetCompression: number | null;
}

/** The greatest unsigned 64-bit integer. */
export const GREATEST_U64 = 2n ** 64n - 1n;

/**
 * Base target of simulated blocks: a plot of some nonces then has its best in about two minutes, and the numbers that a
 * person sees are like real ones.
 */
export const SIM_BASE_TARGET = 2n ** 54n;

/** 64 hex digits that depend only on these words. */
export function hexOf(...words: readonly (string | number | bigint)[]): string {
  return createHash('sha256').update(words.join('/')).digest('hex');
}

/** A block with this height whose hash and generation signature follow from `name`. */
export function namedBlock(name: string, height: bigint): SimBlock {
  return {
    height,
    blockHash: hexOf('block', name, height),
    generationSignature: hexOf('signature', name, height),
    baseTarget: SIM_BASE_TARGET,
    targetQuality: GREATEST_U64,
    minimumCompression: 1,
    targetCompression: 1,
  };
}

/** The members of a mining information about the block, in the order of a real node; absent ones are left out. */
export function informationOf(block: SimBlock): Readonly<Record<string, unknown>> {
  const { targetQuality, minimumCompression, targetCompression } = block;
  return {
    generation_signature: block.generationSignature,
    base_target: block.baseTarget,
    height: block.height,
    block_hash: block.blockHash,
    ...(targetQuality === null ? {} : { target_quality: targetQuality }),
    ...(minimumCompression === null ? {} : { minimum_compression_level: BigInt(minimumCompression) }),
    ...(targetCompression === null ? {} : { target_compression_level: BigInt(targetCompression) }),
  };
}
