// Reads a table of settings from the environment. It never guesses a value: every mistake is listed at once, and no secret
// stands in the list. What the values mean together is for the rules that a program hands in.

import { CodedError } from '../lib/errors.ts';
import {
  entriesOf,
  faultIn,
  type NameIn,
  type SettingTable,
  shownValue,
  type ValuesOf,
} from './definition.ts';
import type { Environment } from './environment.ts';
import { nearNames } from './near-names.ts';
import { suspicionOf } from './slips.ts';

/** A rule between settings that the values break. */
export interface BrokenRule<N extends string = string> {
  /** The settings whose values clash. */
  readonly names: readonly N[];
  /** What is wrong and what is allowed; secrets left out. */
  readonly sentence: string;
}

/** Names that an earlier program knew, and what to do instead, as it follows the names in a warning. */
export interface RetiredNames {
  readonly names: readonly string[];
  readonly advice: string;
}

/** What a program says of its settings. */
export interface SettingsProgram<T extends SettingTable> {
  readonly table: T;
  readonly retired?: RetiredNames;
  /** Every rule between settings that the values break. */
  brokenRules(values: ValuesOf<T>): readonly BrokenRule<NameIn<T>>[];
}

/** Reads and checks all settings. An empty value counts as unset. Errors: `settings_invalid` with every mistake. */
export function readTable<T extends SettingTable>(
  program: SettingsProgram<T>,
  env: Environment,
): { readonly values: ValuesOf<T>; readonly warnings: readonly string[] } {
  const { values, wrong } = parseAll(program.table, env);
  // A wrong value was replaced by its default for the rules; a clash with that is no mistake.
  const broken = program.brokenRules(values).filter(({ names }) => !names.some((name) => wrong.has(name)));
  refuseMistakes([...wrong.values(), ...broken.map(({ sentence }) => sentence)]);
  return { values, warnings: warningsOf(program, env) };
}

/** The values of these settings alone, whatever the others are. Errors: `settings_invalid` with the mistakes in them. */
export function readSome<T extends SettingTable, const N extends NameIn<T>>(
  table: T,
  env: Environment,
  names: readonly N[],
): Pick<ValuesOf<T>, N> {
  const { values, wrong } = parseAll(table, env);
  refuseMistakes(names.flatMap((name) => wrong.get(name) ?? []));
  return values;
}

function refuseMistakes(mistakes: readonly string[]): void {
  if (mistakes.length === 0) return;
  const heading = mistakes.length === 1 ? '1 setting is wrong' : `${mistakes.length} settings are wrong`;
  throw new CodedError('settings_invalid', `${heading}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`);
}

function parseAll<T extends SettingTable>(
  table: T,
  env: Environment,
): { values: ValuesOf<T>; wrong: ReadonlyMap<NameIn<T>, string> } {
  const values: Record<string, unknown> = {};
  const wrong = new Map<NameIn<T>, string>();
  for (const [name, definition] of entriesOf(table)) {
    const text = textOf(env, name);
    const fault = text === '' ? undefined : faultIn(name, definition, text);
    if (fault !== undefined) wrong.set(name, `${name} ${shownValue(definition, text)}: ${fault}`);
    values[name] = text === '' || fault !== undefined ? definition.unset : definition.kind.parse(text);
  }
  return { values: values as ValuesOf<T>, wrong };
}

function textOf(env: Environment, name: string): string {
  return (env[name] ?? '').trim();
}

function warningsOf<T extends SettingTable>(
  { table, retired }: SettingsProgram<T>,
  env: Environment,
): readonly string[] {
  const isRetired = (name: string) => retired?.names.includes(name) === true;
  const others = Object.fromEntries(Object.entries(env).filter(([name]) => !isRetired(name)));
  return [
    ...suspicions(table, env),
    ...(retired === undefined ? [] : retiredNames(retired, env)),
    ...nearNames(Object.keys(table), others),
  ];
}

/** Of passwords that may hold more than was meant. */
function suspicions(table: SettingTable, env: Environment): readonly string[] {
  return entriesOf(table).flatMap(([name, { kind }]) => {
    const suspicion = kind.nature === 'free' ? suspicionOf(name, textOf(env, name)) : undefined;
    return suspicion ?? [];
  });
}

function retiredNames({ names, advice }: RetiredNames, env: Environment): readonly string[] {
  const set = names.filter((name) => textOf(env, name) !== '');
  return set.length === 0 ? [] : [`${set.join(', ')}: ${advice}`];
}
