// The kinds of values that only the settings of the agent have.

import type { Kind } from '../../config/kinds.ts';
import { slipIn } from '../../config/slips.ts';
import { type PublicJwk, publicJwk } from '../../lib/ed25519.ts';
import { roundLocation } from '../domain/place.ts';

const GLOBS_MAX = 32;

function partsOf(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/** Patterns of paths, comma-separated: `*` and `?` stand for letters inside one name. */
export const pathPatterns: Kind<readonly string[]> = {
  allowed: `1 to ${GLOBS_MAX} paths, comma-separated, in which * and ? stand for letters of one name; or nothing, for none`,
  parse: (text) => {
    const parts = partsOf(text);
    const isRight = (part: string) => part !== '' && slipIn('', part, 'path') === undefined;
    return parts.length <= GLOBS_MAX && parts.every(isRight) ? parts : undefined;
  },
  explain: (text) => partsOf(text).flatMap((part) => slipIn('', part, 'path') ?? [])[0],
  // The folder of a log has the wallet's address in its name.
  mayHoldSecret: (text) => /0x[0-9a-f]{8}/i.test(text),
};

/** A time zone by its IANA name, as this machine knows it. */
export const timeZone: Kind<string> = {
  allowed: 'an IANA time zone, for example `UTC` or `Europe/Berlin`',
  parse: (text) => {
    // Offsets such as +02:00 know no summer time, and a log of a whole year would be read wrongly.
    if (/^[+-]/.test(text)) return undefined;
    try {
      return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
    } catch {
      return undefined;
    }
  },
};

/** `latitude,longitude` in degrees; its value is rounded to half a degree, as it may leave. */
export const place: Kind<string> = {
  allowed: '`latitude,longitude` in degrees, for example `48.24,11.5`; it is rounded to half a degree',
  parse: (text) => roundLocation(text) ?? undefined,
};

/** An API key as `keys create` shows it. */
export const apiKey: Kind<string> = {
  allowed: '43 letters, digits, - and _, as `keys create` shows them once',
  parse: (text) => (/^[A-Za-z0-9_-]{43}$/.test(text) ? text : undefined),
  mayHoldSecret: () => true,
};

const KEY_X = /^[A-Za-z0-9_-]{43}$/;

/** The Ed25519 key that signs statistics: a JWK, or its member `x` alone. */
export const statisticsKey: Kind<PublicJwk> = {
  allowed:
    'an Ed25519 key as JSON, `{"kty":"OKP","crv":"Ed25519","x":"…"}`, or its `x` alone: 43 letters, digits, - and _',
  parse: (text) => {
    if (KEY_X.test(text)) return publicJwk(text);
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null) return undefined;
      const { kty, crv, x } = value as Readonly<Record<string, unknown>>;
      return kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string' && KEY_X.test(x)
        ? publicJwk(x)
        : undefined;
    } catch {
      return undefined;
    }
  },
};
