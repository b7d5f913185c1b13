// The two headers that sign a message, taken from it before anything else is known of it. Other headers are not looked at,
// and no header of a stranger makes it throw.

import type { Msg } from 'nats';

/** How a program's messages say who signed them. */
export interface CredentialHeaders {
  readonly keyId: string;
  readonly signature: string;
  /** The values of both headers as one text; null if neither is there. */
  join(keyIds: readonly string[], signatures: readonly string[]): string | null;
}

/** Headers of more bytes than this are not read: ours need 120, and the client would copy every one of them. */
const HEADER_BYTES_MAX = 4_096;

/** The credential in a message's headers; null without them, also if they are too long or not headers at all. */
export function credentialOf(message: Msg, of: CredentialHeaders): string | null {
  // Without headers this is all that happens, and nothing is decoded.
  const headerBytes =
    sizeOf(message) - message.data.length - message.subject.length - (message.reply?.length ?? 0);
  if (headerBytes <= 0 || headerBytes > HEADER_BYTES_MAX) return null;
  try {
    const { headers } = message;
    if (headers === undefined) return null;
    return of.join(headers.values(of.keyId), headers.values(of.signature));
  } catch {
    // The client refuses characters that the broker lets through.
    return null;
  }
}

/** What subject, reply, headers and payload come to: the client knows, and its type does not say so. */
function sizeOf(message: Msg & { size?(): number }): number {
  return message.size?.() ?? 0;
}
