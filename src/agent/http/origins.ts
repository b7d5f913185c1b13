// Which pages may read the agent: its own, those of ALLOWED_ORIGINS, and programs that are no browser. A browser names
// the page's origin itself; a page cannot forge it.

/** Decides for the header `Origin`. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  /** `allowed`: origins as a browser writes them. */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed);
  }

  /** True for an origin that the setting allows. */
  isAllowed(origin: string): boolean {
    return this.#allowed.has(origin);
  }

  /** True if the page may connect. `host` is the header `Host` of the same request. */
  mayConnect(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || this.isAllowed(origin)) return true;
    const url = urlOf(origin);
    // A reverse proxy that ends TLS changes the scheme, and keeps the host.
    return url !== null && host !== undefined && url.host === urlOf(`${url.protocol}//${host}`)?.host;
  }
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
