// Turns errors of the connection into clauses for log and page, without a path, an address of a wallet, or more text of
// the broker than a line.

import { describe } from '../../io/nats.ts';
import { errorCode } from '../../lib/error-code.ts';

/** Characters of a broker's own text that are shown. */
export const REASON_CHARACTERS_MAX = 200;

const MISSING = / doesn't exist$/;

/** The reason of a failed attempt. */
export function reasonOf(error: unknown): string {
  const path = error instanceof Error && 'path' in error ? error.path : undefined;
  // The sentence of a failed file operation holds the path, and so does the client's own about a missing file.
  if (path !== undefined || (error instanceof Error && MISSING.test(error.message)))
    return `a file that FEDERATION_NATS_… names cannot be read (${errorCode(error) ?? 'ENOENT'})`;
  return plainReason(describe(error));
}

/** A text of client or broker, in one short line. */
export function plainReason(text: string): string {
  const clean = text.replaceAll(/0x[0-9a-f]{40,}/gi, '0x…').replaceAll(/[^\x20-\x7e…]+/g, ' ');
  return clean.length <= REASON_CHARACTERS_MAX ? clean : `${clean.slice(0, REASON_CHARACTERS_MAX)}…`;
}
