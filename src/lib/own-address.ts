// The host under which this machine reaches a server that listens at a configured address. It does not validate the
// setting.

import { isIPv6 } from 'node:net';

/** The host as it stands in a URL: the loopback if the server listens at every address, an IPv6 address in brackets. */
export function reachedAt(host: string): string {
  if (host === '0.0.0.0' || isEveryIPv6(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** True for `::` in any spelling. */
function isEveryIPv6(host: string): boolean {
  return isIPv6(host) && /^[0:]+$/.test(host);
}
