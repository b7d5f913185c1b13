// The kinds of values that a setting can have: how to parse the text, and which values are allowed, in words. A kind
// does not know its setting. It parses strictly: text that it does not understand is a mistake, never a default.

import { isIPv6 } from 'node:net';
import type { Nature } from './slips.ts';

/** A kind of value. The text that it parses is trimmed and not empty. */
export interface Kind<T> {
  /** The allowed values, worded to follow "allowed is". */
  readonly allowed: string;
  /** How operators write such values; `other` if absent. */
  readonly nature?: Nature;
  /**
   * How a file that tells them apart writes such a value; text if absent. A quantity is a number, or text with a unit.
   */
  readonly form?: 'number' | 'truth' | 'quantity';
  /** Returns the value; undefined if the text is not allowed. */
  parse(text: string): T | undefined;
  /**
   * Explains why a text is not allowed, and the remedy. It never quotes the text. Undefined if `allowed` says enough.
   */
  explain?(text: string): string | undefined;
  /** True if a text, valid or not, may hold a secret in the wrong place. If absent, it holds none. */
  mayHoldSecret?(text: string): boolean;
}

const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,15})$/;

/** A whole number from `min` to `max`; no sign, no leading zeros, no exponent, no unit. */
export function wholeNumber(min: number, max: number, unit = ''): Kind<number> {
  return {
    allowed: `a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`,
    form: 'number',
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
    form: 'number',
    parse: (text) => (text === '0' ? 0 : positive.parse(text)),
  };
}

/** One of the words, in upper or lower case. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return {
    allowed: words.map((word) => `\`${word}\``).join(' or '),
    parse: (text) => words.find((word) => word.toLowerCase() === text.toLowerCase()),
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

/** `true` or `false`, as a file writes them. */
export const trueOrFalse: Kind<boolean> = {
  allowed: '`true` or `false`',
  form: 'truth',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

/** Text that matches the whole pattern. */
export function matching(pattern: RegExp, allowed: string): Kind<string> {
  return { allowed, parse: (text) => (pattern.test(text) ? text : undefined) };
}

const STREAM_NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** Maximum number of names in one {@link streamNames}. */
export const STREAM_NAMES_MAX = 64;

/** Names of JetStream streams, separated by commas, each once. */
export const streamNames: Kind<readonly string[]> = {
  allowed: `1 to ${STREAM_NAMES_MAX} names of streams (letters, digits, _ and -, at most 64 each), separated by commas, each once`,
  parse: (text) => {
    const names = text.split(',').map((name) => name.trim());
    const isList = names.length <= STREAM_NAMES_MAX && new Set(names).size === names.length;
    return isList && names.every((name) => STREAM_NAME.test(name)) ? names : undefined;
  },
};

/** Any text. */
export const anyText: Kind<string> = { allowed: 'any text', nature: 'free', parse: (text) => text };

/** The path of a file or folder; other code checks whether it exists. */
export const filePath: Kind<string> = {
  allowed: 'a path',
  nature: 'path',
  parse: (text) => text,
};

/** The path of the database: a real file, because several threads open it. */
export const databaseFile: Kind<string> = {
  allowed: 'the path of a file (`:memory:` and `file:` URIs cannot be shared between threads)',
  nature: 'path',
  parse: (text) => (/^(:memory:|file:)|(^|\/)\.{0,2}$/i.test(text) ? undefined : text),
};

/** A host name or address at which to listen: no scheme, no port, IPv6 without brackets. */
export const hostName: Kind<string> = {
  allowed: 'a host name or an IP address, without scheme, brackets and port',
  parse: (text) =>
    (/^[A-Za-z0-9._-]{1,253}$/.test(text) || isIPv6(text)) && !isForMany(text) ? text : undefined,
  explain: (text) =>
    isForMany(text)
      ? 'an address of many machines, to which no client can connect: write an address of this machine, 127.0.0.1 or 0.0.0.0'
      : undefined,
};

/**
 * True for a multicast or broadcast address: the system lets a program listen there, but no connection ever arrives.
 */
function isForMany(text: string): boolean {
  return (
    /^(22[4-9]|23[0-9])(\.[0-9]{1,3}){3}$|^255\.255\.255\.255$/.test(text) ||
    (isIPv6(text) && /^ff/i.test(text))
  );
}

/** 32 bytes as hex digits, converted to lower case. */
export const hex64: Kind<string> = {
  allowed: '64 hex digits',
  parse: (text) => (/^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined),
};
