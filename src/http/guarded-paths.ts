// Which routes a program guards with API keys, if its settings ask for keys. Probes, metrics, public keys and the files
// of the page stay open: they serve monitors, Prometheus and browsers.

/** True if the route may need an API key. `url` is the address of the route, not of the request. */
export function mayNeedKey(url: string | undefined): boolean {
  return url?.startsWith('/api/') === true || url?.startsWith('/badge/') === true;
}
