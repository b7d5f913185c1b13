// Runs a program until a signal or an error of its own ends it, and decides the exit code. It knows no program: it starts
// one, stops it, and tells both in the log.

import type { Log } from '../io/log.ts';
import { systemClock } from '../lib/clock.ts';
import type { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';

/** Longest wait for an orderly stop before the process ends anyway; docs/guarantees.md#in-both-modes promises 5 s. */
export const STOP_TIME_MAX_MS = 4_500;
/** A signal to the process group comes twice within a moment: through npm and directly. */
export const SAME_SIGNAL_MS = 1_000;

/**
 * Every signal that would end the program and leave its children: of a person, of a terminal that is closed (SIGHUP), of
 * a tool. With the exit code that each has as the second one.
 */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGUSR2: 140, SIGTERM: 143 } as const;
type EndingSignal = keyof typeof SIGNALS;

/** What runs until a signal. */
export interface Program extends Part<unknown> {
  /** Leaves no child behind, for a process that ends at once. */
  kill(): void;
}

export interface Serving {
  readonly log: Pick<Log, 'info' | 'error'>;
  /** The sentence of the log when the program has started. */
  readonly ready: string;
  /** What the program does while it stops, for the log. */
  readonly stopping: string;
  /** Makes the program. It calls `fatal` when it cannot go on: then it is stopped, and the exit code is 1. */
  make(fatal: (error: CodedError) => void): Program;
}

/** Resolves with the exit code. Throws what the start throws, after the stop: then nothing of the program is left running. */
export async function untilSignal(serving: Serving): Promise<number> {
  const { log } = serving;
  const ended = Promise.withResolvers<number>();
  const program = serving.make((error) => {
    log.error(error.message, { code: error.code });
    ended.resolve(1);
  });
  onSignals(program, (signal) => {
    log.info(`${signal}: stopping; ${serving.stopping}`);
    ended.resolve(0);
  });
  const starting = program.start().then(() => log.info(serving.ready));
  try {
    // A signal during the start ends it; a start that fails ends the program.
    await Promise.race([ended.promise, starting.then(() => ended.promise)]);
  } catch (error) {
    await stopInTime(program, log);
    throw error;
  }
  await stopInTime(program, log);
  const code = await ended.promise;
  log.info('stopped', { code });
  return code;
}

/** The first signal is told; another one, later than a moment, ends the process at once. */
function onSignals(program: Pick<Program, 'kill'>, first: (signal: EndingSignal) => void): void {
  let firstMs: number | null = null;
  const onSignal = (signal: EndingSignal) => {
    if (firstMs === null) {
      firstMs = systemClock.monotonicMs();
      first(signal);
    } else if (systemClock.monotonicMs() - firstMs > SAME_SIGNAL_MS) {
      program.kill();
      process.exit(SIGNALS[signal]);
    }
  };
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'] as const)
    process.on(signal, onSignal);
}

/** Stops the program; ends the process if that takes too long. */
async function stopInTime(program: Program, log: Pick<Log, 'error'>): Promise<void> {
  const overdue = setTimeout(() => {
    log.error('stopping took too long; ending now, and the next start recovers');
    program.kill();
    process.exit(1);
  }, STOP_TIME_MAX_MS);
  await program.stop();
  clearTimeout(overdue);
}
