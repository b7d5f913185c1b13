// The addresses of this environment's service and enclave, for commands that connect to them.

import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import { readSome as readSomeOf } from '../../config/read-settings.ts';
import { reachedAt } from '../../lib/own-address.ts';
import { ENCLAVE_DEFINITIONS } from './enclave-setting-table.ts';
import { readSome } from './settings.ts';

/**
 * Returns `http://127.0.0.1:5000` unless the settings give another address. Errors: `settings_invalid`; `usage` for
 * port 0.
 */
export function ownHttpUrl(env: Environment): string {
  const values = readSome(env, ['AGGREGATOR_HOST', 'HTTP_HOST', 'AGGREGATOR_PORT']);
  return addressOf('AGGREGATOR_PORT', values.AGGREGATOR_HOST ?? values.HTTP_HOST, values.AGGREGATOR_PORT);
}

/** The same of the enclave: `http://127.0.0.1:3000`. */
export function ownEnclaveUrl(env: Environment): string {
  const values = readSomeOf(ENCLAVE_DEFINITIONS, env, ['ENCLAVE_HOST', 'ENCLAVE_PORT']);
  return addressOf('ENCLAVE_PORT', values.ENCLAVE_HOST, values.ENCLAVE_PORT);
}

function addressOf(setting: string, host: string, port: number): string {
  if (port === 0) {
    throw new CodedError(
      'usage',
      `${setting} 0: the port was chosen when the program started, and its log has it; give the address as an option.`,
    );
  }
  return `http://${host === 'localhost' ? '127.0.0.1' : reachedAt(host)}:${port}`;
}
