// A line that shows how far long work is, and sizes in it.

import { systemClock } from '../lib/clock.ts';
import { complain } from './output.ts';

export function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** Where progress is shown. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  /** What the work is at, and how far, from 0 to 1, where that is known. */
  show(phase: string, share?: number): void;
  /** Leaves nothing on a terminal. */
  end(): void;
}

const LINE_INTERVAL_MS = 10_000;

/** One line on a terminal that is written over; elsewhere a line when a phase begins, and every 10 s. */
export function progressLine(
  what: string,
  output: ProgressOutput = { isTTY: process.stderr.isTTY, write: complain },
  monotonicMs: () => number = systemClock.monotonicMs,
): Progress {
  const isTerminal = output.isTTY === true;
  let shown: { readonly phase: string; readonly line: string; readonly atMs: number } | null = null;
  return {
    show(phase, share) {
      const atMs = monotonicMs();
      const isNew = phase !== shown?.phase;
      const line = `${what}: ${phase}${share === undefined ? '' : ` ${Math.floor(share * 100)} %`}`;
      if (isTerminal) {
        if (line === shown?.line) return;
        output.write(`\r${line}\x1b[K`);
      } else {
        if (!isNew && atMs - (shown?.atMs ?? 0) < LINE_INTERVAL_MS) return;
        output.write(`${isNew ? `${what}: ${phase}` : line}\n`);
      }
      shown = { phase, line, atMs };
    },
    end() {
      if (isTerminal && shown !== null) output.write('\r\x1b[K');
    },
  };
}
