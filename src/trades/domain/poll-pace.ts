// How long an account waits between two polls: docs/enclave.md#intervals. Pure; jitter is added here too, with a random
// number that the caller drew.

/** An account with new trades is polled at least this often, unless its owner asked for more. */
const BUSY_INTERVAL_MS = 30_000;
/** An account without trades is polled at most this rarely, unless its owner asked for less. */
const QUIET_INTERVAL_MS = 300_000;
/** So many polls in a row without a new trade double the interval. */
const EMPTY_POLLS_TO_DOUBLE = 5;
/** First wait before another attempt of one poll; it doubles with each. */
const RETRY_MS = 1_000;
/** Share by which a wait is made longer or shorter, so that accounts spread. */
const JITTER = 0.1;

/** The time between polls, and what it was chosen by. */
export interface PollPace {
  readonly intervalMs: number;
  /** Polls without a new trade since the last change of the interval. */
  readonly emptyPolls: number;
}

/** The pace of an account that was not polled yet. */
export function firstPace(apiIntervalMs: number): PollPace {
  return { intervalMs: apiIntervalMs, emptyPolls: 0 };
}

/** The pace after a poll that came to its end. `apiIntervalMs`: the longest usual time, as registered. */
export function paceAfter(pace: PollPace, apiIntervalMs: number, hasNewTrades: boolean): PollPace {
  if (hasNewTrades) {
    const half = Math.min(pace.intervalMs, apiIntervalMs) / 2;
    const intervalMs = Math.max(half, Math.min(BUSY_INTERVAL_MS, apiIntervalMs));
    return { intervalMs: Math.round(intervalMs), emptyPolls: 0 };
  }
  if (pace.emptyPolls + 1 < EMPTY_POLLS_TO_DOUBLE) return { ...pace, emptyPolls: pace.emptyPolls + 1 };
  return { intervalMs: Math.min(2 * pace.intervalMs, longestMs(apiIntervalMs)), emptyPolls: 0 };
}

/** The wait after polls that failed one after the other; `failedPolls` is at least 1. */
export function pauseAfterFailures(
  { intervalMs }: PollPace,
  apiIntervalMs: number,
  failedPolls: number,
): number {
  return Math.min(intervalMs * 2 ** (failedPolls - 1), longestMs(apiIntervalMs));
}

/** The wait before attempt number `attempt` of one poll, where the first repetition is 1. */
export function retryPauseMs(attempt: number): number {
  return RETRY_MS * 2 ** (attempt - 1);
}

/** The wait, up to a tenth longer or shorter. `random`: from 0 to below 1. */
export function withJitter(waitMs: number, random: number): number {
  return Math.round(waitMs * (1 + JITTER * (2 * random - 1)));
}

function longestMs(apiIntervalMs: number): number {
  return Math.max(QUIET_INTERVAL_MS, apiIntervalMs);
}
