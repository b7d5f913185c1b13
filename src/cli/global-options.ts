// The options that every command takes, before its name or behind it: `--env-file FILE` and `--version`. This file takes
// them out of the arguments before a command looks at the rest. It reads no file and prints nothing.

import { CodedError } from '../lib/errors.ts';
import { END_OF_OPTIONS } from './command-line.ts';

/** One line of a command's help, as its name and its meaning. */
export const ENV_FILE_HELP = [
  '--env-file FILE',
  'read settings from FILE too, one KEY=value a line; a variable of the environment wins',
] as const;

/** What the arguments say to every command. */
export interface GlobalOptions {
  /** The file as the person named it; null without the option. */
  readonly envFile: string | null;
  readonly asksForVersion: boolean;
  /** The other arguments, in their order. */
  readonly args: readonly string[];
}

/** Takes the options out of the arguments; those behind `--` are left. Errors: `usage`. */
export function takeGlobalOptions(args: readonly string[]): GlobalOptions {
  const end = args.indexOf(END_OF_OPTIONS);
  const [options, operands] = end === -1 ? [args, []] : [args.slice(0, end), args.slice(end)];
  const files: string[] = [];
  const others: string[] = [];
  let asksForVersion = false;
  for (let at = 0; at < options.length; at++) {
    const word = options[at] ?? '';
    if (word === '--version') asksForVersion = true;
    else if (word.startsWith('--env-file=')) files.push(word.slice('--env-file='.length));
    else if (word === '--env-file') files.push(fileAfter(options[++at]));
    else others.push(word);
  }
  if (files.length > 1) throw wrong('--env-file is given twice: give it once.');
  if (files[0] === '') throw wrong('--env-file is followed by no file.');
  return { envFile: files[0] ?? null, asksForVersion, args: [...others, ...operands] };
}

function fileAfter(word: string | undefined): string {
  if (word === undefined) return '';
  if (word.startsWith('-')) {
    throw wrong(
      '--env-file is followed by another option; a file that begins with - is written --env-file=FILE.',
    );
  }
  return word;
}

function wrong(sentence: string): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`);
}
