// Runs a program until a signal or a fatal error ends it, and decides the exit code. It knows no particular program: it
// starts one, stops it, and logs both.

import { isatty } from 'node:tty';
import type { Log } from '../io/log.ts';
import { systemClock } from '../lib/clock.ts';
import type { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';

/**
 * Maximum duration of an orderly stop, if the program names no other; then the process ends anyway.
 * docs/guarantees.md#in-both-modes promises 5 s.
 */
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
  /**
   * Called for SIGHUP while the program runs, which then is no reason to stop unless its terminal has closed. It must
   * not throw. Absent: SIGHUP stops the program.
   */
  reread?(): void;
  /** Maximum duration of an orderly stop, in ms, for a program that stops others; default {@link STOP_TIME_MAX_MS}. */
  readonly stopMs?: number;
  /** Resolves when another process of ours asks the program to stop. Absent: only a signal stops it. */
  readonly asked?: Promise<unknown>;
  /** Makes the program. If the program cannot continue it calls `fatal`; then it is stopped, and the exit code is 1. */
  make(fatal: (error: CodedError) => void): Program;
}

/**
 * Resolves with the exit code. If the start fails, it stops the program, so that none of it is left running, and then
 * throws the error.
 */
export async function untilSignal(serving: Serving): Promise<number> {
  const { log, stopMs = STOP_TIME_MAX_MS } = serving;
  const ended = Promise.withResolvers<number>();
  const program = serving.make((error) => {
    log.error(error.message, { code: error.code });
    ended.resolve(1);
  });
  const rereading = new Rereading(serving);
  void serving.asked?.then(() => {
    log.info(`asked to stop; ${serving.stopping}`);
    ended.resolve(0);
  });
  onSignals(
    program,
    (signal) => {
      rereading.end();
      log.info(`${signal}: stopping; ${serving.stopping}`);
      ended.resolve(0);
    },
    (signal) => signal === 'SIGHUP' && rereading.takes(),
  );
  const start = async () => {
    await program.start();
    log.info(serving.ready);
    rereading.begin();
  };
  const starting = start();
  try {
    // A signal during the start ends the wait; a failed start ends the program.
    await Promise.race([ended.promise, starting.then(() => ended.promise)]);
  } catch (error) {
    await stopInTime(program, log, stopMs);
    throw error;
  }
  await stopInTime(program, log, stopMs);
  const code = await ended.promise;
  log.info('stopped', { code });
  return code;
}

/** Reads settings again at SIGHUP, once the program has started. */
class Rereading {
  readonly #serving: Pick<Serving, 'reread'>;
  /** Descriptors that are a terminal at the start. */
  readonly #terminals = [0, 1, 2].filter(isatty);
  #state: 'waits' | 'wanted' | 'runs' | 'ended' = 'waits';

  constructor(serving: Pick<Serving, 'reread'>) {
    this.#serving = serving;
  }

  /** True if the signal means that settings are read again. The system sends it too when the terminal closes. */
  takes(): boolean {
    if (this.#serving.reread === undefined || !this.#terminals.every(isatty)) return false;
    if (this.#state === 'waits') this.#state = 'wanted';
    if (this.#state === 'runs') this.#serving.reread();
    return true;
  }

  begin(): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'wanted') this.#serving.reread?.();
    this.#state = 'runs';
  }

  end(): void {
    this.#state = 'ended';
  }
}

/**
 * Passes the first signal to `first`. A second one, later than {@link SAME_SIGNAL_MS}, ends the process at once. A signal
 * that `isTaken` takes is none of them.
 */
function onSignals(
  program: Pick<Program, 'kill'>,
  first: (signal: EndingSignal) => void,
  isTaken: (signal: EndingSignal) => boolean,
): void {
  let firstMs: number | null = null;
  const onSignal = (signal: EndingSignal) => {
    if (isTaken(signal)) return;
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
async function stopInTime(program: Program, log: Pick<Log, 'error'>, stopMs: number): Promise<void> {
  const overdue = setTimeout(() => {
    log.error('stopping took too long; ending now, and the next start recovers');
    program.kill();
    process.exit(1);
  }, stopMs);
  await program.stop();
  clearTimeout(overdue);
}
