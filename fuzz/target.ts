// What the fuzzer needs of a thing that it throws input at.

import type { Random } from '../src/lib/random.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs fed between two looks at the clock. */
  readonly sliceInputs: number;
  /** Feeds one input, which depends on `random` only. Throws if the program did what it must not. */
  feed(random: Random): void | Promise<void>;
  /** After each slice: throws if not every input so far is accounted for. */
  settle(): void | Promise<void>;
  /** What became of the inputs, for the report. */
  readonly outcomes: Readonly<Record<string, number>>;
  close(): void | Promise<void>;
}

/** Says what was broken; the runner adds the seed and the input by which it can be seen again. */
export class FuzzFailure extends Error {}
