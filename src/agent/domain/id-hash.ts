// The hash under which an execution or an invoice is known in the federation (docs/agent.md#messages). The raw id never
// leaves the process.

import { hash } from 'node:crypto';

/**
 * Lower-case hex SHA-256 of the salt's 64 hex digits as text, followed by the id in UTF-8. Nodes with one salt give one
 * execution the same hash.
 */
export function idHash(salt: string, id: string): string {
  return hash('sha256', salt + id, 'hex');
}

/** True for 64 hex digits: the form of a salt. */
export function isSalt(text: string): boolean {
  return /^[0-9a-fA-F]{64}$/.test(text);
}
