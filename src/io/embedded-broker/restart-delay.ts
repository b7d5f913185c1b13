// How long to wait before the broker is started again. Pure: never waits itself.

const leastMs = 50;
const mostMs = 2_000;

/**
 * Milliseconds before the start that follows `failures` failed ones (0: it had been running well). Doubles up to 2 s;
 * `random` in [0, 1) takes up to half of it away, so that several programs do not start in step.
 */
export function restartDelayMs(failures: number, random: number): number {
  const ceiling = Math.min(mostMs, leastMs * 2 ** Math.min(failures, 10));
  return Math.round(ceiling * (1 - random / 2));
}
