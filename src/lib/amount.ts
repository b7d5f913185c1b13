// How much of a long piece of work is done, in words: the share, the rate and the time left. Pure: it reads no clock.

/** How much of a piece of work is done, and of what. */
export interface Amount {
  readonly done: number;
  readonly whole: number;
  /** `bytes` are shown in MiB; any other word stands behind its count. */
  readonly unit: 'bytes' | 'rows';
}

/** Within this time of a beginning, in ms, a rate says nothing yet. */
const RATE_AFTER_MS = 1_000;
const MIB = 1_048_576;

/**
 * The share of an amount, its whole size, the rate since its beginning `elapsedMs` ago, and the time left at this rate:
 * `51 % of 812.0 MiB, 31.2 MiB/s, 12 s left`. Rate and time left only as soon as they say something.
 */
export function amountText({ done, whole, unit }: Amount, elapsedMs: number): string {
  const share = whole > 0 ? Math.min(1, done / whole) : 1;
  const parts = [`${Math.floor(share * 100)} % of ${counted(whole, unit)}`];
  if (elapsedMs >= RATE_AFTER_MS && done > 0) parts.push(`${counted((done * 1_000) / elapsedMs, unit)}/s`);
  return [...parts, ...timeLeft(share, elapsedMs)].join(', ');
}

/** The share alone, 0 to 1, with the time left: `51 %, 12 s left`. */
export function shareText(share: number, elapsedMs: number): string {
  return [`${Math.floor(share * 100)} %`, ...timeLeft(share, elapsedMs)].join(', ');
}

function counted(count: number, unit: Amount['unit']): string {
  return unit === 'bytes'
    ? `${(count / MIB).toFixed(1)} MiB`
    : `${Math.round(count).toLocaleString('en')} ${unit}`;
}

function timeLeft(share: number, elapsedMs: number): readonly string[] {
  if (elapsedMs < RATE_AFTER_MS || share <= 0 || share >= 1) return [];
  return [`${durationText(Math.round((elapsedMs * (1 - share)) / share / 1_000))} left`];
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
