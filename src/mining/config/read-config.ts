// Reads `aggregator_config.yaml` in all its forms and makes the settings of it: the flat layout, the one with `server` and
// `rpc_` keys, and mixtures. A key that stands in two forms is a mistake that names both.

import { resolve } from 'node:path';
import { type Environment, fromCaller, type Machine, thisMachine } from '../../config/environment.ts';
import {
  type FileProgram,
  type FileSettings,
  readSettingsFile,
  readSettingsText,
} from '../../config/settings-file.ts';
import { arrangeConfig } from './arrange.ts';
import type { MiningConfig } from './config.ts';
import { KEYS } from './keys.ts';
import { Meaning, type MeaningRow } from './meaning.ts';

/** The file that is read if no other is named. */
export const CONFIG_FILE = 'aggregator_config.yaml';

/** The settings of a file and what it means. */
export interface MiningSettings {
  readonly config: MiningConfig;
  /** The file, as an absolute path. */
  readonly file: string;
  /** Every key with its value and where the value comes from, without secrets. */
  readonly meaning: readonly MeaningRow[];
  /** Sentences about what is right but perhaps not intended. */
  readonly warnings: readonly string[];
}

/** The path of the file that `-c` names, or of the one that is looked for without it. */
export function configFileOf(env: Environment, named: string | undefined): string {
  return resolve(fromCaller(env, named ?? CONFIG_FILE));
}

/** Reads and checks a file. `named` is what `-c` says. Errors: `settings_invalid` with every mistake. */
export function readConfigFile(
  env: Environment,
  named: string | undefined,
  machine: Partial<Machine> = {},
): MiningSettings {
  const file = configFileOf(env, named);
  return finish(env, machine, file, (program) => readSettingsFile(program, file));
}

/** As {@link readConfigFile}, for a text; `file` names it in errors. */
export function readConfigText(
  env: Environment,
  text: string,
  file: string,
  machine: Partial<Machine> = {},
): MiningSettings {
  return finish(env, machine, file, (program) => readSettingsText(program, text, file));
}

type Program = FileProgram<typeof KEYS, MiningConfig>;

function finish(
  env: Environment,
  machine: Partial<Machine>,
  file: string,
  read: (program: Program) => FileSettings<typeof KEYS, MiningConfig>,
): MiningSettings {
  const { canRead, isTerminal }: Machine = { ...thisMachine(), ...machine };
  const meaning = new Meaning();
  const resolvePath = (path: string) => fromCaller(env, path);
  const { settings, warnings } = read({
    table: KEYS,
    arrange: (values, findings) =>
      arrangeConfig({ values, findings, meaning, resolvePath, canRead }, { env, isTerminal }),
  });
  return { config: settings, file, meaning: meaning.rows, warnings };
}
