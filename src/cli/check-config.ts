// The command `check-config` of every program: reads the settings as a start would, prints those that are set, and
// starts nothing.

import type { SettingRow } from '../config/definition.ts';
import type { Environment } from '../config/environment.ts';
import { CodedError } from '../lib/errors.ts';
import { requirePlace } from '../store/database-place.ts';
import { requireOneName } from '../store/one-name.ts';
import { requireOwnFile } from '../store/program-identity.ts';
import { type Command, command } from './command.ts';
import { flag } from './command-line.ts';
import { print } from './output.ts';
import type { Program } from './program.ts';

/** What is checked of settings, and what of them is worth a line. */
export interface CheckedSettings {
  /** Sentences about settings that are valid but perhaps not intended. */
  readonly warnings: readonly string[];
  /** Lines for people, for example where a link leads. */
  readonly notes: readonly string[];
}

/** Settings that a command checks. */
export interface SettingsCheck {
  /** A sentence: what is checked besides the settings themselves; empty for nothing. */
  readonly besides: string;
  readonly settings: readonly SettingRow[];
  /** Reads and checks everything. Throws a `CodedError`; `settings_invalid` has every mistake. */
  check(env: Environment): CheckedSettings;
}

/** Makes the command `check-config` of a program with a database. */
export function checkConfigCommand<Summary extends object>(program: Program<Summary>): Command {
  return checkSettingsCommand({
    besides: 'It says whether this user may use or make the database of DB_PATH.',
    settings: program.settings,
    check(env) {
      const { databasePath, databaseLink, warnings } = program.readSettings(env, {});
      requirePlace(databasePath);
      requireOneName(databasePath);
      requireOwnFile(databasePath, program.database, 'start');
      const files = program.checkFiles?.(env) ?? { warnings: [], notes: [] };
      const links = databaseLink === undefined ? [] : [`DB_PATH leads to ${databasePath}`];
      return { warnings: [...warnings, ...files.warnings], notes: [...links, ...files.notes] };
    },
  });
}

/** Makes a command that checks settings and prints those that are set. */
export function checkSettingsCommand(spec: SettingsCheck): Command {
  const { besides, settings } = spec;
  return command({
    about: `Checks the settings as a start would. Lists every mistake at once, and prints the settings that are set (without secrets). ${besides}${besides === '' ? '' : ' '}It starts and makes nothing.\n\nSettings are environment variables. They stand below the options.`,
    options: {
      json: flag('print one JSON object; a secret value is null, and wrong settings are {"mistakes":[…]}'),
    },
    table: settings.map((row) => [row.name, `${row.meaning} Default: ${row.default}.`]),
    exit: '0 the settings are right; 1 they are not; 2 usage.',
    run: ({ values }, env) => checkSettings(spec, env, values.json),
  });
}

/** Prints every setting that is set, and the number of settings at their defaults. Throws `settings_invalid`. */
function checkSettings({ settings, check }: SettingsCheck, env: Environment, isJson: boolean): number {
  let checked: CheckedSettings;
  try {
    checked = check(env);
  } catch (error) {
    if (!isJson || !(error instanceof CodedError)) throw error;
    // The first line of `settings_invalid` counts the wrong settings; any other error is one sentence.
    const lines = error.code === 'settings_invalid' ? error.message.split('\n  ').slice(1) : [error.message];
    print(`${JSON.stringify({ mistakes: lines })}\n`);
    return 1;
  }
  const { warnings, notes } = checked;
  const textOf = (name: string) => (env[name] ?? '').trim();
  const set = settings
    .filter(({ name }) => textOf(name) !== '')
    .map(({ name, secret }) => {
      const text = textOf(name);
      // The part of an address before its @ may hold a password.
      return { name, value: secret || text.includes('@') ? null : text };
    });
  const defaults = settings.length - set.length;
  if (isJson) {
    print(`${JSON.stringify({ set, defaults, warnings })}\n`);
    return 0;
  }
  for (const warning of warnings) print(`warning: ${warning}\n`);
  for (const { name, value } of set) print(`${name}=${value ?? '(not shown)'}\n`);
  for (const note of notes) print(`${note}\n`);
  print(`The settings are right: ${set.length} set, ${defaults} at their defaults.\n`);
  return 0;
}
