// Makes the answer to a node's request to join (docs/federation.md#joining): the salt, in clear or sealed for the
// node's key, and the key that signs statistics. It only decides; it sends and logs nothing.

import { type ApiKey, type KeyBook, signerOf } from '../domain/api-keys.ts';
import { isMessageSignature, readCredential, secretOf } from '../domain/message-signature.ts';
import { sealSalt } from '../domain/sealed-salt.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';

/** The subject of requests to join; the requests' signatures cover it. */
export const JOIN_SUBJECT = 'truebit.federation.join';
/** The interval that the answer asks for. Deployed nodes beat at the same interval. */
const HEARTBEAT_INTERVAL_MS = 30_000;
/** The rate in the answer if no limit is set: a node always needs a rate. */
const UNLIMITED_PER_MINUTE = 6_000;

/** A request to join, as it arrived. */
export interface JoinRequest {
  readonly payload: Uint8Array;
  /** The credential from its headers; null without signature headers. */
  readonly credential: string | null;
  readonly replyTo: string;
}

/** The data from which every answer is made. `isRequired`: only requests signed with a key are answered. */
export interface JoinContext {
  readonly isRequired: boolean;
  readonly aggregatorId: string;
  readonly salt: string;
  readonly statsKey: PublicJwk;
  readonly keys: KeyBook;
  /** Maximum number of messages a minute from a node without a key; 0 for no limit. */
  readonly ratePerMinute: number;
}

/** The outcomes of a request to join. */
export const JOIN_OUTCOMES = ['answered', 'unauthenticated', 'malformed'] as const;
/** One of {@link JOIN_OUTCOMES}. */
export type JoinOutcome = (typeof JOIN_OUTCOMES)[number];

/** The outcome of a request and the reply; `reply` is null if none is sent. */
export interface JoinAnswer {
  readonly outcome: JoinOutcome;
  readonly reply: string | null;
}

// The sender chooses where the answer goes, and the answer is published with all of the aggregator's rights. So only
// inboxes are allowed, to which monitors may subscribe.
const INBOX = /^_INBOX(?:\.[A-Za-z0-9_-]{1,64}){1,4}$/;

/** Answers one request of at most `bytesMax`. */
export function answerJoin(request: JoinRequest, context: JoinContext, bytesMax: number): JoinAnswer {
  const { payload, credential, replyTo } = request;
  if (!INBOX.test(replyTo)) return { outcome: 'malformed', reply: null };
  if (payload.length > bytesMax || !isEmptyOrObject(payload)) return refusal('malformed');
  const key = credential === null ? null : signer(payload, credential, context);
  if (key === null && (context.isRequired || credential !== null)) return refusal('unauthenticated');
  const { salt, aggregatorId, statsKey } = context;
  const secret =
    context.isRequired && key !== null
      ? { sealedSalt: sealSalt(salt, Buffer.from(key.keyHash, 'hex'), aggregatorId) }
      : { federationSalt: salt };
  const ratePerMinute = (key ?? context).ratePerMinute || UNLIMITED_PER_MINUTE;
  const reply = {
    ...secret,
    heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
    ratePerMinute,
    statsKey,
    aggregatorId,
  };
  return { outcome: 'answered', reply: JSON.stringify(reply) };
}

function signer(payload: Uint8Array, credential: string, { keys }: JoinContext): ApiKey | null {
  const parts = readCredential(credential);
  if (parts === null) return null;
  const fits = ({ keyHash }: ApiKey) =>
    isMessageSignature(secretOf(keyHash), JOIN_SUBJECT, payload, parts.signature);
  return signerOf(keys, { keyId: parts.keyId, fits }, 'now');
}

function refusal(outcome: Exclude<JoinOutcome, 'answered'>): JoinAnswer {
  return { outcome, reply: JSON.stringify({ error: { code: outcome } }) };
}

/** True for an empty request or a JSON object. Its content is not used, but a node sends nothing else. */
function isEmptyOrObject(payload: Uint8Array): boolean {
  if (payload.length === 0) return true;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
