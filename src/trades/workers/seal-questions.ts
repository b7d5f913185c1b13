// The one question that the seal threads answer. Types only.

import type { SealRequest } from '../domain/seal-request.ts';
import type { SealedSummary } from '../domain/summary.ts';

/**
 * Time for one seal in ms, its wait for a thread included: a job of ten million trades takes under two minutes. Then the
 * thread counts as hung.
 */
export const SEAL_MS = 300_000;

/** The questions by name. */
export interface SealQuestions {
  /**
   * The trades are copied, not moved, so that they can be sealed again if the thread dies. Fails as `internal` if the
   * trades cannot be folded, which is a defect: the door refuses what arithmetic does not take.
   */
  seal: { argument: SealRequest; answer: SealedSummary };
}
