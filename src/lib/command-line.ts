// Options and operands of one command, decoded once; whatever is wrong with them is one sentence for the person at the
// terminal. It knows no command.

import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { CodedError } from './errors.ts';

type Parsed<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; strict: true; allowPositionals: true }>
>;

/** What a command was called with. */
export interface CommandLine<O extends ParseArgsOptionsConfig> {
  readonly values: Parsed<O>['values'];
  /** As many as there are names of operands. */
  readonly operands: readonly string[];
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
  const { values, positionals } = parse(args, options);
  const extra = positionals[operands.length];
  if (extra !== undefined) throw new CodedError('usage', `Unexpected argument '${extra}'. ${HINT}`);
  const missing = operands[positionals.length];
  if (missing !== undefined) throw new CodedError('usage', `${missing} is missing. ${HINT}`);
  return { values, operands: positionals };
}

const HINT = '--help lists the options.';

function parse<const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const said = error instanceof Error ? error.message : 'unreadable arguments';
    throw new CodedError('usage', `${said.split(/\.?\s*\n|\. /)[0]?.replace(/\.$/, '')}. ${HINT}`, {
      cause: error,
    });
  }
}
