// Runs a program until a signal or a fatal error ends it, and decides the exit code. It knows no particular program: it
// starts one, stops it, and logs both.

import type { Log } from '../io/log.ts';
import { systemClock } from '../lib/clock.ts';
import type { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';

/** Maximum duration of an orderly stop; then the process ends anyway. docs/guarantees.md#in-both-modes promises 5 s. */
export const STOP_TIME_MAX_MS = 4_500;
/** A signal to the process group arrives twice within this time: through npm and directly. */
export const SAME_SIGNAL_MS = 1_000;

/**
 * Every signal that would end the process and leave its children running: from a person, from a closed terminal
 * (SIGHUP), or from a tool. The number is the exit code after a second signal.
 */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGUSR2: 140, SIGTERM: 143 } as const;
type EndingSignal = keyof typeof SIGNALS;

/** A program that runs until a signal. */
export interface Program extends Part<unknown> {
  /** Kills all child processes without waiting, for a process that ends at once. */
  kill(): void;
}

/** A program to run, and its sentences for the log. */
export interface Serving {
  readonly log: Pick<Log, 'info' | 'error'>;
  /** The sentence to log when the program has started. */
  readonly ready: string;
  /** What the program does while it stops, for the log. */
  readonly stopping: string;
  /** Makes the program. If the program cannot continue it calls `fatal`; then it is stopped, and the exit code is 1. */
  make(fatal: (error: CodedError) => void): Program;
}

/**
 * Resolves with the exit code. If the start fails, it stops the program, so that none of it is left running, and then
 * throws the error.
 */
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
    // A signal during the start ends the wait; a failed start ends the program.
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

/** Passes the first signal to `first`. A second one, later than {@link SAME_SIGNAL_MS}, ends the process at once. */
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

/** Stops the program; ends the process if the stop takes too long. */
async function stopInTime(program: Program, log: Pick<Log, 'error'>): Promise<void> {
  const overdue = setTimeout(() => {
    log.error('stopping took too long; ending now, and the next start recovers');
    program.kill();
    process.exit(1);
  }, STOP_TIME_MAX_MS);
  await program.stop();
  clearTimeout(overdue);
}
