// The second word of a command such as `keys create`: found, or said what there is.

import { END_OF_OPTIONS, printable } from '../lib/command-line.ts';
import { CodedError } from '../lib/errors.ts';

/** The subcommand and what follows it. Errors: `usage`. */
export function readSubcommand<const W extends string>(
  words: readonly W[],
  args: readonly string[],
): { readonly word: W; readonly rest: readonly string[] } {
  // The end of the options may stand before the word; it holds for what follows too.
  const end = args[0] === END_OF_OPTIONS ? [END_OF_OPTIONS] : [];
  const [given = '', ...rest] = args.slice(end.length);
  const word = words.find((each) => each === given);
  if (word === undefined) {
    const choice = words.join(', ');
    const problem =
      given === ''
        ? `One of these words is missing: ${choice}.`
        : `'${printable(given)}' is not one of: ${choice}.`;
    throw new CodedError('usage', `${problem} --help lists the options.`);
  }
  return { word, rest: [...end, ...rest] };
}
