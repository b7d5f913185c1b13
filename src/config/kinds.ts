// The kinds of values a setting can have: how its text is parsed, and what is allowed in words. A kind never knows
// which setting it serves, and parses strictly: what it does not understand is a mistake, never a default.

import { isIPv6 } from 'node:net';
import type { Nature } from './slips.ts';

/** A kind of value. The text it is given is trimmed and not empty. */
export interface Kind<T> {
  /** What is allowed, as it follows "allowed is" in a sentence. */
  readonly allowed: string;
  /** How its values are written; `other` if absent. */
  readonly nature?: Nature;
  /** The value, or undefined if the text is not allowed. */
  parse(text: string): T | undefined;
  /** Of a text that is not allowed: why, and the remedy. Never a part of the text. Undefined: `allowed` says enough. */
  explain?(text: string): string | undefined;
  /** Whether a text, right or wrong, may hold a secret that stands in the wrong place. Absent: it may not. */
  mayHoldSecret?(text: string): boolean;
}

const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,15})$/;

/** A whole number from `min` to `max`; no sign, no leading zeros, no exponent, no unit. */
export function wholeNumber(min: number, max: number, unit = ''): Kind<number> {
  return {
    allowed: `a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`,
    parse: (text) => {
      if (!WHOLE_NUMBER.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A whole number from `min` to `max`, or 0, which means `zeroMeans`. */
export function wholeNumberOrZero(zeroMeans: string, min: number, max: number, unit = ''): Kind<number> {
  const positive = wholeNumber(min, max, unit);
  return {
    allowed: `0 (${zeroMeans}) or ${positive.allowed}`,
    parse: (text) => (text === '0' ? 0 : positive.parse(text)),
  };
}

/** One of the words, in any case. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return {
    allowed: words.map((word) => `\`${word}\``).join(' or '),
    parse: (text) => words.find((word) => word === text.toLowerCase()),
  };
}

/** `on` or `off`. */
export const onOrOff: Kind<boolean> = {
  allowed: '`on` or `off`',
  parse: (text) => {
    const word = text.toLowerCase();
    return word === 'on' ? true : word === 'off' ? false : undefined;
  },
};

/** Text that matches the pattern as a whole. */
export function matching(pattern: RegExp, allowed: string): Kind<string> {
  return { allowed, parse: (text) => (pattern.test(text) ? text : undefined) };
}

/** Any text. */
export const anyText: Kind<string> = { allowed: 'any text', nature: 'free', parse: (text) => text };

/** The path of a file or folder; whether it exists is asked elsewhere. */
export const filePath: Kind<string> = {
  allowed: 'a path',
  nature: 'path',
  parse: (text) => text,
};

/** The path of the database: a real file, for several threads open it. */
export const databaseFile: Kind<string> = {
  allowed: 'the path of a file (`:memory:` and `file:` URIs cannot be shared between threads)',
  nature: 'path',
  parse: (text) => (/^(:memory:|file:)|(^|\/)\.{0,2}$/i.test(text) ? undefined : text),
};

/** A host name or address to listen on: no scheme, no port, IPv6 without brackets. */
export const hostName: Kind<string> = {
  allowed: 'a host name or an IP address, without scheme, brackets and port',
  parse: (text) =>
    (/^[A-Za-z0-9._-]{1,253}$/.test(text) || isIPv6(text)) && !isForMany(text) ? text : undefined,
  explain: (text) =>
    isForMany(text)
      ? 'an address of many machines, to which no client can connect: write an address of this machine, 127.0.0.1 or 0.0.0.0'
      : undefined,
};

/** A multicast address, or the broadcast address: the system lets a program listen there, and no connection ever comes. */
function isForMany(text: string): boolean {
  return (
    /^(22[4-9]|23[0-9])(\.[0-9]{1,3}){3}$|^255\.255\.255\.255$/.test(text) ||
    (isIPv6(text) && /^ff/i.test(text))
  );
}

/** 32 bytes in hex, kept lower-case. */
export const hex64: Kind<string> = {
  allowed: '64 hex digits',
  parse: (text) => (/^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined),
};
