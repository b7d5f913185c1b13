// How a simulated upstream tells its caller: not at all, by user and password, by a cookie file, or by a token.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/** Whom a simulated upstream answers. */
export type SimAuth =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly user: string; readonly password: string }
  /** The upstream writes `__cookie__:…` into the file at its start and at each rotation. */
  | { readonly type: 'cookie'; readonly path: string }
  | { readonly type: 'bearer'; readonly token: string };

/** Keeps the expected header. */
export class SimAuthority {
  readonly #auth: SimAuth;
  #cookie = '';

  /** Writes the cookie file, if there is one. */
  constructor(auth: SimAuth) {
    this.#auth = auth;
    if (auth.type === 'cookie') this.renew()();
  }

  /** True if the header `authorization` is the expected one. */
  admits(header: string | undefined): boolean {
    const expected = this.#expected();
    return expected === null || header === expected;
  }

  /** Takes a new cookie at once; returns the function that writes it into the file. */
  renew(): () => void {
    const { type } = this.#auth;
    if (type !== 'cookie') throw new Error(`An upstream with authentication '${type}' has no cookie.`);
    const { path } = this.#auth;
    const cookie = `__cookie__:${randomBytes(16).toString('hex')}`;
    this.#cookie = cookie;
    return () => writeFileSync(path, `${cookie}\n`);
  }

  #expected(): string | null {
    const auth = this.#auth;
    switch (auth.type) {
      case 'none':
        return null;
      case 'basic':
        return basic(`${auth.user}:${auth.password}`);
      case 'cookie':
        return basic(this.#cookie);
      case 'bearer':
        return `Bearer ${auth.token}`;
    }
  }
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}
