// What the command `mining` starts. The parts of the program load here, so that a command that only reads the settings
// file starts quickly.

import type { Program } from '../../cli/until-signal.ts';
import type { Environment } from '../../config/environment.ts';
import type { LossyLog } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import type { MiningConfig } from '../config/config.ts';
import { createMining } from '../threads/main.ts';

/** The program as the command sees it. */
export interface MiningProgram extends Program {
  /**
   * Takes over settings of a new reading of the file, which differ only where `compare` says "now". Logging has changed
   * already. Must not throw.
   */
  change(config: MiningConfig): void;
}

/** What the command gives the program. */
export interface MiningStart {
  readonly env: Environment;
  readonly log: LossyLog;
  /** To be called if the program cannot continue; it is then stopped, and the exit code is 1. */
  fatal(error: CodedError): void;
}

/** Makes the program; starts nothing. */
export type MakeMining = (config: MiningConfig, start: MiningStart) => MiningProgram;

/** Makes the program of this package. */
export const makeMining: MakeMining = (config, { log, fatal }) =>
  createMining(config, { log, fatal, alarm: () => undefined, isDemonstration: false });

/** Runs the demonstration until a signal; resolves with the exit code. */
export async function demonstrate(_env: Environment): Promise<number> {
  throw new CodedError('internal', 'The demonstration is not there yet.');
}
