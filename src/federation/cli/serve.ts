// `aggregator serve`: runs the aggregator until a signal ends it, and decides the exit code.

import { setFlagsFromString } from 'node:v8';
import { type AppSeams, createApp } from '../threads/main.ts';
import type { Environment } from '../../config/environment.ts';
import { readSettings } from '../config/settings.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { createLog } from '../../io/log.ts';
import type { Command } from '../../cli/command.ts';

/** Files that a start opens beside its workers' (33, measured), and room for an audit. Fewer, and it ends with the reason. */
export const START_DESCRIPTORS = 40;
/** Files that each thread of the pool opens: those of its event loop, and the database's. */
export const WORKER_DESCRIPTORS = 8;
/** Longest wait for an orderly stop before the process ends anyway; the specification allows 5 s. */
export const STOP_TIME_MAX_MS = 4_500;

const HELP = `Usage: aggregator [serve]

Runs the aggregator until Ctrl-C, SIGTERM, or its terminal is closed. It has no options: settings are environment variables, see README.md, and
check-config checks them.

Exit code: 0 stopped as asked; 1 it cannot start or go on, and says why; 2 usage.
`;

/** A signal to the process group comes twice within a moment: through npm and directly. */
const SAME_SIGNAL_MS = 1000;
/** By itself V8 lets a heap grow to three or four times what is in use: with a million messages waiting, 80 MB more (bench/backlog.ts). */
const HEAP_GROWING_PERCENT = 120;
/**
 * Every signal that would end the program and leave its broker: of a person, of a terminal that is closed (SIGHUP), of
 * a tool. With the exit code that each has as the second one.
 */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGUSR2: 140, SIGTERM: 143 } as const;
type EndingSignal = keyof typeof SIGNALS;

/** Resolves with the exit code. Throws a `CodedError` if the start fails; then nothing of ours is left running. */
export async function serve(env: Environment, seams: AppSeams = {}): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  const { settings, warnings } = readSettings(env);
  requireDescriptors(START_DESCRIPTORS + settings.workers * WORKER_DESCRIPTORS);
  const log = createLog(settings.log);
  for (const warning of warnings) log.warn(`settings: ${warning}`);
  const ended = Promise.withResolvers<number>();
  const app = createApp(settings, {
    log,
    logLoss: log.loss,
    fatal(error) {
      log.error(error.message, { code: error.code });
      ended.resolve(1);
    },
    searchPath: env['PATH'] ?? '',
    seams,
  });

  let firstSignalMs: number | null = null;
  const onSignal = (signal: EndingSignal) => {
    if (firstSignalMs === null) {
      firstSignalMs = systemClock.monotonicMs();
      log.info(`${signal}: stopping; what is merged is being committed`);
      ended.resolve(0);
    } else if (systemClock.monotonicMs() - firstSignalMs > SAME_SIGNAL_MS) {
      app.kill();
      process.exit(SIGNALS[signal]);
    }
  };
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'] as const)
    process.on(signal, onSignal);

  let code: number;
  let failure: unknown = null;
  try {
    const starting = app.start().then(() => log.info('ready to aggregate; stop with Ctrl-C or SIGTERM'));
    // A signal during the start ends it; a start that fails ends the program.
    code = await Promise.race([ended.promise, starting.then(() => ended.promise)]);
  } catch (error) {
    failure = error;
    code = 1;
  }
  const overdue = setTimeout(() => {
    log.error('stopping took too long; ending now, and the next start recovers');
    app.kill();
    process.exit(1);
  }, STOP_TIME_MAX_MS);
  await app.stop();
  clearTimeout(overdue);
  if (failure !== null) throw failure;
  log.info('stopped', { code });
  return code;
}

export const serveCommand: Command = {
  help: HELP,
  run(args, env) {
    parseCommandLine(args, {});
    return serve(env);
  },
};
