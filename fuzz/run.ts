// Feeds seeded inputs to targets in turn until the time is over, and watches memory. An input depends only on the seed,
// the target and its number, so that a failure can be repeated alone.

import { createRandom } from '../src/lib/random.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Stop after this time or after this number of inputs of each target, whichever comes first. */
  readonly budgetMs: number;
  readonly inputsMax: number;
}

export interface MemorySample {
  readonly atMs: number;
  /** Bytes that JavaScript holds after a collection, buffers included. */
  readonly held: number;
  readonly resident: number;
}

export interface FuzzReport {
  readonly inputs: ReadonlyMap<string, number>;
  readonly memory: readonly MemorySample[];
}

const SAMPLE_INTERVAL_MS = 2000;

/** Runs until the budget is spent. Throws the error of a target, with the seed and the input in the message. */
export async function runFuzz(targets: readonly FuzzTarget[], options: FuzzOptions): Promise<FuzzReport> {
  const startedMs = performance.now();
  const inputs = new Map(targets.map(({ name }) => [name, 0]));
  const memory: MemorySample[] = [];
  const isOver = () =>
    performance.now() - startedMs > options.budgetMs ||
    targets.every(({ name }) => (inputs.get(name) ?? 0) >= options.inputsMax);
  while (!isOver()) {
    for (const target of targets) await runSlice(target, inputs, options);
    const atMs = performance.now() - startedMs;
    if (atMs - (memory.at(-1)?.atMs ?? 0) > SAMPLE_INTERVAL_MS) memory.push(sample(atMs));
  }
  return { inputs, memory };
}

async function runSlice(
  target: FuzzTarget,
  inputs: Map<string, number>,
  { seed, inputsMax }: FuzzOptions,
): Promise<void> {
  let number = inputs.get(target.name) ?? 0;
  const end = Math.min(inputsMax, number + target.sliceInputs);
  try {
    for (; number < end; number++) {
      const fed = target.feed(createRandom(seed, `${target.name}/${number}`));
      if (fed !== undefined) await fed;
    }
    await target.settle();
  } catch (error) {
    const what = `${target.name}: broken at or before input ${number}; again with --seed ${seed} --target ${target.name} --inputs ${number + 1}`;
    throw new Error(what, { cause: error });
  }
  inputs.set(target.name, number);
}

function sample(atMs: number): MemorySample {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { atMs, held: heapUsed + external, resident: rss };
}

/** Growth in bytes a minute, by least squares over the samples of the last two thirds: the first warm up. */
export function growthPerMinute(
  memory: readonly MemorySample[],
  pick: (sample: MemorySample) => number,
): number {
  const used = memory.slice(Math.floor(memory.length / 3));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [time, size] = [mean(used.map(({ atMs }) => atMs)), mean(used.map(pick))];
  const above = used.reduce((sum, each) => sum + (each.atMs - time) * (pick(each) - size), 0);
  const below = used.reduce((sum, each) => sum + (each.atMs - time) ** 2, 0);
  return below === 0 ? 0 : (above / below) * 60_000;
}
