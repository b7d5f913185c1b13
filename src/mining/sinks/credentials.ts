// The header `Authorization` of the requests to one upstream. A node writes a new cookie file at each start, so the
// file is read again when the node refuses the last cookie. Nothing here is logged or shown.

import { open } from 'node:fs/promises';
import { errorCode } from '../../lib/error-code.ts';
import type { UpstreamAuth } from '../domain/upstream-auth.ts';

/** Length of a cookie file, in bytes; the rest of a longer one is not read. */
const COOKIE_BYTES_MAX = 4_096;

/** The header of Basic authentication for `user:password`. */
export function basicAuthorization(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword, 'utf8').toString('base64')}`;
}

/** The credentials for one upstream. */
export class Credentials {
  readonly #auth: UpstreamAuth;
  /** The header of the cookie that was read last; null before the first, and while the file cannot be read. */
  #cookie: string | null = null;
  #reading: Promise<void> | null = null;
  #fault: string | null = null;
  #rereads = 0;

  constructor(auth: UpstreamAuth) {
    this.#auth = auth;
  }

  /** Number of times that the cookie file was read again because the upstream refused a request. */
  get rereads(): number {
    return this.#rereads;
  }

  /** Why there is no cookie, as a clause for the operator; null if there is one, or if none is needed. */
  get fault(): string | null {
    return this.#fault;
  }

  /** The header's value; null for a request without it, which is also sent while the cookie file cannot be read. */
  async authorization(): Promise<string | null> {
    const auth = this.#auth;
    switch (auth.type) {
      case 'none':
        return null;
      case 'basic':
        return basicAuthorization(`${auth.username}:${auth.password}`);
      case 'bearer':
        return `Bearer ${auth.token}`;
      case 'cookie':
        if (this.#cookie === null) await this.#read(auth.path);
        return this.#cookie;
    }
  }

  /**
   * Reads the cookie file again, after the upstream refused a request with the header `used`. Returns the new header if
   * it is another one; null if the same request need not be sent again.
   */
  async renewed(used: string | null): Promise<string | null> {
    if (this.#auth.type !== 'cookie') return null;
    // Another request may have read the new cookie while this one was under way.
    if (this.#cookie === used || this.#cookie === null) {
      this.#rereads += 1;
      await this.#read(this.#auth.path);
    }
    return this.#cookie === used ? null : this.#cookie;
  }

  /** Reads the file; requests that need it at the same time share one reading. Never rejects. */
  #read(path: string): Promise<void> {
    this.#reading ??= this.#readOnce(path).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOnce(path: string): Promise<void> {
    try {
      const cookie = await readCookie(path);
      this.#cookie = cookie === '' ? null : basicAuthorization(cookie);
      this.#fault = cookie === '' ? 'the cookie file is empty' : null;
    } catch (error) {
      this.#cookie = null;
      this.#fault = `the cookie file cannot be read (${errorCode(error) ?? 'an unknown error'})`;
    }
  }
}

async function readCookie(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(COOKIE_BYTES_MAX), 0, COOKIE_BYTES_MAX, 0);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}
