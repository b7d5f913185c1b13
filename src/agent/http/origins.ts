// Which pages may read the agent: its own, those of ALLOWED_ORIGINS, and programs that are no browser. A browser names
// the page's origin itself; a page cannot forge it.

/** Decides for the header `Origin`. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #allowsAll: boolean;

  /** `allowed`: origins, or host names for `https`, as deployed monitors have them; `*` allows every page. */
  constructor(allowed: readonly string[]) {
    this.#allowsAll = allowed.includes('*');
    this.#allowed = new Set(allowed.flatMap((one) => originOf(one) ?? originOf(`https://${one}`) ?? []));
  }

  /** True for an origin that a setting allows. */
  isAllowed(origin: string): boolean {
    return this.#allowsAll || this.#allowed.has(origin);
  }

  /** True if the page may connect. `host` is the header `Host` of the same request. */
  mayConnect(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.isAllowed(origin)) return true;
    const url = urlOf(origin);
    // A reverse proxy that ends TLS changes the scheme, and keeps the host.
    return url !== null && host !== undefined && url.host === urlOf(`${url.protocol}//${host}`)?.host;
  }
}

function originOf(text: string): string | null {
  const origin = urlOf(text)?.origin;
  return origin === undefined || origin === 'null' ? null : origin;
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
