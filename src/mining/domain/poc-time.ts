// The time that a proof stands for, in exact integers, from its raw quality and the base target of its block.

const ROOT_SCALE = 126n;
/** Γ(4/3) · 2^42: the mean of the cube root of an exponential variable is Γ(4/3) times that of its mean. */
const MEAN_OF_ROOT = 3_927_365_422_841n;

/** ⌊rawQuality ÷ baseTarget⌋: what a `target_quality` is compared with. `baseTarget` is at least 1. */
export function adjustedQuality(rawQuality: bigint, baseTarget: bigint): bigint {
  return rawQuality / baseTarget;
}

/**
 * The time in seconds after which a proof of this raw quality forges a block. `baseTarget` and `blockTimeSecs` are at
 * least 1; 0 throws a `RangeError`.
 */
export function pocTime(rawQuality: bigint, baseTarget: bigint, blockTimeSecs: number): bigint {
  const root = cubeRoot((rawQuality << 63n) / baseTarget);
  return (scaleOf(blockTimeSecs) * root + (1n << 62n)) >> 63n;
}

/** The factor of the cube root for this block time, so that the mean time of a block is the block time. */
export function scaleOf(blockTimeSecs: number): bigint {
  if (blockTimeSecs < 1) throw new RangeError('The block time is at least 1 s.');
  const seconds = BigInt(blockTimeSecs);
  const divisor = (cubeRoot(seconds << ROOT_SCALE) * MEAN_OF_ROOT) >> 42n;
  return ((seconds << 84n) + divisor / 2n) / divisor;
}

/** The greatest integer whose cube is at most `value`, which is 0 or greater. Newton's method from above. */
export function cubeRoot(value: bigint): bigint {
  if (value < 2n) return value;
  // A power of two that is above the root: 2^⌈bits ÷ 3⌉.
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 3));
  for (;;) {
    const next = (root * 2n + value / (root * root)) / 3n;
    if (next >= root) return root;
    root = next;
  }
}
