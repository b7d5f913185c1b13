// One command of the command line, run as a person would and waited for.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { COMPILED_CODE } from './compiled-code.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface CommandResult {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The shape of a made-up command that takes nothing. */
export const takesNothing = () => Promise.resolve({ type: 'work', options: {}, operands: [] } as const);

const PATIENCE_MS = 120_000;

/** Runs `aggregator …args` with only these settings; for commands that end by themselves. */
export function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    // As in ./aggregator: behind -- Node leaves --env-file to the program.
    // A command that does not end must not hold up the tests for ever.
    const options = { env: { ...COMPILED_CODE, ...env }, timeout: PATIENCE_MS };
    execFile(process.execPath, ['--', MAIN, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}
