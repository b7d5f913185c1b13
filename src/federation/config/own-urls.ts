// Where the aggregator of this environment and its broker are reached, for commands that ask them. Read as the program
// reads it, and nothing beyond: a command needs no other setting to be right.

import { CodedError } from '../../lib/errors.ts';
import { reachedAt } from '../../lib/own-address.ts';
import type { Environment } from '../../config/environment.ts';
import { readSome } from './settings.ts';

/** `http://127.0.0.1:8080` unless the settings say otherwise. Errors: `settings_invalid`; `usage` for a port 0. */
export function ownHttpUrl(env: Environment): string {
  const { HTTP_HOST: host, HTTP_PORT: port } = readSome(env, ['HTTP_HOST', 'HTTP_PORT']);
  if (port === 0) {
    throw new CodedError(
      'usage',
      'HTTP_PORT 0: the port was chosen when the program started, and its log has it; give the address as an option.',
    );
  }
  // HTTP listens on 127.0.0.1 for `localhost`; the name may lead to ::1 first, where another program may listen.
  return `http://${host === 'localhost' ? '127.0.0.1' : reachedAt(host)}:${port}`;
}

/**
 * The addresses of `NATS_URL`, else where our own broker listens unless it is switched off. None of them has credentials.
 * Errors: `settings_invalid`.
 */
export function ownBrokerUrls(env: Environment): readonly string[] {
  const values = readSome(env, ['NATS_URL', 'EMBEDDED_NATS', 'EMBEDDED_NATS_HOST', 'EMBEDDED_NATS_PORT']);
  if (values.NATS_URL !== null) return values.NATS_URL.urls;
  if (values.EMBEDDED_NATS === 'off') return ['nats://localhost:4222'];
  return [`nats://${reachedAt(values.EMBEDDED_NATS_HOST)}:${values.EMBEDDED_NATS_PORT}`];
}
