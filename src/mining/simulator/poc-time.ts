// The time that a raw quality stands for, in exact integers: docs/mining.md has the formula. Written a second time,
// because the simulators check the program's own.

/** The greatest integer whose cube is at most `value`, which is not negative; by halving the interval. */
function cubeRoot(value: bigint): bigint {
  let low = 0n;
  let high = 1n;
  while (high * high * high <= value) high *= 2n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle * middle * middle <= value) low = middle;
    else high = middle;
  }
  return low;
}

const scales = new Map<number, bigint>();

function scaleOf(blockSeconds: number): bigint {
  const known = scales.get(blockSeconds);
  if (known !== undefined) return known;
  const seconds = BigInt(blockSeconds);
  const root = cubeRoot(seconds * 2n ** 126n);
  const divisor = (root * 3_927_365_422_841n) / 2n ** 42n;
  const scale = (seconds * 2n ** 84n + divisor / 2n) / divisor;
  scales.set(blockSeconds, scale);
  return scale;
}

/** The time in seconds. `baseTarget` is at least 1; `blockSeconds` is the average time of a block. */
export function simPocTime(rawQuality: bigint, baseTarget: bigint, blockSeconds: number): bigint {
  if (rawQuality === 0n) return 0n;
  const root = cubeRoot((rawQuality * 2n ** 63n) / baseTarget);
  return (scaleOf(blockSeconds) * root + 2n ** 62n) / 2n ** 63n;
}
