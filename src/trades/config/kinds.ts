// The kinds of values that only the settings of trades have.

import type { Kind } from '../../config/kinds.ts';
import { hostName } from '../../config/kinds.ts';

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
