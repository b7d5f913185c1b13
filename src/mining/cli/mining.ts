// `aggregator mining`: reads the settings file, makes the program, runs it until a signal ends it, and reads the file
// again at SIGHUP. A wrong file then changes nothing.

import { existsSync } from 'node:fs';
import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { limitHeapGrowth } from '../../cli/heap.ts';
import { print } from '../../cli/output.ts';
import type { GivenOptions } from '../../cli/program.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import { createLog, type LossyLog } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import { programVersion } from '../../lib/version.ts';
import { applied, compare } from '../config/compare.ts';
import type { MiningConfig } from '../config/config.ts';
import { configFileOf, type MiningSettings } from '../config/read-config.ts';
import { check } from './check.ts';
import { logFilePlace } from './log-file-place.ts';
import { readGiven, SETTINGS_OPTIONS } from './settings-options.ts';
import type { MakeMining, MiningProgram } from './start.ts';

/**
 * Runs the program that `make` makes until a signal; resolves with the exit code. Throws a `CodedError` if the file is
 * wrong or the start fails; then no part of the program is left running.
 */
export async function runMining(env: Environment, given: GivenOptions, make: MakeMining): Promise<number> {
  limitHeapGrowth();
  const { config, file, warnings } = readGiven(env, given);
  const { level, format } = config.logging;
  const log = createLog({ level, format, file: logFilePlace(config.logging) });
  log.info(`settings: read from ${file}`);
  for (const warning of warnings) log.warn(`settings: ${warning}`);
  const rereader = new Rereader(config, log, () => readGiven(env, given));
  return untilSignal({
    log,
    ready: 'ready for miners; stop with Ctrl-C or SIGTERM, read the settings again with SIGHUP',
    stopping: 'answering the requests under way, and committing what is in memory',
    reread: () => rereader.reread(),
    make: (fatal) => {
      rereader.program = make(config, { env, log, fatal });
      return rereader.program;
    },
  });
}

/** Reads the file again and passes on what may change. */
class Rereader {
  program: MiningProgram | null = null;
  readonly #log: LossyLog;
  readonly #read: () => MiningSettings;
  /** The settings that hold now. */
  #config: MiningConfig;

  constructor(config: MiningConfig, log: LossyLog, read: () => MiningSettings) {
    this.#config = config;
    this.#log = log;
    this.#read = read;
  }

  /** Never throws. */
  reread(): void {
    let next: MiningSettings;
    try {
      next = this.#read();
    } catch (error) {
      const sentence = error instanceof CodedError ? error.message : 'The settings file cannot be read';
      this.#log.error(`settings: not read again, and nothing has changed: ${sentence}`);
      return;
    }
    for (const warning of next.warnings) this.#log.warn(`settings: ${warning}`);
    const { now, restart } = compare(this.#config, next.config);
    this.#config = applied(this.#config, next.config);
    const { logging } = this.#config;
    // A file that another program has renamed is opened again, so this is done in any case.
    this.#log.change({ level: logging.level, file: logFilePlace(logging) });
    if (now.length > 0) this.program?.change(this.#config);
    const changed = now.length === 0 ? 'nothing has changed' : `changed: ${now.join(', ')}`;
    const later = restart.length === 0 ? '' : `; only a restart changes ${restart.join(', ')}`;
    this.#log.info(`settings: read again, ${changed}${later}`);
  }
}

/** The command that runs mining. */
export const miningCommand = command({
  about:
    'Runs the mining proxy until Ctrl-C, SIGTERM, or its terminal closes. SIGHUP reads the settings file again: what can change while it runs does, and the log names the rest; a wrong file changes nothing.',
  options: {
    ...SETTINGS_OPTIONS,
    check: flag('only say what the settings file means, as check-config does'),
    version: flag('only print the version'),
    demo: flag(
      'run a demonstration on this machine: a simulated upstream and simulated miners, without a file',
    ),
    'or-demo': flag('the same if there is no settings file and -c names none'),
  },
  exit: '0 orderly stop, or the file is right; 1 it cannot start or continue, and says why; 2 usage.',
  async run({ values }, env) {
    if (values.version) {
      print(`aggregator ${programVersion()}\n`);
      return 0;
    }
    if (values.demo && (values.config !== undefined || values.check)) {
      throw new CodedError(
        'usage',
        '--demo needs no settings file: give it alone. --help lists the options.',
      );
    }
    if (values.check) return check(env, values);
    const isAlone = values.config === undefined && !existsSync(configFileOf(env, undefined));
    if (values.demo || (values['or-demo'] && isAlone)) {
      const { demonstrate } = await import('./demonstrate.ts');
      return demonstrate(env);
    }
    const { makeMining } = await import('./start.ts');
    return runMining(env, values, makeMining);
  },
});
