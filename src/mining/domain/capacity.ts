// Capacity: of a pair of account and machine from its best raw qualities, of the network from the base target, and
// sizes as people read them.

import { U64_MAX } from '../../lib/lossless-json.ts';

/** Number of blocks over which the capacity of a pair is estimated. */
export const CAPACITY_BLOCKS = 30;

const BASE = 1n << 42n;
const BYTES_PER_TIB = 2 ** 40;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Heights of the blocks that count, both included. */
export interface CapacityWindow {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * The blocks over which the capacity of a pair is estimated while `height` is current: up to this block if the pair has
 * a submission for it, else up to the one before. Null if there is no such block.
 */
export function capacityWindow(height: bigint, hasCurrent: boolean): CapacityWindow | null {
  const to = hasCurrent ? height : height - 1n;
  if (to < 0n) return null;
  const from = to - BigInt(CAPACITY_BLOCKS - 1);
  return { from: from < 0n ? 0n : from, to };
}

/**
 * Capacity in TiB of a pair from its best raw quality in each block of its window, blocks without one left out: 2^42
 * divided by their mean. 0 without any. A mean of 0 counts as if their sum were 1.
 */
export function capacityTib(bestRawQualities: readonly bigint[]): number {
  const sum = bestRawQualities.reduce((total, quality) => total + quality, 0n);
  return Number(BASE * BigInt(bestRawQualities.length)) / Number(sum === 0n ? 1n : sum);
}

/** The base target at which the network has 1 TiB. `blockTimeSecs` is at least 1. */
export function genesisBaseTarget(blockTimeSecs: number): bigint {
  return BASE / BigInt(blockTimeSecs);
}

/**
 * Capacity of the network in bytes, at most 2^64 − 1. `baseTarget` and `blockTimeSecs` are at least 1. It is an estimate
 * in double precision, 53 bits, as other programs of the network show it.
 */
export function networkBytes(baseTarget: bigint, blockTimeSecs: number): bigint {
  return tibToBytes(Number(genesisBaseTarget(blockTimeSecs)) / Number(baseTarget));
}

/** A capacity of 0 or more TiB in whole bytes, at most 2^64 − 1. */
export function tibToBytes(tib: number): bigint {
  const bytes = Math.floor(tib * BYTES_PER_TIB);
  return bytes >= Number(U64_MAX) ? U64_MAX : BigInt(bytes);
}

/** A size for people: whole bytes below 1 KiB, above that one decimal and the unit, for example `1.5 TiB`. */
export function sizeText(bytes: bigint): string {
  const exponent =
    bytes === 0n ? 0 : Math.min(UNITS.length - 1, Math.floor((bytes.toString(2).length - 1) / 10));
  if (exponent === 0) return `${bytes} B`;
  const unit = 1n << BigInt(exponent * 10);
  const tenths = (bytes * 10n + unit / 2n) / unit;
  return `${tenths / 10n}.${tenths % 10n} ${UNITS[exponent]}`;
}
