// A line that shows the progress of long work, with rate and time left, and sizes in MiB.

import { isatty } from 'node:tty';
import { type Amount, amountText, shareText } from '../lib/amount.ts';
import { systemClock } from '../lib/clock.ts';
import { complain } from './output.ts';

/** Formats a size in MiB. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** The output for progress. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): unknown;
}

/** The progress line of one piece of work. */
export interface Progress {
  /**
   * Shows the current phase and, if known, its progress: a number from 0 to 1, an amount, or words. For the first two it
   * says the time left, and for an amount the rate, both since the phase began.
   */
  show(phase: string, how?: number | string | Amount): void;
  /** Removes the line from a terminal. */
  end(): void;
}

/** Minimum time between two updates within one phase. */
const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 10_000;

/** On a terminal one line that is overwritten; elsewhere one line at the start of each phase and every 10 s. */
export function progressLine(
  what: string,
  output: ProgressOutput = { isTerminal: isatty(process.stderr.fd), write: complain },
  monotonicMs: () => number = systemClock.monotonicMs,
): Progress {
  const { isTerminal } = output;
  const intervalMs = isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
  let shown: { readonly phase: string; readonly beganMs: number; readonly atMs: number } | null = null;
  return {
    show(phase, how) {
      const atMs = monotonicMs();
      const isNew = phase !== shown?.phase;
      if (!isNew && atMs - (shown?.atMs ?? 0) < intervalMs) return;
      const beganMs = isNew ? atMs : (shown?.beganMs ?? atMs);
      shown = { phase, beganMs, atMs };
      const share = howText(how, atMs - beganMs);
      // A new phase has made no progress yet, so its first line shows none.
      const line = [
        `${what}:`,
        phase,
        ...(share === undefined || (isNew && !isTerminal) ? [] : [share]),
      ].join(' ');
      output.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`);
    },
    end() {
      if (isTerminal && shown !== null) output.write('\r\x1b[K');
    },
  };
}

function howText(how: number | string | Amount | undefined, elapsedMs: number): string | undefined {
  if (typeof how === 'number') return shareText(how, elapsedMs);
  return typeof how === 'object' ? amountText(how, elapsedMs) : how;
}
