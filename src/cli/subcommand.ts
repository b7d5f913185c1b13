// The second word of a command such as `keys create`: found, or said what there is.

import { CodedError } from '../lib/errors.ts';

/** The subcommand and what follows it. Errors: `usage`. */
export function readSubcommand<const W extends string>(
  words: readonly W[],
  args: readonly string[],
): { readonly word: W; readonly rest: readonly string[] } {
  const [given = '', ...rest] = args;
  const word = words.find((each) => each === given);
  if (word === undefined) {
    const what = given === '' ? 'A word is missing' : `'${given}' is none`;
    throw new CodedError('usage', `${what}: ${words.join(', ')}. --help lists the options.`);
  }
  return { word, rest };
}
