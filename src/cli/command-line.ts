// Options and operands of one command, decoded once; whatever is wrong with them is one sentence for the person at the
// terminal. It knows no command. `parseArgs` of Node is imported only here.

import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { CodedError } from '../lib/errors.ts';

/** An option that is given or not. */
export interface Flag {
  readonly type: 'boolean';
  readonly default: false;
  readonly help: string;
}

/** An option with a value, which help calls `value`. */
export interface Text {
  readonly type: 'string';
  readonly value: string;
  readonly help: string;
}

/** An option with a value that it has also where it is not given. */
export interface TextWithDefault extends Text {
  readonly default: string;
}

/** The options of a command by name: what is parsed, and what help says of it. */
export type Options = Readonly<Record<string, Flag | Text | TextWithDefault>>;

export function flag(help: string): Flag {
  return { type: 'boolean', default: false, help };
}

export function option(value: string, help: string): Text {
  return { type: 'string', value, help };
}

export function optionWithDefault(value: string, help: string, standard: string): TextWithDefault {
  return { type: 'string', value, help, default: standard };
}

type Parsed<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: true; tokens: true }>
>;

/** What a command was called with. */
export interface CommandLine<O extends ParseArgsOptionsConfig> {
  readonly values: Parsed<O>['values'];
  /** As many as there are names of operands. */
  readonly operands: readonly string[];
}

/** The argument that ends the options: what follows it is an operand, even if it begins with `-`. */
export const END_OF_OPTIONS = '--';

/** Whether `--help` or `-h` stands where options may stand. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf(END_OF_OPTIONS);
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/**
 * Decodes the arguments after a command's name. `operands` names those that must follow, for example `['FILE']`.
 * Errors: `usage`, in one sentence.
 */
export function parseCommandLine<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  operands: readonly string[] = [],
): CommandLine<O> {
  const { values, positionals, tokens } = parse(args, options, operands.length > 0);
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    // Which of two values was meant, only the person knows.
    if (given.has(token.name)) throw wrong(`--${token.name} is given twice: give it once.`);
    given.add(token.name);
  }
  const extra = positionals[operands.length];
  if (extra !== undefined) throw wrong(`Unexpected argument '${printable(extra)}'.`);
  const missing = operands[positionals.length];
  if (missing !== undefined) throw wrong(`${missing} is missing.`);
  const empty = operands.find((_name, index) => positionals[index]?.trim() === '');
  if (empty !== undefined) throw wrong(`${empty} is empty.`);
  return { values, operands: positionals };
}

/** An argument as a sentence may repeat it: on one line, and cut. */
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
    throw wrong(sentenceOf(error, hasOperands), error);
  }
}

/** The sentence of `parseArgs` that names the option, and the remedy. */
function sentenceOf(error: unknown, hasOperands: boolean): string {
  const [first = '', ...others] = (error instanceof Error ? error.message : '').split(/\.?\s*\n|\. /);
  const named = printable(first.replace(/\.$/, ''));
  if (named === '') return 'The arguments cannot be read.';
  if (named.startsWith('Unknown option') && hasOperands) {
    return `${named}; put -- before an argument that begins with -.`;
  }
  const dash = /'(--[^=']+)=-XYZ'/.exec(others.join(' '))?.[1];
  return dash === undefined
    ? `${named}.`
    : `${dash} is followed by another option; a value that begins with - is written ${dash}=VALUE.`;
}
