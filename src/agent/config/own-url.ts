// The address of this environment's agent, for commands that connect to it.

import type { Environment } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import { reachedAt } from '../../lib/own-address.ts';
import { readSome } from './settings.ts';

/**
 * Returns `http://127.0.0.1:8090` unless the settings give another address. Errors: `settings_invalid`; `usage` for
 * port 0.
 */
export function ownHttpUrl(env: Environment): string {
  const { HOST: host, PORT: port } = readSome(env, ['HOST', 'PORT']);
  if (port === 0) {
    throw new CodedError(
      'usage',
      'PORT 0: the port was chosen when the agent started, and its log has it; give the address as an option.',
    );
  }
  return `http://${host === 'localhost' ? '127.0.0.1' : reachedAt(host)}:${port}`;
}
