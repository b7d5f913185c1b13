// Decodes the options and operands of one command. Any mistake in them becomes one sentence for the person at the
// terminal. It knows no command. Only this file imports Node's `parseArgs`.

import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { nearestWord } from '../config/near-names.ts';
import { CodedError } from '../lib/errors.ts';

/** An option without a value: present or absent. */
export interface Flag {
  readonly type: 'boolean';
  readonly default: false;
  readonly help: string;
}

/** An option with a value; help shows `value` as its name. */
export interface Text {
  readonly type: 'string';
  readonly value: string;
  readonly help: string;
  /** A letter that stands for the option behind one dash. */
  readonly short?: string;
}

/** An option with a value, and the default for an absent option. */
export interface TextWithDefault extends Text {
  readonly default: string;
}

/** The options of a command by name: how to parse each, and its help text. */
export type Options = Readonly<Record<string, Flag | Text | TextWithDefault>>;

/** Declares an option without a value. */
export function flag(help: string): Flag {
  return { type: 'boolean', default: false, help };
}

/** Declares an option with a value, which help shows as `value`. */
export function option(value: string, help: string): Text {
  return { type: 'string', value, help };
}

/** Declares an option with a value, which `short` behind one dash stands for too. */
export function shortOption(short: string, value: string, help: string): Text & { readonly short: string } {
  return { type: 'string', value, help, short };
}

/** Declares an option with a value and the default `standard`. */
export function optionWithDefault(value: string, help: string, standard: string): TextWithDefault {
  return { type: 'string', value, help, default: standard };
}

type Parsed<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: true; tokens: true }>
>;

/** The decoded arguments of a command. */
export interface CommandLine<O extends ParseArgsOptionsConfig> {
  readonly values: Parsed<O>['values'];
  /** As many as the command has names of operands; any number more if the last name ends in `…`. */
  readonly operands: readonly string[];
}

/** The end of the name of an operand that may come any number of times. */
const ANY_NUMBER = '…';

/** The options of every command, without dashes: global-options.ts takes them out, and help has a line about them. */
export const GLOBAL_OPTIONS = ['env-file', 'version', 'help'] as const;

/** The argument that ends the options: every argument after it is an operand, even if it begins with `-`. */
export const END_OF_OPTIONS = '--';

/** True if `--help` or `-h` occurs among the options. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf(END_OF_OPTIONS);
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/**
 * Decodes the arguments after a command's name. `operands` names the operands that must follow, for example `['FILE']`;
 * of a last one that ends in `…` there may be any number, or none. Errors: `usage`, in one sentence.
 */
export function parseCommandLine<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  operands: readonly string[] = [],
): CommandLine<O> {
  const { values, positionals, tokens } = parse(args, options, operands.length > 0);
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option' || options[token.name]?.multiple === true) continue;
    // Only the person knows which of two values was meant.
    if (given.has(token.name)) throw wrong(`--${token.name} is given twice: give it once.`);
    given.add(token.name);
  }
  const isOpen = operands.at(-1)?.endsWith(ANY_NUMBER) === true;
  const needed = isOpen ? operands.slice(0, -1) : operands;
  const extra = isOpen ? undefined : positionals[operands.length];
  if (extra !== undefined) throw wrong(`Unexpected argument '${printable(extra)}'.`);
  const missing = needed[positionals.length];
  if (missing !== undefined) throw wrong(`${missing} is missing.`);
  const blank = positionals.findIndex((positional) => positional.trim() === '');
  const empty = blank === -1 ? undefined : (operands[blank] ?? operands.at(-1));
  if (empty !== undefined) throw wrong(`${empty} is empty.`);
  return { values, operands: positionals };
}

/** True if an operand occurs among the arguments of a command with these options. Mistakes in them do not matter. */
export function hasOperand(args: readonly string[], options: Options): boolean {
  const { positionals } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true });
  return positionals.length > 0;
}

/** Shortens an argument and removes control characters, so that a sentence can quote it. */
export function printable(text: string): string {
  return (text.length > 100 ? `${text.slice(0, 100)}…` : text).replaceAll(/\p{Cc}/gu, '?');
}

function wrong(sentence: string, cause?: unknown): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`, { cause });
}

function parse<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  hasOperands: boolean,
): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true, tokens: true });
  } catch (error) {
    throw wrong(sentenceOf(error, hasOperands, [...Object.keys(options), ...GLOBAL_OPTIONS]), error);
  }
}

/** Makes one sentence from the error of `parseArgs`: it names the option and the remedy. */
function sentenceOf(error: unknown, hasOperands: boolean, names: readonly string[]): string {
  const [first = '', ...others] = (error instanceof Error ? error.message : '').split(/\.?\s*\n|\. /);
  const named = printable(first.replace(/\.$/, ''));
  if (named === '') return 'The arguments cannot be read.';
  const unknown = /^Unknown option '--(.+)'$/.exec(named)?.[1];
  const near = unknown === undefined ? undefined : nearestWord(names, unknown);
  if (near !== undefined) return `${named}; is --${near} meant?`;
  if (named.startsWith('Unknown option') && hasOperands) {
    return `${named}; put -- before an argument that begins with -.`;
  }
  const dash = /'(--[^=']+)=-XYZ'/.exec(others.join(' '))?.[1];
  return dash === undefined
    ? `${named}.`
    : `${dash} is followed by another option; a value that begins with - is written ${dash}=VALUE.`;
}
