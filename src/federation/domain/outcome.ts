// A task's outcome as one small integer whose numeric order is the order of section 3: success before failure, then
// execution time, gas and cached, an absent value last. Merging two reports is therefore a minimum.

import { EXECUTION_TIMES, GAS_AMOUNTS } from './vocabulary.ts';

const TIMES = EXECUTION_TIMES.length + 1;
const GASES = GAS_AMOUNTS.length + 1;
const CACHED = 3;

/** `cached` of an outcome: reported true, reported false, or absent. The order is the order of the merge. */
export const CACHED_TRUE = 0;
export const CACHED_FALSE = 1;
export const CACHED_ABSENT = 2;

/** The first code that means failed; every smaller one means completed. */
export const FIRST_FAILED = TIMES * GASES * CACHED;

/** The parts of an outcome; indices count into the vocabularies, one past the end is absent. */
export interface OutcomeParts {
  readonly failed: boolean;
  readonly time: number;
  readonly gas: number;
  readonly cached: number;
}

/** The outcome's code, 0 … 2 × {@link FIRST_FAILED} − 1; less is better. */
export function encodeOutcome(failed: boolean, time: number, gas: number, cached: number): number {
  return ((failed ? TIMES : 0) + time) * GASES * CACHED + gas * CACHED + cached;
}

/** The parts of a code made by {@link encodeOutcome}. */
export function decodeOutcome(code: number): OutcomeParts {
  const timeAndFailed = Math.floor(code / (GASES * CACHED));
  return {
    failed: code >= FIRST_FAILED,
    time: timeAndFailed % TIMES,
    gas: Math.floor(code / CACHED) % GASES,
    cached: code % CACHED,
  };
}

/** Section 2: failed if `success` is false, or absent and `status` is a word for something other than success. */
export function hasFailed(success: boolean | null, status: string | null): boolean {
  if (success !== null) return !success;
  return status !== null && !SUCCESS_WORDS.has(status);
}

const SUCCESS_WORDS: ReadonlySet<string> = new Set(['completed', 'success', 'ok', 'unknown']);
