// Names facts and files without repeating them: an HMAC under a key that never leaves this machine. It stores nothing.

import { HmacSha256 } from '../../lib/hmac-sha256.ts';

/** Bytes of a name. */
export const FACT_KEY_BYTES = 16;

/** What a name can be of. `file` is a source file. */
export type Named = 'received' | 'completed' | 'invoice' | 'file';

/** Bytes of the local key. */
export const LOCAL_KEY_BYTES = 32;

/** The names under one local key. */
export class FactKeys {
  readonly #hmac: HmacSha256;

  /** `localKey` has {@link LOCAL_KEY_BYTES} bytes. */
  constructor(localKey: Uint8Array) {
    this.#hmac = new HmacSha256(localKey);
  }

  /** The first {@link FACT_KEY_BYTES} bytes of HMAC-SHA256(key, kind ‖ id). */
  of(kind: Named, id: string): Buffer {
    return this.#hmac.of(kind + id, FACT_KEY_BYTES);
  }
}
