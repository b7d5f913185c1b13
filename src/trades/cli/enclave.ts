// `aggregator enclave`: the process that holds credentials and polls exchanges, until a signal, or until its service ends it.

import { command, type Command, group } from '../../cli/command.ts';
import { checkSettingsCommand } from '../../cli/check-config.ts';
import { limitHeapGrowth } from '../../cli/heap.ts';
import { GROUP_EXIT } from '../../cli/program-commands.ts';
import { statusCommand } from '../../cli/status.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { createLog, type Log } from '../../io/log.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { ENCLAVE_SETTINGS } from '../config/enclave-setting-table.ts';
import { readEnclaveSettings } from '../config/enclave-settings.ts';
import { becomeHardened } from './hardened.ts';

/** Number of file descriptors that a start needs: its doors, and requests to exchanges. */
const START_DESCRIPTORS = 128;

/** Runs the enclave until a signal; resolves with the exit code. Throws a `CodedError` if the start fails. */
async function runEnclave(env: Environment): Promise<number> {
  becomeHardened(env);
  limitHeapGrowth();
  const { settings, warnings } = readEnclaveSettings(env);
  requireDescriptors(START_DESCRIPTORS);
  // The service and its enclave write to one terminal.
  const log = createLog({ ...settings.log, program: 'enclave', hidesErrorTexts: true });
  endWithoutText(log);
  for (const warning of warnings) log.warn(`settings: ${warning}`);
  const { startableEnclave } = await import('./enclave-start.ts');
  const asked = Promise.withResolvers<void>();
  const make = await startableEnclave(settings, log, () => asked.resolve());
  if (typeof make === 'number') return make;
  return untilSignal({
    log,
    ready: 'enclave: ready for registrations; stop with Ctrl-C or SIGTERM',
    stopping: 'polling ends; what is sealed waits for the service',
    make,
    asked: asked.promise,
  });
}

/** What Node prints of an error that nobody caught holds its text and what it is made of: credentials, perhaps. */
function endWithoutText(log: Pick<Log, 'error'>): void {
  process.on('uncaughtException', (error: unknown) => {
    log.error('a defect of the program ends the enclave; please report it', {
      error: error instanceof Error ? error : new Error('no error was thrown'),
    });
    process.exit(1);
  });
}

const checkConfigCommand: Command = checkSettingsCommand({
  besides: '',
  settings: ENCLAVE_SETTINGS,
  check: (env) => ({ warnings: readEnclaveSettings(env).warnings, notes: [] }),
});

const runCommand: Command = command({
  about:
    'Runs the process that holds exchange credentials until Ctrl-C or SIGTERM. Settings are environment variables (see docs/enclave.md); check-config checks them.',
  options: {},
  exit: '0 orderly stop; 1 it cannot start or continue, and says why; 2 usage; 3 an enclave with the same seal key runs already.',
  run: (_line, env) => runEnclave(env),
});

/** The enclave with its commands. */
export const enclaveCommand: Command = group({
  about:
    'Takes exchange accounts whose credentials are encrypted for it, polls them, and signs hourly summaries. Settings come from the environment, see docs/enclave.md.',
  commands: {
    run: {
      summary: 'run the enclave; its options may follow `enclave` directly',
      load: () => Promise.resolve(runCommand),
    },
    status: {
      summary: 'one screen of the running enclave',
      load: async () => statusCommand((await import('./enclave-status-view.ts')).ENCLAVE_STATUS_VIEW),
    },
    'check-config': {
      summary: 'check the settings and print them, secrets left out; starts nothing',
      load: async () => checkConfigCommand,
    },
  },
  standard: 'run',
  exit: GROUP_EXIT,
});
