// What a command of the line is. Each file beside this one exports one, and main.ts lists them.

import type { Environment } from '../config/environment.ts';

export interface Command {
  /** What `aggregator NAME --help` prints: usage, options with defaults, exit codes. */
  readonly help: string;
  /** Resolves with the exit code; `args` follow the command's name. Throws a `CodedError`, which main.ts prints. */
  run(args: readonly string[], env: Environment): Promise<number> | number;
}
