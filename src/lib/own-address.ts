// The host at which something that listens by a setting is reached from this machine. It judges no setting.

import { isIPv6 } from 'node:net';

/** As a URL has it: the loopback where every address is listened on, an IPv6 address in brackets. */
export function reachedAt(host: string): string {
  if (host === '0.0.0.0' || isEveryIPv6(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** `::` however it is written. */
function isEveryIPv6(host: string): boolean {
  return isIPv6(host) && /^[0:]+$/.test(host);
}
