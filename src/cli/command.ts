// Declares a command of the command line once: the same table drives the parser and the --help text, so they always
// agree.

import type { Environment } from '../config/environment.ts';
import { nearestWord } from '../config/near-names.ts';
import { CodedError } from '../lib/errors.ts';
import {
  asksForHelp,
  type CommandLine,
  END_OF_OPTIONS,
  type Options,
  parseCommandLine,
  printable,
} from './command-line.ts';
import type { CommandShape, WorkShape } from './command-shape.ts';
import { commandHelp, type CommandTexts, groupHelp, type GroupTexts } from './help.ts';
import { print } from './output.ts';

/** The name, arguments and environment with which a command is called. */
export interface Call {
  /** The command's name with all words before it, as a person types them: `./aggregator keys create`. */
  readonly name: string;
  /** The arguments after the name. */
  readonly args: readonly string[];
  readonly env: Environment;
}

/** A command that can be called. */
export interface Command {
  /** Resolves with the exit code. Rejects with a `CodedError`, which commands.ts prints. */
  run(call: Call): Promise<number>;
  /** Its options and operands, or the commands behind its name. */
  shape(): Promise<CommandShape>;
}

/** A command that does work, and says what it takes. */
export interface WorkCommand extends Command {
  shape(): Promise<WorkShape>;
}

/** A command's options and texts, and the function that does its work. */
export interface CommandSpec<O extends Options> extends CommandTexts<O> {
  /** Returns the exit code. */
  run(given: CommandLine<O>, env: Environment): Promise<number> | number;
}

/** Makes a command that does work. */
export function command<const O extends Options>(spec: CommandSpec<O>): WorkCommand {
  const { options, operands = [] } = spec;
  return {
    shape: () => Promise.resolve({ type: 'work', options, operands }),
    async run({ name, args, env }) {
      if (!asksForHelp(args)) return spec.run(parseCommandLine(args, spec.options, spec.operands), env);
      print(commandHelp(name, spec));
      return 0;
    },
  };
}

/** A command as its group lists it. It is loaded only when it is called, so that a small command starts quickly. */
export interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** A group's commands and texts. */
export interface GroupSpec extends GroupTexts {
  readonly commands: Readonly<Record<string, Entry>>;
}

/** Makes a command whose next word names one of several commands: the whole program, one of its programs, or `keys`. */
export function group(spec: GroupSpec): Command {
  const { commands, standard } = spec;
  return {
    shape: () => Promise.resolve({ type: 'group', commands, standard: standard ?? null }),
    async run({ name, args, env }) {
      // The argument `--` may come before the word; then it also ends the options of the command.
      const end = args[0] === END_OF_OPTIONS ? [END_OF_OPTIONS] : [];
      const [word, ...rest] = args.slice(end.length);
      // `help NAME` means `NAME --help`.
      if (word === 'help' && end.length === 0) return this.run({ name, args: [...rest, '--help'], env });
      const isOption = word?.startsWith('-') === true && end.length === 0;
      if (isOption && asksForHelp(args)) {
        print(groupHelp(name, spec));
        return 0;
      }
      const isNamed = word !== undefined && !isOption;
      const called = isNamed || standard === undefined ? word : standard;
      const entry = called !== undefined && Object.hasOwn(commands, called) ? commands[called] : undefined;
      if (called === undefined || entry === undefined) throw notOneOf(Object.keys(commands), word);
      const following = isNamed ? [...end, ...rest] : args;
      return (await entry.load()).run({ name: `${name} ${called}`, args: following, env });
    },
  };
}

function notOneOf(words: readonly string[], given: string | undefined): CodedError {
  const choice = words.join(', ');
  const near = given === undefined ? undefined : nearestWord(words, given);
  const problem =
    given === undefined
      ? `One of these words is missing: ${choice}.`
      : near === undefined
        ? `'${printable(given)}' is not one of: ${choice}.`
        : `'${printable(given)}' is no command; is ${near} meant?`;
  return new CodedError('usage', `${problem} --help lists the options.`);
}
