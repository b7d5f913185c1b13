// Reads the reply to a request to join (docs/federation.md#joining): the federation's salt, and how often to send. A
// reply may come from anyone who can publish to an inbox, so it is read strictly and within bounds.

import { isObject } from '../../lib/is-object.ts';
import { type PublicJwk, publicJwk, thumbprint } from '../../lib/ed25519.ts';
import { openSalt } from '../../federation/domain/sealed-salt.ts';

/** A longer reply is not read. */
export const JOIN_REPLY_BYTES_MAX = 4_096;
/** The greatest number of messages a minute that a reply can allow; a greater one counts as this. */
export const TOLD_RATE_MAX = 1_000_000;
/** Bounds of the interval between heartbeats, in ms, whatever the reply says. */
export const HEARTBEAT_INTERVAL_MS = { least: 15_000, usual: 30_000, most: 60_000 } as const;

/** A reply that can be used. */
export interface JoinReply {
  /** 64 hex digits. */
  readonly salt: string;
  /** Within {@link HEARTBEAT_INTERVAL_MS}. */
  readonly heartbeatIntervalMs: number;
  /** At least 1; null if the reply does not say. */
  readonly ratePerMinute: number | null;
  /** The key that signs statistics; null if the reply names none. */
  readonly statsKey: PublicJwk | null;
  readonly aggregatorId: string;
}

/** The reply, or a clause that says why it cannot be used; no text of the reply is in it. */
export type JoinReading = { readonly reply: JoinReply } | { readonly problem: string };

const SALT = /^[0-9A-Fa-f]{64}$/;
const AGGREGATOR_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const KEY_X = /^[A-Za-z0-9_-]{43}$/;
const MALFORMED = { problem: 'the reply is malformed' } as const;

const REFUSALS: Readonly<Record<string, string>> = {
  unauthenticated:
    'the aggregator wants requests that are signed with an API key that it knows: set FEDERATION_API_KEY',
  malformed: 'the aggregator calls the request malformed',
};

/** Reads a reply. `keyHash` is the hash of the API key, 64 hex digits; null without a key. Never throws. */
export function readJoinReply(payload: Uint8Array, keyHash: string | null): JoinReading {
  const value = payload.length > JOIN_REPLY_BYTES_MAX ? null : parse(payload);
  if (!isObject(value)) return MALFORMED;
  if (isObject(value['error'])) return { problem: refusalOf(value['error']['code']) };
  const { aggregatorId, statsKey, heartbeatIntervalMs, ratePerMinute } = value;
  if (typeof aggregatorId !== 'string' || !AGGREGATOR_ID.test(aggregatorId)) return MALFORMED;
  const key = isAbsent(statsKey) ? null : readKey(statsKey);
  const interval = isAbsent(heartbeatIntervalMs) ? HEARTBEAT_INTERVAL_MS.usual : heartbeatIntervalMs;
  const rate = isAbsent(ratePerMinute) ? null : ratePerMinute;
  if (key === undefined || typeof interval !== 'number' || !isRate(rate)) return MALFORMED;
  const salt = readSalt(value, keyHash, aggregatorId);
  if ('problem' in salt) return salt;
  return {
    reply: {
      salt: salt.salt,
      heartbeatIntervalMs: Math.min(
        HEARTBEAT_INTERVAL_MS.most,
        Math.max(HEARTBEAT_INTERVAL_MS.least, interval),
      ),
      ratePerMinute: rate === null ? null : Math.min(TOLD_RATE_MAX, rate),
      statsKey: key,
      aggregatorId,
    },
  };
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return null;
  }
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isRate(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1);
}

function refusalOf(code: unknown): string {
  return (typeof code === 'string' && Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : null) ?? OTHER_REFUSAL;
}

const OTHER_REFUSAL = 'the aggregator refuses the request';

/** Undefined if it is no Ed25519 key under its own name. */
function readKey(value: unknown): PublicJwk | undefined {
  if (!isObject(value)) return undefined;
  const { kty, crv, x, kid } = value;
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string' || !KEY_X.test(x)) return undefined;
  return isAbsent(kid) || kid === thumbprint(x) ? publicJwk(x) : undefined;
}

function readSalt(
  { federationSalt, sealedSalt }: Readonly<Record<string, unknown>>,
  keyHash: string | null,
  aggregatorId: string,
): { readonly salt: string } | { readonly problem: string } {
  if (typeof federationSalt === 'string')
    return SALT.test(federationSalt) ? { salt: federationSalt } : MALFORMED;
  if (typeof sealedSalt !== 'string') return MALFORMED;
  if (keyHash === null) return { problem: 'the salt is sealed for an API key: set FEDERATION_API_KEY' };
  try {
    const salt = openSalt(sealedSalt, Buffer.from(keyHash, 'hex'), aggregatorId);
    return SALT.test(salt) ? { salt } : MALFORMED;
  } catch {
    return { problem: 'the salt is sealed for another API key than FEDERATION_API_KEY' };
  }
}
