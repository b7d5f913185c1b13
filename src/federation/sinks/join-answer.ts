// What a node that asks to join is told (specification, section 8): the salt, in the open or sealed for its key, and the key
// that signs statistics. It decides; it sends nothing and logs nothing.

import { type ApiKey, type KeyBook, signerOf } from '../domain/api-keys.ts';
import { isMessageSignature, readCredential, secretOf } from '../domain/message-signature.ts';
import { sealSalt } from '../domain/sealed-salt.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';

/** The subject of requests, which is what they sign. */
export const JOIN_SUBJECT = 'truebit.federation.join';
/** Deployed nodes beat as often. */
const HEARTBEAT_INTERVAL_MS = 30_000;

/** A request as it came. */
export interface JoinRequest {
  readonly payload: Uint8Array;
  /** Who signed it, as its headers say; null without such headers. */
  readonly credential: string | null;
  readonly replyTo: string;
}

/** What every answer is made of. */
export interface JoinContext {
  readonly isRequired: boolean;
  readonly aggregatorId: string;
  readonly salt: string;
  readonly statsKey: PublicJwk;
  readonly keys: KeyBook;
}

export const JOIN_OUTCOMES = ['answered', 'unauthenticated', 'malformed'] as const;
export type JoinOutcome = (typeof JOIN_OUTCOMES)[number];

/** `reply` is null where nothing is said. */
export interface JoinAnswer {
  readonly outcome: JoinOutcome;
  readonly reply: string | null;
}

// The answer is published with all our rights, and a stranger says where: only where monitors may listen.
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
  const reply = { ...secret, heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS, statsKey, aggregatorId };
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

/** Nothing is read of a request, but what is not JSON is not from a node. */
function isEmptyOrObject(payload: Uint8Array): boolean {
  if (payload.length === 0) return true;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
