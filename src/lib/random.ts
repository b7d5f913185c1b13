// A small seeded generator (sfc32): the same seed gives the same run on every machine. It is not for secrets.

/** A stream of numbers that depends only on its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from 0 to `bound` − 1. */
  below(bound: number): number;
  /** True with probability `probability`. */
  chance(probability: number): boolean;
  /** One member of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
}

/** Mixes text into 32 bits (FNV-1a), so that each `area` of a run has its own stream of numbers. */
function mix(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The stream of one area of a run. Numbers drawn in one area never change the numbers of another. */
export function createRandom(seed: number, area: string): Random {
  let a = mix(`${area}/a/${seed}`);
  let b = mix(`${area}/b/${seed}`);
  let c = seed >>> 0;
  let counter = 1;
  function next(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }
  for (let round = 0; round < 16; round += 1) next();
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    chance: (probability) => next() < probability,
    pick<T>(list: readonly T[]) {
      if (list.length === 0) throw new RangeError('pick from an empty list');
      // The index is in range, and T itself may include undefined.
      return list[Math.floor(next() * list.length)] as T;
    },
  };
}
