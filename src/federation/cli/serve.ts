// `aggregator serve`: reads the settings, makes the program, and runs it until a signal ends it.

import { type AppSeams, createApp } from '../threads/main.ts';
import { createSplitterApp } from '../threads/split-only.ts';
import type { Environment } from '../../config/environment.ts';
import { readNotifyFile } from '../config/notify-file.ts';
import { readSettings } from '../config/settings.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { createLog } from '../../io/log.ts';
import { command } from '../../cli/command.ts';
import { limitHeapGrowth } from '../../cli/heap.ts';
import { untilSignal } from '../../cli/until-signal.ts';

/**
 * Number of file descriptors that a start needs beside those of its workers: 33 (measured), and some for an audit. With
 * fewer the start fails and says so.
 */
export const START_DESCRIPTORS = 40;
/** Number of file descriptors that each thread of the pool needs: for its event loop and for the database. */
export const WORKER_DESCRIPTORS = 8;

/**
 * Resolves with the exit code. Throws a `CodedError` if the start fails; then no part of the program is left running.
 */
export async function serve(env: Environment, seams: AppSeams = {}): Promise<number> {
  limitHeapGrowth();
  const { settings, warnings } = readSettings(env);
  requireDescriptors(START_DESCRIPTORS + settings.workers * WORKER_DESCRIPTORS);
  const { receivers, warnings: ofReceivers } = readNotifyFile(settings.notifyFile);
  const log = createLog(settings.log);
  for (const warning of [...warnings, ...ofReceivers]) log.warn(`settings: ${warning}`);
  if (settings.cluster?.split === 'only')
    return untilSignal({
      log,
      ready: 'ready to split; stop with Ctrl-C or SIGTERM',
      stopping: 'giving the leases to others',
      make: (fatal) => createSplitterApp(settings, { log, logLoss: log.loss, fatal }),
    });
  return untilSignal({
    log,
    ready: 'ready to aggregate; stop with Ctrl-C or SIGTERM',
    stopping: 'committing the messages in memory',
    make: (fatal) =>
      createApp(settings, {
        log,
        logLoss: log.loss,
        fatal,
        receivers,
        searchPath: env['PATH'] ?? '',
        seams,
      }),
  });
}

/** The command `serve`. */
export const serveCommand = command({
  about:
    'Runs the aggregator until Ctrl-C, SIGTERM, or its terminal closes. It has no options of its own. Settings are environment variables (see README.md); check-config checks them.',
  options: {},
  exit: '0 orderly stop; 1 it cannot start or continue, and says why; 2 usage.',
  run: (_given, env) => serve(env),
});
