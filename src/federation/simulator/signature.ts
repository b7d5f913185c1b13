// Signs messages with an API key as docs/federation.md#signed-messages says. Written from that page and never imported
// from the domain.

import { createHash, createHmac } from 'node:crypto';

/** The NATS headers of one message by name. */
export type SignatureHeaders = Readonly<Record<string, string>>;

/** Signs one message. */
export type Signer = (subject: string, payload: Uint8Array) => SignatureHeaders;

/** The form of an API key: 256 bits as base64url. */
const KEY = /^[A-Za-z0-9_-]{43}$/;

/** Makes the signer of an API key; null if the text is no key. */
export function createSigner(key: string): Signer | null {
  return KEY.test(key) ? signerOf(key) : null;
}

/** Makes the signer of a key that no aggregator knows; another `text` gives another key. */
export function unknownSigner(text: string): Signer {
  return signerOf(createHash('sha256').update(`unknown key ${text}`).digest('base64url'));
}

function signerOf(key: string): Signer {
  const hash = createHash('sha256').update(key).digest();
  const id = hash.toString('hex').slice(0, 16);
  return (subject, payload) => ({
    'Truebit-Key-Id': id,
    'Truebit-Signature': createHmac('sha256', hash).update(`${subject}\n`).update(payload).digest('base64'),
  });
}
