// What the command `trades` starts: the key is read here, and the parts of the program load here, so that a command that
// only reads the settings starts quickly.

import { readKeyFile } from '../../io/key-file.ts';
import type { LossyLog } from '../../io/log.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Settings } from '../config/settings.ts';
import { SummarySigner } from '../sinks/signer.ts';
import type { EnclaveOptions } from '../threads/accounts-side.ts';
import { createTrades, type TradesApp, type TradesSeams } from '../threads/main.ts';

/** What the command gives the program. */
export interface TradesStart {
  readonly log: LossyLog;
  /** To be called if the program cannot continue; it is then stopped, and the exit code is 1. */
  fatal(error: CodedError): void;
  readonly isDemonstration: boolean;
  /** The enclave of exchange accounts; absent without one. */
  readonly enclave?: EnclaveOptions;
}

/** Reads the key. Errors: `key_unusable` if there is none, or if it may not be used. */
export function readSigner({ key }: Pick<Settings, 'key'>, log: Pick<LossyLog, 'warn'>): SummarySigner {
  const read = readKeyFile(key.file);
  if (read === null) {
    throw new CodedError(
      'key_unusable',
      `There is no key file ${key.file}: make one with "${COMMAND_NAME} keygen", or name yours in AGGREGATOR_PRIVATE_KEY.`,
    );
  }
  for (const warning of read.warnings) log.warn(`key: ${warning}`);
  return new SummarySigner(read);
}

/** Makes the program of this package; without `seams` as an operator has it. */
export function makeTrades(settings: Settings, start: TradesStart, seams: TradesSeams = {}): TradesApp {
  return createTrades(settings, { ...start, signer: readSigner(settings, start.log), seams });
}
