// Decides whether an address leads to this machine. A load test against another machine needs the operator's word.

import { isIPv4 } from 'node:net';

/** The host of a URL, in lower case and without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

/** True for the loopback and for `addresses`, which are those of this machine's interfaces. */
export function isOwnHost(host: string, addresses: ReadonlySet<string>): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return (isIPv4(host) && host.startsWith('127.')) || addresses.has(host);
}

/** The hosts of the addresses that lead elsewhere and are not allowed, each once. */
export function hostsNotAllowed(
  urls: readonly string[],
  allowed: readonly string[],
  addresses: ReadonlySet<string>,
): readonly string[] {
  const hosts = new Set(urls.map(hostOf));
  const words = new Set(allowed.map((host) => host.replace(/^\[|\]$/g, '').toLowerCase()));
  return [...hosts].filter((host) => !isOwnHost(host, addresses) && !words.has(host));
}
