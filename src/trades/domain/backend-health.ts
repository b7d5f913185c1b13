// Whether the backend is away, judged by what it answers. One summary that it cannot take does not make it away while it
// takes others.

/** The backend as the delivery sees it. */
export interface BackendHealth {
  readonly isAway: boolean;
  /** Replies in a row that neither took nor refused a summary. */
  readonly failures: number;
}

/**
 * `judged`: it took or refused a summary. `unreached`: not one byte came. `deferred`: it asks for a long wait. `failed`: any
 * other reply.
 */
export type BackendSign = 'judged' | 'unreached' | 'deferred' | 'failed';

/** Failures in a row after which a backend that can be reached is away. */
const FAILURES_BEFORE_AWAY = 3;

/** Before any reply. */
export const FRESH_BACKEND: BackendHealth = { isAway: false, failures: 0 };
/** After a start that finds summaries which the backend did not take before. */
export const AWAY_BACKEND: BackendHealth = { isAway: true, failures: FAILURES_BEFORE_AWAY };

/** The health after a reply. */
export function healthAfter({ isAway, failures }: BackendHealth, sign: BackendSign): BackendHealth {
  if (sign === 'judged') return FRESH_BACKEND;
  const more = failures + 1;
  const isClear = sign === 'unreached' || sign === 'deferred';
  return { isAway: isAway || isClear || more >= FAILURES_BEFORE_AWAY, failures: more };
}
