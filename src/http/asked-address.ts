// The address at which a client reached this server, for links in an answer to that client. A client writes its own
// headers: whatever does not look like an address is not repeated. It knows no route.

import type { IncomingHttpHeaders } from 'node:http';

/** A name or an IP address, with a port or without. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
/** A path below which a reverse proxy shows the page. */
const PREFIX = /^(?:\/[A-Za-z0-9._~-]{1,64}){1,8}$/;

/**
 * The address of the page, such as `https://statistics.example.org/truebit/`: of the headers of a reverse proxy
 * (`X-Forwarded-Host`, `X-Forwarded-Proto`, `X-Forwarded-Prefix`) if it sent them, otherwise of `Host`. Null if they name
 * no host.
 */
export function askedAddress(headers: IncomingHttpHeaders): string | null {
  const host = first(headers['x-forwarded-host']) ?? headers.host ?? '';
  const protocol = first(headers['x-forwarded-proto']) ?? 'http';
  if (!HOST.test(host) || (protocol !== 'http' && protocol !== 'https')) return null;
  const prefix = first(headers['x-forwarded-prefix'])?.replace(/\/$/, '') ?? '';
  if (prefix !== '' && !PREFIX.test(prefix)) return null;
  return `${protocol}://${host}${prefix}/`;
}

/** The first of several values: that of the proxy nearest to the client. */
function first(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',')[0]?.trim();
}
