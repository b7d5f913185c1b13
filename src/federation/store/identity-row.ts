// The salt and the statistics key in the database. They are created at the first start, and are on disk before any
// other part of the program receives them.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Identity, StatisticsKey } from '../domain/identity.ts';
import { CodedError } from '../../lib/errors.ts';
import { type Database, durably } from '../../store/database.ts';
import { StoredValues } from '../../store/stored-values.ts';

const SALT = 'federation_salt';
const STATISTICS_KEY = 'statistics_key';
const SALT_BYTES = 32;

/**
 * Reads the stored identity, and creates what is missing. `givenSalt` (64 hex digits) is used instead of the stored
 * salt, and is not stored. Errors: `database_unusable`.
 */
export function readIdentity(database: Database, givenSalt: string | null): Identity {
  const stored = new StoredValues(database);
  return durably(database, () => {
    const salt =
      givenSalt ?? stored.text(SALT) ?? stored.setNow(SALT, randomBytes(SALT_BYTES).toString('hex'));
    const key = stored.text(STATISTICS_KEY) ?? stored.setNow(STATISTICS_KEY, JSON.stringify(newKey()));
    return { salt, statisticsKey: readKey(key) };
  });
}

/**
 * Stores the identity of a cluster with the next commit. A salt that is given by a setting at each start is stored
 * nowhere, so only a stored salt is replaced.
 */
export function storeIdentity(stored: StoredValues, { salt, statisticsKey }: Identity): void {
  if (stored.text(SALT) !== null) stored.set(SALT, salt);
  stored.set(STATISTICS_KEY, JSON.stringify(statisticsKey));
}

function newKey(): StatisticsKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { x, d };
}

function readKey(text: string): StatisticsKey {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && 'x' in value && 'd' in value) {
    const { x, d } = value;
    if (typeof x === 'string' && typeof d === 'string') return { x, d };
  }
  throw new CodedError('database_unusable', 'The key in the database that signs statistics is not a key.');
}
