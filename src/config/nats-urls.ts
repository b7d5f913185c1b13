// The list of broker addresses in `NATS_URL`. The parser removes credentials from the addresses, so that an address can
// be logged without showing them.

import type { Kind } from './kinds.ts';
import { faultInAddresses, mayHoldSecret } from './nats-url-faults.ts';

/** Broker addresses without credentials, and the credentials that the addresses contained. */
export interface NatsUrls {
  readonly urls: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
}

const WEBSOCKET = new Set(['ws:', 'wss:']);
const SCHEMES = new Set(['nats:', 'tls:', ...WEBSOCKET]);

/** One or several `nats://`, `tls://`, `ws://` or `wss://` addresses, comma-separated. */
export const natsUrls: Kind<NatsUrls> = {
  allowed:
    'one or several comma-separated addresses `nats://`, `tls://`, `ws://` or `wss://` host[:port], ' +
    'either all WebSocket or none, with the same user information or none',
  parse: (text) => {
    const parsed = text.split(',').map((part) => parseUrl(part.trim()));
    const urls: URL[] = [];
    for (const url of parsed) {
      if (url === undefined) return undefined;
      urls.push(url);
    }
    const first = urls[0];
    if (first === undefined) return undefined;
    for (const url of urls) {
      // One client uses one transport and one login.
      if (WEBSOCKET.has(url.protocol) !== WEBSOCKET.has(first.protocol)) return undefined;
      if (url.username !== first.username || url.password !== first.password) return undefined;
    }
    const name = decode(first.username);
    const password = decode(first.password);
    if (name === undefined || password === undefined || (name === '' && password !== '')) return undefined;
    return {
      urls: urls.map(withoutCredentials),
      // NATS reads a name without a password before the @ as a token.
      user: password === '' ? null : name,
      password: password === '' ? null : password,
      token: password === '' && name !== '' ? name : null,
    };
  },
  explain: faultInAddresses,
  mayHoldSecret,
};

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/;

function parseUrl(text: string): URL | undefined {
  if (!/^[a-z]+:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!SCHEMES.has(url.protocol) || !HOST.test(url.hostname) || url.port === '0') return undefined;
  // An empty password, which an operator forgot to fill in, would make the name a token.
  if (/^[^@]*:\/\/[^@]*:@/.test(text)) return undefined;
  if (url.search !== '' || url.hash !== '') return undefined;
  // Only a WebSocket address may have a path, which leads through a reverse proxy.
  if (!WEBSOCKET.has(url.protocol) && url.pathname !== '' && url.pathname !== '/') return undefined;
  return url;
}

function withoutCredentials(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
