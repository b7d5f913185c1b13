// `aggregator trades`: reads the settings and the key, makes the program, and runs it until a signal ends it.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { limitHeapGrowth } from '../../cli/heap.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { createLog } from '../../io/log.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { readEnclaveSettings } from '../config/enclave-settings.ts';
import { readSettings, type Settings } from '../config/settings.ts';
import type { EnclaveOptions } from '../threads/accounts-side.ts';

/** Number of file descriptors that a start needs: its threads and files, the doors, and some deliveries. */
export const START_DESCRIPTORS = 128;

/** Runs the program until a signal; resolves with the exit code. Throws a `CodedError` if the start fails. */
export async function runTrades(env: Environment, isSetUp: boolean): Promise<number> {
  limitHeapGrowth();
  const { settings, warnings } = readSettings(env);
  requireDescriptors(START_DESCRIPTORS);
  const log = createLog(settings.log);
  for (const warning of warnings) log.warn(`settings: ${warning}`);
  const enclave = enclaveOf(settings, env);
  const { makeTrades } = await import('./start.ts');
  // It brings the reference backend, which the service alone must not load.
  const setUp = isSetUp ? await import('./set-up.ts') : null;
  setUp?.makeMissingKey(settings, log);
  const chosen = setUp === null ? null : await setUp.chooseBackend(settings, env);
  return untilSignal({
    log,
    ready: 'ready for jobs; stop with Ctrl-C or SIGTERM',
    stopping: 'answering the calls that wait; what is not delivered waits in the outbox',
    make: (fatal) => {
      const start = {
        log,
        fatal,
        isDemonstration: chosen?.isThere === false,
        ...(enclave === null ? {} : { enclave }),
      };
      if (setUp === null || chosen === null) return makeTrades(settings, start);
      const backend = { ...settings.backend, url: chosen.url };
      return new setUp.WithBackend(makeTrades({ ...settings, backend }, start), {
        chosen,
        env,
        keyFile: settings.key.file,
        isPortChosen: settings.listen.port !== 0,
        hasEnclave: enclave !== null,
        log,
        fatal,
      });
    },
  });
}

/** The enclave of the service; null if it has none. Errors: `settings_invalid` if a setting of the enclave is wrong. */
function enclaveOf({ enclave }: Pick<Settings, 'enclave'>, env: Environment): EnclaveOptions | null {
  const { mode, socketPath } = enclave;
  if (mode === 'off') return null;
  if (mode === 'join') return { socketPath };
  // The enclave gets the same environment, and could only fail later.
  readEnclaveSettings(env);
  const [, main = ''] = process.argv;
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { socketPath, process: { main, nodeFlags: process.execArgv, env: Object.fromEntries(set) } };
}

/** The command `trades`. */
export const tradesCommand = command({
  about:
    'Runs the trades service until Ctrl-C, SIGTERM, or its terminal closes. Settings are environment variables (see docs/trades.md); check-config checks them.',
  options: {
    'set-up': flag(
      'first make the key if AGGREGATOR_PRIVATE_KEY is unset and there is none, and start the reference backend beside the service if AGGREGATOR_BACKEND_URL is unset and nothing answers at INGEST_PORT; as npm run trades does',
    ),
  },
  exit: '0 orderly stop; 1 it cannot start or continue, and says why; 2 usage.',
  run: ({ values }, env) => runTrades(env, values['set-up']),
});
