// The addresses of this environment's aggregator and of its broker, for commands that connect to them. They are read
// like the program's settings, but only the settings needed: mistakes in other settings do not matter.

import { CodedError } from '../../lib/errors.ts';
import { reachedAt } from '../../lib/own-address.ts';
import type { Environment } from '../../config/environment.ts';
import { readSome } from './settings.ts';

/**
 * Returns `http://127.0.0.1:8080` unless the settings give another address. Errors: `settings_invalid`; `usage` for
 * port 0.
 */
export function ownHttpUrl(env: Environment): string {
  const { HTTP_HOST: host, HTTP_PORT: port } = readSome(env, ['HTTP_HOST', 'HTTP_PORT']);
  if (port === 0) {
    throw new CodedError(
      'usage',
      'HTTP_PORT 0: the port was chosen when the program started, and its log has it; give the address as an option.',
    );
  }
  // For `localhost` HTTP listens on 127.0.0.1, but the name may resolve to ::1 first, where another program may listen.
  return `http://${host === 'localhost' ? '127.0.0.1' : reachedAt(host)}:${port}`;
}

/**
 * Returns the addresses of `NATS_URL`. Without it, returns the embedded broker's address, or nats://localhost:4222 if
 * that broker is switched off. No address contains credentials. Errors: `settings_invalid`.
 */
export function ownBrokerUrls(env: Environment): readonly string[] {
  const values = readSome(env, ['NATS_URL', 'EMBEDDED_NATS', 'EMBEDDED_NATS_HOST', 'EMBEDDED_NATS_PORT']);
  if (values.NATS_URL !== null) return values.NATS_URL.urls;
  if (values.EMBEDDED_NATS === 'off') return ['nats://localhost:4222'];
  return [`nats://${reachedAt(values.EMBEDDED_NATS_HOST)}:${values.EMBEDDED_NATS_PORT}`];
}
