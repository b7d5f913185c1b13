// A task's outcome as one small integer. Its numeric order is that of docs/federation.md#outcome-of-a-task: success
// before failure, then execution time, gas and cached, an absent value last. Merging two reports is therefore a
// minimum.

import { EXECUTION_TIMES, GAS_AMOUNTS } from './vocabulary.ts';

const TIMES = EXECUTION_TIMES.length + 1;
const GASES = GAS_AMOUNTS.length + 1;
const CACHED = 3;

/** `cached` was reported true. The order of the three codes is the order of the merge. */
export const CACHED_TRUE = 0;
/** `cached` was reported false. */
export const CACHED_FALSE = 1;
/** `cached` was not reported. */
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

/** Encodes an outcome, 0 … 2 × {@link FIRST_FAILED} − 1; the lesser of two codes wins a merge. */
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

/**
 * True if the task failed (docs/federation.md#which-completion-failed): `success` is false, or `success` is absent and
 * `status` is not a success word.
 */
export function hasFailed(success: boolean | null, status: string | null): boolean {
  if (success !== null) return !success;
  return status !== null && !SUCCESS_WORDS.has(status);
}

const SUCCESS_WORDS: ReadonlySet<string> = new Set(['completed', 'success', 'ok', 'unknown']);
