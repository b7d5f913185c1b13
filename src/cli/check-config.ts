// The command `check-config` of every program: reads the settings as a start would, prints those that are set, and
// starts nothing.

import type { Environment } from '../config/environment.ts';
import { CodedError } from '../lib/errors.ts';
import { requirePlace } from '../store/database-place.ts';
import { requireOneName } from '../store/one-name.ts';
import { requireOwnFile } from '../store/program-identity.ts';
import { type Command, command } from './command.ts';
import { flag } from './command-line.ts';
import { print } from './output.ts';
import type { DatabaseSettings, Program } from './program.ts';

/** Makes the command `check-config` of a program. */
export function checkConfigCommand<Summary extends object>(program: Program<Summary>): Command {
  return command({
    about:
      'Checks the settings as a start would. Lists every mistake at once, prints the settings that are set (without secrets), and says whether this user may use or make the database of DB_PATH. It starts and makes nothing.\n\nSettings are environment variables. They stand below the options.',
    options: {
      json: flag('print one JSON object; a secret value is null, and wrong settings are {"mistakes":[…]}'),
    },
    table: program.settings.map((row) => [row.name, `${row.meaning} Default: ${row.default}.`]),
    exit: '0 the settings are right; 1 they are not; 2 usage.',
    run: ({ values }, env) => checkConfig(program, env, values.json),
  });
}

/** Prints every setting that is set, and the number of settings at their defaults. Throws `settings_invalid`. */
function checkConfig<Summary extends object>(
  program: Program<Summary>,
  env: Environment,
  isJson: boolean,
): number {
  let settings: DatabaseSettings;
  try {
    settings = program.readSettings(env, {});
    requirePlace(settings.databasePath);
    requireOneName(settings.databasePath);
    requireOwnFile(settings.databasePath, program.database, 'start');
  } catch (error) {
    if (!isJson || !(error instanceof CodedError)) throw error;
    // The first line of `settings_invalid` counts the wrong settings; any other error is one sentence.
    const lines = error.code === 'settings_invalid' ? error.message.split('\n  ').slice(1) : [error.message];
    print(`${JSON.stringify({ mistakes: lines })}\n`);
    return 1;
  }
  const { warnings } = settings;
  const textOf = (name: string) => (env[name] ?? '').trim();
  const set = program.settings
    .filter(({ name }) => textOf(name) !== '')
    .map(({ name, secret }) => {
      const text = textOf(name);
      // The part of an address before its @ may hold a password.
      return { name, value: secret || text.includes('@') ? null : text };
    });
  const defaults = program.settings.length - set.length;
  if (isJson) {
    print(`${JSON.stringify({ set, defaults, warnings })}\n`);
    return 0;
  }
  for (const warning of warnings) print(`warning: ${warning}\n`);
  for (const { name, value } of set) print(`${name}=${value ?? '(not shown)'}\n`);
  if (settings.databaseLink !== undefined) print(`DB_PATH leads to ${settings.databasePath}\n`);
  print(`The settings are right: ${set.length} set, ${defaults} at their defaults.\n`);
  return 0;
}
