// A line that shows how far long work is, and sizes in it.

import { isatty } from 'node:tty';
import { systemClock } from '../lib/clock.ts';
import { complain } from './output.ts';

export function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** Where progress is shown. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  write(text: string): unknown;
}

export interface Progress {
  /** What the work is at, and how far: from 0 to 1, or in words, where that is known. */
  show(phase: string, how?: number | string): void;
  /** Leaves nothing on a terminal. */
  end(): void;
}

/** Least time between two looks of one phase. */
const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 10_000;

/** One line on a terminal that is written over; elsewhere a line when a phase begins, and every 10 s. */
export function progressLine(
  what: string,
  output: ProgressOutput = { isTerminal: isatty(process.stderr.fd), write: complain },
  monotonicMs: () => number = systemClock.monotonicMs,
): Progress {
  const { isTerminal } = output;
  const intervalMs = isTerminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
  let shown: { readonly phase: string; readonly atMs: number } | null = null;
  return {
    show(phase, how) {
      const atMs = monotonicMs();
      const isNew = phase !== shown?.phase;
      if (!isNew && atMs - (shown?.atMs ?? 0) < intervalMs) return;
      shown = { phase, atMs };
      const share = typeof how === 'number' ? `${Math.floor(how * 100)} %` : how;
      // A phase that begins is as far as nothing.
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
