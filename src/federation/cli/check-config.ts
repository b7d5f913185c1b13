// `aggregator check-config`: reads the settings as `serve` would, prints what is in force and starts nothing.

import type { Environment } from '../../config/environment.ts';
import { readSettings, type Settings, SETTINGS } from '../config/settings.ts';
import { CodedError } from '../../lib/errors.ts';
import { parseCommandLine } from '../../lib/command-line.ts';
import { requirePlace } from '../../store/database-place.ts';
import { requireOwnFile } from '../../store/program-identity.ts';
import type { Command } from '../../cli/command.ts';
import { print } from '../../cli/output.ts';

const HELP = `Usage: aggregator check-config [--json]

Checks the settings as serve would, lists every mistake at once, prints those that are set (secrets left out), says
whether this user may use or make the database of DB_PATH, and starts and makes nothing.

  --json  print them as one JSON object; a value that is not shown is null, and wrong settings are {"mistakes":[…]}

Exit code: 0 the settings are right; 1 they are not; 2 usage.
`;

/** Prints every setting that is set, and says that the others have their defaults. Throws `settings_invalid`. */
function checkConfig(env: Environment, isJson: boolean): number {
  let warnings: readonly string[];
  let settings: Settings;
  try {
    ({ settings, warnings } = readSettings(env));
    requirePlace(settings.databasePath);
    requireOwnFile(settings.databasePath, 'federation');
  } catch (error) {
    if (!isJson || !(error instanceof CodedError)) throw error;
    // The first line counts the settings that are wrong; another error is one sentence.
    const lines = error.code === 'settings_invalid' ? error.message.split('\n  ').slice(1) : [error.message];
    print(`${JSON.stringify({ mistakes: lines })}\n`);
    return 1;
  }
  const set = SETTINGS.filter(({ name }) => (env[name] ?? '').trim() !== '').map(({ name, secret }) => {
    const text = (env[name] ?? '').trim();
    // An address may hold a password before its @.
    return { name, value: secret || text.includes('@') ? null : text };
  });
  const defaults = SETTINGS.length - set.length;
  if (isJson) {
    print(`${JSON.stringify({ set, defaults, warnings })}\n`);
    return 0;
  }
  for (const warning of warnings) print(`warning: ${warning}\n`);
  for (const { name, value } of set) print(`${name}=${value ?? '(not shown)'}\n`);
  if (settings.databaseLink !== undefined) {
    print(`DB_PATH leads to ${settings.databasePath}\n`);
  }
  print(`The settings are right: ${set.length} set, ${defaults} at their defaults.\n`);
  return 0;
}

export const checkConfigCommand: Command = {
  help: HELP,
  run(args, env) {
    const { values } = parseCommandLine(args, { json: { type: 'boolean', default: false } });
    return checkConfig(env, values.json);
  },
};
