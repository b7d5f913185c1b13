// The interface that the fuzzer needs from the code it feeds.

import type { Random } from '../src/lib/random.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs fed between two looks at the clock. */
  readonly sliceInputs: number;
  /** Feeds one input, which depends only on `random`. Throws if the program broke a rule. */
  feed(random: Random): void | Promise<void>;
  /** After each slice: throws if not every input so far is accounted for. */
  settle(): void | Promise<void>;
  /** The outcomes of the inputs, for the report. */
  readonly outcomes: Readonly<Record<string, number>>;
  close(): void | Promise<void>;
}

/** Reports a broken rule; the runner adds the seed and the input that repeat it. */
export class FuzzFailure extends Error {}
