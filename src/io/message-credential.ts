// Reads the two headers that sign a message, before anything else in the message is checked. It ignores other headers,
// and no header makes it throw.

import type { Msg } from 'nats';

/** Names of the headers in which a program's messages carry their signature. */
export interface CredentialHeaders {
  readonly keyId: string;
  readonly signature: string;
  /** The values of both headers as one text; null if neither is there. */
  join(keyIds: readonly string[], signatures: readonly string[]): string | null;
}

/** Longer headers are not read: the two headers need 120 bytes, and the client would copy all of them. */
const HEADER_BYTES_MAX = 4_096;

/** The credential in a message's headers; null if there is none, or if the headers are too long or invalid. */
export function credentialOf(message: Msg, names: CredentialHeaders): string | null {
  // A message without headers ends here, and nothing is decoded.
  const headerBytes =
    sizeOf(message) - message.data.length - message.subject.length - (message.reply?.length ?? 0);
  if (headerBytes <= 0 || headerBytes > HEADER_BYTES_MAX) return null;
  try {
    const { headers } = message;
    if (headers === undefined) return null;
    return names.join(headers.values(names.keyId), headers.values(names.signature));
  } catch {
    // The client throws for characters that the broker accepts.
    return null;
  }
}

/**
 * Size of subject, reply, headers and payload together. The client's object has the method, but its type does not
 * declare it.
 */
function sizeOf(message: Msg & { size?(): number }): number {
  return message.size?.() ?? 0;
}
