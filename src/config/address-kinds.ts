// Kinds of addresses that a settings file can have: where to listen, an HTTP address, an address or a network of peers.
// They parse strictly, and never quote a part of an address that may be a secret.

import { isIP, isIPv6 } from 'node:net';
import { hostName, type Kind } from './kinds.ts';

/** Where a server listens, or what a client connects to. */
export interface HostPort {
  /** IPv6 without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** `host:port`; IPv6 in brackets. */
export const hostAndPort: Kind<HostPort> = {
  allowed: '`host:port`, with an IPv6 address in brackets (`[::]:8080`), port 1 to 65535',
  parse: (text) => {
    const [, inBrackets, plain, digits = ''] =
      /^(?:\[([^\]]*)\]|([^:[\]]+)):([1-9][0-9]{0,4})$/.exec(text) ?? [];
    const host = inBrackets ?? plain;
    const port = Number(digits);
    if (host === undefined || port > 65_535 || hostName.parse(host) === undefined) return undefined;
    return inBrackets !== undefined && !isIPv6(host) ? undefined : { host, port };
  },
  explain: (text) => {
    if (/^[a-z]+:\/\//i.test(text)) return 'a scheme stands before the address: write host:port alone';
    if (isIPv6(text))
      return 'an IPv6 address without a port: write it in brackets, then a colon and the port';
    if (/^:\d+$/.test(text))
      return 'the host is missing: write 0.0.0.0 before the colon for every IPv4 address';
    if (/:0+$/.test(text)) return 'port 0: allowed is 1 to 65535';
    if (/^\d+$/.test(text)) return 'a port without a host: write 0.0.0.0 and a colon before it';
    return text.includes(':') ? undefined : 'the port is missing: write host:port';
  },
};

/** Writes the address as {@link hostAndPort} reads it. */
export function hostPortText({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** An HTTP address without its credentials, and these. */
export interface HttpAddress {
  /** With path and query, without credentials and fragment. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
}

const ENCODE =
  'a user or a password in the address has characters with a meaning of their own: percent-encode them (@ %40, : %3A, / %2F)';

/** `http://` or `https://`, with host, and perhaps credentials, port, path and query. */
export const httpAddress: Kind<HttpAddress> = {
  allowed: 'an address that begins with `http://` or `https://`',
  parse: (text) => {
    if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined;
    const url = new URL(text);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (hostName.parse(host) === undefined || url.port === '0' || url.hash !== '') return undefined;
    const [username, password] = [decoded(url.username), decoded(url.password)];
    if (username === undefined || password === undefined || (username === '') !== (password === ''))
      return undefined;
    url.username = '';
    url.password = '';
    return { url: url.href, username: username || null, password: password || null };
  },
  explain: (text) => {
    if (!/^https?:\/\//i.test(text)) return undefined;
    if (/\s/.test(text)) return 'a space stands in the address: remove it';
    if (!URL.canParse(text)) return text.includes('@') ? ENCODE : 'the host or the port cannot be read';
    const url = new URL(text);
    if (url.hash !== '') return 'a # and what follows is not sent: remove it, or percent-encode it as %23';
    if (url.port === '0') return 'port 0: allowed is 1 to 65535';
    if (url.username !== '' || url.password !== '') {
      return 'allowed before the @ is a user, a colon and a password, none of them empty';
    }
    return undefined;
  },
  mayHoldSecret: (text) => text.includes('@') || text.includes('?'),
};

/** The address as messages and pages may show it: without its query, which may hold a token. */
export function shownAddress(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? url : `${url.slice(0, at)}?…`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** An IP address, or a network as address, slash and bits. */
export const addressOrNetwork: Kind<string> = {
  allowed: 'an IP address, or a network such as `10.0.0.0/8`',
  parse: (text) => {
    const [address = '', bits, ...others] = text.split('/');
    const family = isIP(address);
    if (family === 0 || others.length > 0) return undefined;
    if (bits === undefined) return text;
    return /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? text : undefined;
  },
};
