// `aggregator check-config`: reads the settings as `serve` would, prints what is in force and starts nothing.

import type { Environment } from '../config/environment.ts';
import { readSettings, SETTINGS } from '../config/settings.ts';
import { parseCommandLine } from '../lib/command-line.ts';
import type { Command } from './command.ts';

const HELP = `Usage: aggregator check-config

Checks the settings as serve would, lists every mistake at once, prints those that are set (secrets left out) and
starts nothing.

Exit code: 0 the settings are right; 1 they are not; 2 usage.
`;

/** Prints every setting that is set, and says that the others have their defaults. Throws `settings_invalid`. */
function checkConfig(env: Environment): number {
  const { warnings } = readSettings(env);
  const set = SETTINGS.filter(({ name }) => (env[name] ?? '').trim() !== '');
  for (const warning of warnings) process.stdout.write(`warning: ${warning}\n`);
  for (const { name, secret } of set) {
    // An address may hold a password before its @.
    const isShown = !secret && !(env[name] ?? '').includes('@');
    process.stdout.write(`${name}=${isShown ? (env[name] ?? '').trim() : '(not shown)'}\n`);
  }
  process.stdout.write(
    `The settings are right: ${set.length} set, ${SETTINGS.length - set.length} at their defaults.\n`,
  );
  return 0;
}

export const checkConfigCommand: Command = {
  help: HELP,
  run(args, env) {
    parseCommandLine(args, {});
    return checkConfig(env);
  },
};
