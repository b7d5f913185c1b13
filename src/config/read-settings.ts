// Reads a table of settings from the environment. It never guesses a value. It lists all mistakes at once, without
// secrets. The program provides the rules between settings.

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

/** A rule between settings that their values break. */
export interface BrokenRule<N extends string = string> {
  /** The settings whose values clash. */
  readonly names: readonly N[];
  /** The mistake and the allowed values, without secrets. */
  readonly sentence: string;
}

/** Names of settings of an earlier program, and the advice to print after them in a warning. */
export interface RetiredNames {
  readonly names: readonly string[];
  readonly advice: string;
  /** True if each name has a warning of its own; otherwise all that are set share one. */
  readonly isEachTold?: boolean;
}

/** A program's settings and rules. */
export interface SettingsProgram<T extends SettingTable> {
  readonly table: T;
  readonly retired?: RetiredNames;
  /** Returns every rule between settings that the values break. */
  brokenRules(values: ValuesOf<T>): readonly BrokenRule<NameIn<T>>[];
}

/** Reads and checks all settings. An empty value counts as unset. Errors: `settings_invalid` with all mistakes. */
export function readTable<T extends SettingTable>(
  program: SettingsProgram<T>,
  env: Environment,
): { readonly values: ValuesOf<T>; readonly warnings: readonly string[] } {
  const { values, wrong } = parseAll(program.table, env);
  // For the rules, a wrong value is replaced by its default; a rule broken by that default is no mistake.
  const broken = program.brokenRules(values).filter(({ names }) => !names.some((name) => wrong.has(name)));
  refuseMistakes([...wrong.values(), ...broken.map(({ sentence }) => sentence)]);
  return { values, warnings: warningsOf(program, env) };
}

/**
 * Reads only the named settings and ignores mistakes in others. Errors: `settings_invalid` with the mistakes in the
 * named ones.
 */
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

/** Warnings about passwords that may hold more text than intended. */
function suspicions(table: SettingTable, env: Environment): readonly string[] {
  return entriesOf(table).flatMap(([name, { kind }]) => {
    const suspicion = kind.nature === 'free' ? suspicionOf(name, textOf(env, name)) : undefined;
    return suspicion ?? [];
  });
}

function retiredNames(
  { names, advice, isEachTold = false }: RetiredNames,
  env: Environment,
): readonly string[] {
  const set = names.filter((name) => textOf(env, name) !== '');
  if (isEachTold) return set.map((name) => `${name}: ${advice}`);
  return set.length === 0 ? [] : [`${set.join(', ')}: ${advice}`];
}
