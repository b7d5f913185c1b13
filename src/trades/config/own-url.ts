// The address of this environment's service, for commands that connect to it.

import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import { reachedAt } from '../../lib/own-address.ts';
import { readSome } from './settings.ts';

/**
 * Returns `http://127.0.0.1:5000` unless the settings give another address. Errors: `settings_invalid`; `usage` for
 * port 0.
 */
export function ownHttpUrl(env: Environment): string {
  const values = readSome(env, ['AGGREGATOR_HOST', 'HTTP_HOST', 'AGGREGATOR_PORT']);
  const { AGGREGATOR_PORT: port } = values;
  const host = values.AGGREGATOR_HOST ?? values.HTTP_HOST;
  if (port === 0) {
    throw new CodedError(
      'usage',
      'AGGREGATOR_PORT 0: the port was chosen when the program started, and its log has it; give the address as an option.',
    );
  }
  return `http://${host === 'localhost' ? '127.0.0.1' : reachedAt(host)}:${port}`;
}
