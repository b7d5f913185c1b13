// The kinds of values that only the settings of trades have.

import type { Kind } from '../../config/kinds.ts';
import { hostName } from '../../config/kinds.ts';
import { SOCKET_PATH_BYTES_MAX, socketPath } from '../../io/socket-path.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The base address of an ingestion API: `http://` or `https://`, perhaps with a path; a slash at its end is removed. */
export const backendUrl: Kind<string> = {
  allowed: 'an address that begins with `http://` or `https://`, perhaps with a path',
  parse: (text) => {
    if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined;
    const url = new URL(text);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isPlain = url.username + url.password + url.search + url.hash === '' && !/[?#]/.test(text);
    if (!isPlain || url.port === '0' || hostName.parse(host) === undefined) return undefined;
    return url.href.replace(/\/+$/, '');
  },
  explain: (text) => {
    if (!/^https?:\/\//i.test(text)) return undefined;
    if (/\s/.test(text)) return 'a space stands in the address: remove it';
    if (!URL.canParse(text)) return 'the host or the port cannot be read';
    if (text.includes('@'))
      return 'credentials stand in the address: put a token into a file and name that in AGGREGATOR_BACKEND_TOKEN_FILE';
    if (/[?#]/.test(text))
      return 'a query or a # stands in the address: remove it; /api/ingest is appended to the rest';
    if (new URL(text).port === '0') return 'port 0: allowed is 1 to 65535';
    return undefined;
  },
  mayHoldSecret: (text) => text.includes('@') || text.includes('?'),
};

/** `true` or `false`, in upper or lower case. */
export const trueOrFalseText: Kind<boolean> = {
  allowed: '`true` or `false`',
  parse: (text) => {
    const word = text.toLowerCase();
    return word === 'true' ? true : word === 'false' ? false : undefined;
  },
};

const CLIENT_ID_CHARACTERS_MAX = 128;

/** The name of a client: printable characters, at most 128. */
export const clientId: Kind<string> = {
  allowed: `1 to ${CLIENT_ID_CHARACTERS_MAX} printable characters`,
  nature: 'free',
  parse: (text) =>
    text.length <= CLIENT_ID_CHARACTERS_MAX && /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(text) ? text : undefined,
};

/** An address of this machine: `http://`, a loopback host and a port, and perhaps a path and a query. */
export const loopbackUrl: Kind<string> = {
  allowed: 'an address that begins with `http://127.0.0.1:` and a port',
  parse: (text) => {
    if (!/^http:\/\//i.test(text) || !URL.canParse(text)) return undefined;
    const { hostname, port, username, password, href } = new URL(text);
    return LOOPBACK.test(hostname) && port !== '' && port !== '0' && username + password === ''
      ? href
      : undefined;
  },
  explain: (text) => {
    if (!URL.canParse(text)) return undefined;
    const { hostname, port } = new URL(text);
    if (!LOOPBACK.test(hostname)) return 'another machine: allowed is a loopback address of this one';
    return port === '' ? 'the port is missing' : undefined;
  },
  mayHoldSecret: (text) => text.includes('@'),
};

/** Which exchange is at which address of this machine; the addresses are origins, without a path. */
export type ExchangeUrls = ReadonlyMap<string, string>;

function exchangeUrlOf(pair: string): readonly [exchange: string, origin: string] | null {
  const [, exchange, address = ''] = /^([a-z0-9]{1,32})=(.+)$/.exec(pair) ?? [];
  const url = loopbackUrl.parse(address);
  if (exchange === undefined || url === undefined) return null;
  const { origin, pathname, search, hash } = new URL(url);
  return pathname === '/' && search + hash === '' ? [exchange, origin] : null;
}

/** `binance=http://127.0.0.1:9101,kraken=http://127.0.0.1:9103`: each exchange once, loopback addresses only. */
export const exchangeUrls: Kind<ExchangeUrls> = {
  allowed:
    'exchanges and addresses of this machine, as `binance=http://127.0.0.1:9101,kraken=http://127.0.0.1:9103`',
  parse: (text) => {
    const pairs = text.split(',').map((pair) => exchangeUrlOf(pair.trim()));
    const found = pairs.filter((pair) => pair !== null);
    const urls = new Map(found);
    return found.length === pairs.length && urls.size === pairs.length ? urls : undefined;
  },
  explain: (text) => {
    const isElsewhere = text.split(',').some((pair) => {
      const address = pair.slice(pair.indexOf('=') + 1).trim();
      return URL.canParse(address) && !LOOPBACK.test(new URL(address).hostname);
    });
    return isElsewhere
      ? 'an address of another machine: allowed are loopback addresses, because requests to an exchange are signed with keys of users'
      : undefined;
  },
  mayHoldSecret: (text) => text.includes('@'),
};

/** The path of a Unix socket, which the kernel limits. */
export const socketFile: Kind<string> = {
  allowed: `a path of at most ${SOCKET_PATH_BYTES_MAX} bytes, from the folder of the program or from the root`,
  nature: 'path',
  parse: (text) => (socketPath(text).isShortEnough ? text : undefined),
};
