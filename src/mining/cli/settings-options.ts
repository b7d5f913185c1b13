// The option of every command of mining that reads the settings file, and how a command reads the file with it.

import { existsSync } from 'node:fs';
import { type Options, shortOption } from '../../cli/command-line.ts';
import type { GivenOptions } from '../../cli/program.ts';
import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import { CONFIG_FILE, configFileOf, type MiningSettings, readConfigFile } from '../config/read-config.ts';

/** `-c FILE`, `--config FILE`. */
export const SETTINGS_OPTIONS = {
  config: shortOption('c', 'FILE', `the settings file; default ${CONFIG_FILE} in the current folder`),
} as const satisfies Options;

/** Reads and checks the file that `-c` names, or the default one. Errors: `settings_invalid`, `usage`. */
export function readGiven(env: Environment, { config }: GivenOptions): MiningSettings {
  if (config === '')
    throw new CodedError('usage', '--config is followed by no file. --help lists the options.');
  if (typeof config === 'string') return readConfigFile(env, config);
  const file = configFileOf(env, undefined);
  if (existsSync(file)) return readConfigFile(env, undefined);
  throw new CodedError(
    'settings_invalid',
    `There is no settings file ${file}: write one (docs/mining.md, Configuration), name another with -c FILE, or look at the demonstration with --demo.`,
  );
}
