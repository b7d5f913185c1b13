// The address to which summaries are posted.

/** The address below a base URL, which may have a path and slashes at its end. Throws a `TypeError` if it is no URL. */
export function ingestUrl(base: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/ingest`;
  return url;
}
