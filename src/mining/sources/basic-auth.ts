// Basic authentication of miners: compares the header of a request with the credentials of the settings, in a time that
// does not depend on how far they agree.

import { hash, timingSafeEqual } from 'node:crypto';

/** User and password that every miner sends. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What the header of a request says: the right credentials, none, or others. */
export type AuthOutcome = 'right' | 'missing' | 'wrong';

/** Makes the comparison for these credentials; null lets every request in. */
export function checkerOf(credentials: Credentials | null): (header: string | undefined) => AuthOutcome {
  if (credentials === null) return () => 'right';
  const expected = digest(Buffer.from(`${credentials.username}:${credentials.password}`));
  return (header) => {
    if (header === undefined) return 'missing';
    const token = /^basic +(\S+) *$/i.exec(header)?.[1];
    // A digest has always the same length, which `timingSafeEqual` needs, and says nothing about the password.
    const given = digest(Buffer.from(token ?? '', 'base64'));
    return timingSafeEqual(expected, given) && token !== undefined ? 'right' : 'wrong';
  };
}

function digest(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}
