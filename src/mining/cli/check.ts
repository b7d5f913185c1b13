// `aggregator mining check-config` and `aggregator mining --check`: what the settings file means. They start and make
// nothing.

import { command } from '../../cli/command.ts';
import { flag } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import type { GivenOptions } from '../../cli/program.ts';
import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import type { MiningSettings } from '../config/read-config.ts';
import { readGiven, SETTINGS_OPTIONS } from './settings-options.ts';

/** The text of a check: every key with its value and where the value comes from. */
export function checkText({ file, meaning, warnings }: MiningSettings): string {
  const rows = meaning.map(({ name, value, from }) => [name, value ?? '(not shown)', from] as const);
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const [names, values] = [width(0), Math.min(width(1), 44)];
  return [
    ...warnings.map((warning) => `warning: ${warning}\n`),
    ...rows.map(([name, value, from]) => `${name.padEnd(names)}  ${value.padEnd(values)}  ${from}\n`),
    `${file} is right.\n`,
  ].join('');
}

/** Prints what the file means. Errors: `settings_invalid` with every mistake. */
export function check(env: Environment, given: GivenOptions): number {
  print(checkText(readGiven(env, given)));
  return 0;
}

/** The command `check-config`. */
export const checkConfigCommand = command({
  about:
    'Reads the settings file and says what it means: every key with its value and where the value comes from, without secrets. Both layouts are shown in the same way. Lists every mistake at once, with line and column. It starts and makes nothing.',
  options: {
    ...SETTINGS_OPTIONS,
    json: flag('print one JSON object; a secret value is null, and mistakes are {"mistakes":[…]}'),
  },
  exit: '0 the file is right; 1 it is not, or cannot be read; 2 usage.',
  run({ values }, env) {
    if (!values.json) return check(env, values);
    try {
      const { file, meaning, warnings } = readGiven(env, values);
      print(`${JSON.stringify({ file, settings: meaning, warnings })}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'settings_invalid') throw error;
      const [first = '', ...lines] = error.message.split('\n  ');
      print(`${JSON.stringify({ mistakes: lines.length === 0 ? [first] : lines })}\n`);
      return 1;
    }
  },
});
