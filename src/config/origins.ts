// Lists of web origins, as settings name other sites: those whose pages may read something, and those that may show a page
// in a frame. They parse strictly: no path and no wildcard.

import type { Kind } from './kinds.ts';

/** Maximum number of origins in one setting: those that may frame a page all go into a header of it. */
export const ORIGINS_MAX = 32;

/** Origins of web pages, comma-separated. */
export const webOrigins: Kind<readonly string[]> = {
  allowed: `1 to ${ORIGINS_MAX} origins, comma-separated: scheme and host, with a port if it is not the usual one, as \`https://monitor.example\``,
  parse: (text) => {
    const parts = text.split(',').map((part) => part.trim().replace(/\/$/, ''));
    const isOrigin = (part: string) =>
      /^https?:\/\/[^/]/i.test(part) && URL.canParse(part) && new URL(part).origin === part.toLowerCase();
    return parts.length <= ORIGINS_MAX && parts.every(isOrigin)
      ? parts.map((part) => new URL(part).origin)
      : undefined;
  },
};

const ORIGIN = /^https?:\/\/[a-z0-9](?:[a-z0-9._-]{0,252})(?::[1-9][0-9]{0,4})?$/i;

/**
 * Origins of sites that may show a page in a frame, separated by commas, each once; the value has them as a browser
 * writes them. No IPv6 address: the header that names them has no form for it.
 */
export const frameOrigins: Kind<readonly string[]> = {
  allowed: `1 to ${ORIGINS_MAX} origins such as \`https://www.example.com\`, with http:// or https:// and perhaps a port, separated by commas, each once`,
  parse: (text) => {
    const origins = text.split(',').map((each) => originOf(each.trim()));
    const known = origins.filter((each) => each !== undefined);
    const isList = known.length === origins.length && known.length <= ORIGINS_MAX;
    return isList && new Set(known).size === known.length ? known : undefined;
  },
  explain: (text) => {
    const parts = text.split(',').map((each) => each.trim());
    if (parts.some((each) => each.includes('*')))
      return 'a star stands in the list: name each origin, because a star would let every site of that kind show the page';
    if (parts.some((each) => /\s/.test(each)))
      return 'a space stands in an origin: separate origins by commas';
    if (parts.some((each) => /^https?:\/\/\[/i.test(each)))
      return 'an IPv6 address stands in the list: a browser compares only names and IPv4 addresses here';
    if (parts.some((each) => /^https?:\/\/[^/]*\//i.test(each)))
      return 'a slash stands after an origin: write only the scheme, the host and perhaps the port';
    if (parts.some((each) => each !== '' && !/^https?:\/\//i.test(each)))
      return 'an origin begins with http:// or https://';
    return undefined;
  },
};

function originOf(text: string): string | undefined {
  return ORIGIN.test(text) && URL.canParse(text) ? new URL(text).origin : undefined;
}
