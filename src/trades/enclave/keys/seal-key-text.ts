// The written forms of a seal key: 32 raw bytes, or these as hex or base64. It repeats nothing of what it reads.

import { SEAL_KEY_BYTES } from './seal-key.ts';

const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** True if all bytes are printable ASCII: 32 random bytes are so once in 10^13 times, so somebody wrote a text. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte <= 0x7e);
}

/** The key that a command printed: raw, or hex or base64 with at most one line end. Null if it is none of these. */
export function readSealKeyText(output: Uint8Array): Buffer | null {
  if (output.length === SEAL_KEY_BYTES) return isText(output) ? null : Buffer.from(output);
  const text = Buffer.from(output)
    .toString('latin1')
    .replace(/\r?\n$/, '');
  if (HEX.test(text)) return Buffer.from(text, 'hex');
  return BASE64.test(text) ? Buffer.from(text, 'base64') : null;
}
