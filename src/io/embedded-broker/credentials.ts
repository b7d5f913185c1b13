// The broker's name and passwords: made once, and kept in a file that only its owner may read. This file never prints a
// password.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { shortageOf } from '../../lib/descriptors.ts';
import { OWNER_ONLY, writeDurably } from '../../lib/durable.ts';
import { CodedError } from '../../lib/errors.ts';

/** The identity of the program's own broker: its name, and the passwords that it accepts. */
export interface Credentials {
  readonly serverName: string;
  readonly aggregatorPassword: string;
  readonly monitorPassword: string;
  readonly systemPassword: string;
}

const SERVER_NAME = /^truebit-aggregator-[0-9a-f]{8}$/;
const KEYS = ['serverName', 'aggregatorPassword', 'monitorPassword', 'systemPassword'] as const;

/** True if a server of this name is an aggregator's embedded broker, this program's or another's. */
export function isAggregatorsBroker(serverName: string): boolean {
  return SERVER_NAME.test(serverName);
}

/**
 * Reads the file, or makes it (mode 0600). Throws `folder_not_writable` if this user cannot read it, and
 * `broker_start_failed` if it holds something else.
 */
export function loadCredentials(file: string): Credentials {
  const text = readIfThere(file);
  if (text === null) return makeCredentials(file);
  const credentials = parseCredentials(text);
  if (credentials !== null) return credentials;
  throw new CodedError(
    'broker_start_failed',
    `${file} does not hold the broker's name and passwords: restore it, or remove it to have new ones made.`,
  );
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const shortage = shortageOf(error);
    if (shortage !== null) throw shortage;
    throw new CodedError('folder_not_writable', `${file} cannot be read: give this user the right to.`, {
      cause: error,
    });
  }
}

function parseCredentials(text: string): Credentials | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const members = value as Record<string, unknown>;
  const complete = KEYS.every((key) => typeof members[key] === 'string' && members[key] !== '');
  return complete && isAggregatorsBroker(String(members['serverName'])) ? (value as Credentials) : null;
}

function makeCredentials(file: string): Credentials {
  const credentials: Credentials = {
    serverName: `truebit-aggregator-${randomBytes(4).toString('hex')}`,
    aggregatorPassword: randomBytes(32).toString('base64url'),
    monitorPassword: randomBytes(32).toString('base64url'),
    systemPassword: randomBytes(32).toString('base64url'),
  };
  // The write must be atomic: with half a file the program could not log in to its own streams.
  writeDurably(file, `${JSON.stringify(credentials, null, 2)}\n`, OWNER_ONLY);
  return credentials;
}
